# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool harden`: what systemd and seccomp can take from a daemon, by its module's evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, note, progress, short, table, write_files
from policytool.cli.inputs import (
    BaseFolder,
    Booleans,
    DaemonFolder,
    DaemonNames,
    Jobs,
    Json,
    Strict,
    load_known,
    read_traces,
)
from policytool.cli.trace_calls import call_sets
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.daemons.named import as_daemons
from policytool.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from policytool.model.daemon import Daemon
    from policytool.toolchain.systemd_analyze import Rating
    from policytool.workflow.harden import Hardened

_DROP_IN = "policytool.conf"
_COMMAND = re.compile(
    r"^\s*Exec(?:Condition|StartPre|StartPost|Reload|Stop|StopPost)\s*=\s*([-@:+!]*)(/[^\s\"']+)", re.MULTILINE
)


def harden(
    traces: Annotated[
        list[str] | None,
        VerbArgument(metavar="TRACE...", help="Recordings of accesses; - is stdin."),
    ] = None,
    daemons: DaemonNames = None,
    output: Annotated[
        Path | None, VerbOption("-o", "--output", metavar="DIR", help="Where UNIT.d/policytool.conf is written.")
    ] = None,
    calls: Annotated[
        list[str] | None,
        VerbOption("--calls", metavar="TRACE", help="A recording of system calls, for the filter; repeatable."),
    ] = None,
    policy: Annotated[
        Path | None,
        VerbOption("--policy", metavar="POLICY", help="What it runs under: modules or a compiled policy."),
    ] = None,
    unit: Annotated[
        Path | None,
        VerbOption("--unit", metavar="FILE", help="Its service file, to be rated without and with the drop-in."),
    ] = None,
    threshold: Annotated[
        int | None,
        VerbOption(least=0, most=100, help="Exit 1 when systemd's exposure x 10 is above this with the drop-in."),
    ] = None,
    booleans: Booleans = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Make a systemd drop-in, and of a recording of calls a seccomp profile, each line with its evidence."""
    from policytool.model.observation import Observations
    from policytool.toolchain.base import find_base
    from policytool.toolchain.systemd_analyze import rate
    from policytool.workflow.harden import harden as made_of
    from policytool.workflow.harden import read_recorded_calls
    from policytool.workflow.opened import booleans_of, open_policy

    chosen = as_daemons(daemons or (), load_known(daemon_folder))
    if len(chosen) != 1:
        raise UsageError("harden is about one daemon: -d DAEMON")
    if not traces and not calls:
        raise UsageError("give a TRACE of accesses, --calls TRACE, or both")
    if threshold is not None and unit is None:
        raise UsageError("--threshold needs --unit: a rating is of a whole service")
    daemon = chosen[0]
    stated = booleans_of(booleans or ())
    service = unit.read_bytes() if unit else None
    observations = read_traces(traces, strict=strict, jobs=jobs) if traces else Observations()
    recorded = None
    if calls:
        with progress("reading calls"):
            recorded = read_recorded_calls(calls)
    with progress("linking with the base, and deciding"):
        opened = open_policy(policy, find_base(base), stated)
        sets = call_sets() if recorded else {}
        as_root = None if service is None else not _has_user(service)
        commands = () if service is None else _commands(service)
        hardened = made_of(daemon.domain, observations.vectors, recorded, opened.policy, sets, as_root, commands)
    names = [*observations.traces, *(f"{trace} (calls)" for trace in calls or ())]
    text = _drop_in(daemon, hardened, names, opened.name)
    name = unit.name if unit else daemon.unit or f"{daemon.name}.service"
    ratings: tuple[Rating, ...] = ()
    if service is not None:
        with progress("systemd-analyze security"):
            ratings = (rate(name, service), rate(name, service, text))
    if output:
        write_files(output / f"{name}.d", {_DROP_IN: text})
        if recorded and hardened.calls:
            write_files(output, {f"{daemon.name}.seccomp.json": _profile(hardened, recorded.architectures, sets)})
    if as_json:
        emit_json(_document(daemon, name, hardened, ratings))
    elif output:
        emit(_summary(hardened, ratings))
    else:
        emit(text)
        _note_ratings(ratings)
    if threshold is not None and ratings[1].exposure * 10 > threshold:
        note(f"policytool: exposure {ratings[1].exposure} is above the threshold {threshold / 10}")
        stop(ExitCode.FINDINGS)


def _has_user(unit: bytes) -> bool:
    """Say whether the last User= or DynamicUser= of UNIT names anybody but root."""
    user, dynamic = "", False
    for line in unit.decode("utf-8", "replace").splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "User":
            user = value
        elif key == "DynamicUser":
            dynamic = value.lower() in {"1", "yes", "y", "true", "t", "on"}
    return dynamic or user not in {"", "root", "0"}


def _commands(unit: bytes) -> tuple[str, ...]:
    """Return the programs that UNIT runs besides the daemon (ExecReload=), but for those it takes nothing from.

    systemd.service(5), "Command lines": special characters stand before the path, and + means full privileges.
    """
    found = _COMMAND.findall(unit.decode("utf-8", "replace"))
    return tuple(sorted({program for prefix, program in found if "+" not in prefix}))


def _drop_in(daemon: Daemon, hardened: Hardened, names: Sequence[str], policy: str) -> str:
    from policytool.hardening.drop_in import drop_in_text

    head = [
        f"Made by policytool harden for {daemon.name} ({daemon.domain}), of: {', '.join(names)}.",
        f"Changes of domain by the policy: {policy}.",
        "Each line stands under its evidence: who needs it, and how often that was seen. A line that is a comment "
        "is held back, with the reason.",
    ]
    return drop_in_text(hardened.settings, hardened.tree, head)


def _profile(hardened: Hardened, architectures: frozenset[str], sets: Mapping[str, frozenset[str]]) -> str:
    from policytool.hardening.call_sets import ALWAYS
    from policytool.hardening.seccomp_profile import seccomp_profile

    always = sets.get(ALWAYS, frozenset())
    return json.dumps(seccomp_profile(hardened.calls, architectures, always), indent=2) + "\n"


def _summary(hardened: Hardened, ratings: Sequence[Rating]) -> str:
    rows = [
        (setting.key, "held back" if setting.held else "in force", short(setting.held or setting.value))
        for setting in hardened.settings
    ]
    text = table(("setting", "", "value, or why it is held back"), rows)
    return text + "".join(f"{line}\n" for line in _rating_lines(ratings))


def _note_ratings(ratings: Sequence[Rating]) -> None:
    for line in _rating_lines(ratings):
        note(f"policytool: {line}")


def _rating_lines(ratings: Sequence[Rating]) -> list[str]:
    words = ("without the drop-in", "with the drop-in")
    return [
        f"systemd-analyze security: {rating.exposure} {rating.word} {word}"
        for rating, word in zip(ratings, words, strict=False)
    ]


def _document(daemon: Daemon, unit: str, hardened: Hardened, ratings: Sequence[Rating]) -> dict[str, object]:
    from policytool.model.printable import printable

    tree = hardened.tree
    return {
        "format": 1,
        "daemon": daemon.name,
        "domain": tree.domain,
        "unit": printable(unit),
        "descendants": [
            {
                "domain": descendant.domain,
                "entered_from": [*descendant.entered_from],
                "guest": descendant.confined_apart,
                "recorded": descendant.recorded,
            }
            for descendant in tree.descendants
        ],
        "settings": [
            {
                "key": setting.key,
                "value": printable(setting.value),
                "because": [printable(text) for text in setting.because],
                "held": printable(setting.held),
            }
            for setting in hardened.settings
        ],
        "calls": [printable(call) for call in hardened.calls],
        "rating": {
            key: {"exposure": rating.exposure, "word": rating.word, "exposures": dict(rating.exposures)}
            for key, rating in zip(("before", "after"), ratings, strict=False)
        },
    }
