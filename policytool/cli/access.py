# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool access`: the distinct access vectors of any log, selected, sorted, grouped, explained, followed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from policytool.cli.access_output import Output, print_accesses, print_groups
from policytool.cli.inputs import DaemonFolder, Jobs, Json, Scheduler, Strict, Traces, load_known, read_traces
from policytool.cli.moment import moment
from policytool.cli.verbs import VerbOption
from policytool.errors import UsageError
from policytool.model.access import Result
from policytool.model.selection import Selection
from policytool.report.access_keys import GroupKey, SortKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _patterns(what: str, *names: str) -> object:
    return VerbOption(*names, metavar="PATTERN", help=f"{what}; * and ? match any; repeatable.")


def access(
    traces: Traces,
    domains: Annotated[
        list[str] | None,
        VerbOption("-d", "--domain", "--daemon", metavar="NAME", help="Source or target: a type or a daemon."),
    ] = None,
    sources: Annotated[list[str] | None, _patterns("Source type", "--source")] = None,
    targets: Annotated[list[str] | None, _patterns("Target type", "--target")] = None,
    classes: Annotated[list[str] | None, _patterns("Class", "-c", "--class")] = None,
    perms: Annotated[list[str] | None, _patterns("Permission", "-p", "--perm")] = None,
    programs: Annotated[list[str] | None, _patterns("Program, by path or name", "--program")] = None,
    result: Annotated[Result | None, VerbOption(help="Only what was denied, or granted.")] = None,
    since: Annotated[str | None, VerbOption(metavar="TIME", help="From then on: ISO 8601 (UTC), or 2h.")] = None,
    until: Annotated[str | None, VerbOption(metavar="TIME", help="Until then.")] = None,
    sort: Annotated[SortKey | None, VerbOption(help="Counts and times from the largest.")] = None,
    reverse: Annotated[bool, VerbOption("-r", "--reverse", help="The other way round.")] = False,
    group_by: Annotated[GroupKey | None, VerbOption(help="One line for all that have it in common.")] = None,
    explain: Annotated[
        bool, VerbOption("--explain", help="Programs, paths, hosts, ioctl and netlink names too.")
    ] = False,
    follow: Annotated[bool, VerbOption("-f", "--follow", help="Read one log as it grows, until Ctrl-C.")] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, VerbOption("--csv", help="Print the result as CSV.")] = False,
    daemon_folder: DaemonFolder = None,
    strict: Strict = False,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
) -> None:
    """List the distinct access vectors of any log, with counts."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    output = Output.JSON if as_json else Output.CSV if as_csv else Output.TEXT
    now = datetime.now(UTC)
    selection = Selection(
        domains=_domains(domains or (), daemon_folder),
        sources=tuple(sources or ()),
        targets=tuple(targets or ()),
        classes=tuple(classes or ()),
        perms=tuple(perms or ()),
        programs=tuple(programs or ()),
        result=result,
        since=None if since is None else moment(since, "--since", now),
        until=None if until is None else moment(until, "--until", now),
    )
    if follow:
        if len(traces) != 1 or sort or reverse or group_by or scheduler:
            raise UsageError(
                "--follow takes one log, in the order of its times: no --sort, --reverse, --group-by, --scheduler"
            )
        from policytool.cli.follow import follow_log

        follow_log(traces[0], selection, output, explain=explain, strict=strict)
        return
    from policytool.report.accesses import distinct, grouped, ordered

    observations = read_traces(traces, strict=strict, jobs=jobs, selection=selection, scheduler=scheduler)
    accesses = distinct(observations)
    if group_by:
        if sort not in (None, SortKey.COUNT):
            raise UsageError("groups are sorted by their counts; leave --sort out")
        groups = grouped(accesses, group_by)
        print_groups(groups[::-1] if reverse else groups, group_by, output)
        return
    print_accesses(ordered(accesses, sort, reverse), output, explain=explain)


def _domains(names: Sequence[str], folder: Path | None) -> tuple[str, ...]:
    if not names:
        return ()
    from policytool.daemons.named import find_daemon

    known = load_known(folder)
    found = ((find_daemon(name, known), name) for name in names)
    return tuple(daemon.domain if daemon else name for daemon, name in found)
