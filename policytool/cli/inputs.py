# SPDX-License-Identifier: GPL-2.0-or-later
"""Arguments that several verbs share, and what they are read into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import note, progress
from policytool.cli.verbs import VerbArgument, VerbOption
from policytool.errors import InputError, UsageError
from policytool.traces.bundle.url import shown

if TYPE_CHECKING:
    from policytool.model.daemon import Daemon
    from policytool.model.observation import Observations
    from policytool.model.selection import Selection

Traces = Annotated[
    list[str],
    VerbArgument(metavar="TRACE...", help="Bundles, or raw logs (compressed or not); - is stdin."),
]
DaemonNames = Annotated[
    list[str] | None,
    VerbOption("-d", "--daemon", metavar="DAEMON", help="A known daemon's name or a domain type; repeatable."),
]
DaemonFolder = Annotated[
    Path | None, VerbOption("--daemons", metavar="DIR", help="A folder of further daemon descriptions.")
]
Strict = Annotated[bool, VerbOption("--strict", help="Exit 3 when anything in a log was not understood.")]
Jobs = Annotated[
    int,
    VerbOption("-j", "--jobs", metavar="N", least=1, help="Read with so many processes; the result is the same."),
]
Scheduler = Annotated[
    str | None,
    VerbOption(
        "--scheduler", metavar="ADDRESS", help="Let the workers of a Dask scheduler read; the result is the same."
    ),
]
Json = Annotated[bool, VerbOption("--json", help="Print the result as JSON.")]
Booleans = Annotated[
    list[str] | None,
    VerbOption("--boolean", metavar="NAME=on|off", help="Count conditional rules as if this held; repeatable."),
]
BaseFolder = Annotated[
    Path | None,
    VerbOption(
        "--base",
        metavar="BASE",
        help="The base: a folder of its modules, or a compiled policy, which can be asked and not linked "
        "(default: the distribution's).",
    ),
]


def read_traces(
    traces: Sequence[str],
    *,
    strict: bool = False,
    jobs: int = 1,
    selection: Selection | None = None,
    scheduler: str | None = None,
) -> Observations:
    """Read TRACES, or of them what SELECTION wants, with so many processes, into one set of observations.

    With a selection they do not say who ran whom. With a SCHEDULER its workers read them, and this is so as well.

    What was not understood is told on stderr. Raise InputError when a trace cannot be read, or with STRICT when
    anything in it was not understood.
    """
    from policytool.model.observation import Observations
    from policytool.model.selection import Selection
    from policytool.traces.bundle.selected import narrowed, read_selected

    wanted = selection or Selection()
    observations = Observations()
    if scheduler is not None:
        if jobs != 1:
            raise UsageError("--jobs and --scheduler exclude each other: the workers of the scheduler read")
        observations = _read_by(scheduler, traces, wanted)
    elif jobs == 1 or wanted.by_event:
        parts = []
        for trace in traces:
            with progress(f"reading {shown(trace)}"):
                parts.append(_whole(trace) if selection is None else read_selected(trace, wanted))
        observations = observations.merge(*parts)
    else:
        # Without `progress`, whose thread a process must not be copied with.
        from policytool.workflow.read import read_all

        observations = narrowed(observations.merge(*read_all(traces, jobs, executions=selection is None)), wanted)
    _report_unread(observations, strict=strict)
    return observations


def _read_by(scheduler: str, traces: Sequence[str], selection: Selection) -> Observations:
    from policytool.workflow.cluster import connected
    from policytool.workflow.fleet import read_fleet

    with progress(f"connecting to {scheduler}") as tell, connected(scheduler) as cluster:

        def read(done: int, pieces: int) -> None:
            tell(f"read {done} of {pieces} pieces, on {cluster.threads()} threads of workers")

        return read_fleet(traces, cluster, selection, read)


def _whole(trace: str) -> Observations:
    from policytool.workflow.kept_traces import read_whole

    return read_whole(trace)


def read_scenarios(traces: Sequence[str], *, strict: bool = False) -> dict[str, Observations]:
    """Read TRACES as read_traces does, but keep apart what is of different traces, by their names."""
    from policytool.model.observation import Observations
    from policytool.workflow.kept_traces import read_each_part

    parts: dict[str, Observations] = {}
    for trace in traces:
        with progress(f"reading {shown(trace)}"):
            for name, part in read_each_part(trace):
                parts[name] = parts[name].merge(part) if name in parts else part
    _report_unread(Observations().merge(*parts.values()), strict=strict)
    return parts


def _report_unread(observations: Observations, *, strict: bool) -> None:
    from policytool.model.event import UnreadKind

    for line in _refusals(observations):
        note(f"policytool: {line}")
    if total := observations.unread_total:
        kinds = ", ".join(f"{count} x {kind}" for kind, count in observations.unread_counts)
        place = observations.unread[0]
        message = f"{total} lines or records were not understood ({kinds}), first at {place.location}"
        if any(kind is UnreadKind.MALFORMED for kind, _ in observations.unread_counts):
            message += "; several records on one line cannot always be told apart: write one a line"
        if strict:
            raise InputError(f"{message}; leave --strict out to go on without them")
        note(f"policytool: {message}")


def _refusals(observations: Observations) -> list[str]:
    if not observations.refusals:
        return []  # what they mean is told by a module that imports setools, a quarter of a second
    from collections import Counter

    from policytool.policy.selinux_error import MEANINGS, ErrorKind, classify

    kinds: Counter[ErrorKind] = Counter()
    for refused, count in observations.refusals:
        kinds[classify(refused)] += count
    return [
        f"SELINUX_ERR, {count} x {kind}: SELinux refused {MEANINGS[kind]}; trace show lists all"
        for kind, count in sorted(kinds.items())
    ]


def load_known(folder: Path | None) -> tuple[Daemon, ...]:
    """Return the shipped daemons and those of FOLDER."""
    from policytool.daemons import load_daemons

    return load_daemons(*([folder] if folder else []))
