# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool trace record` and `trace restore`: evidence from this host, which is as before afterwards."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, note
from policytool.cli.inputs import DaemonFolder, load_known
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.daemons.named import as_daemons
from policytool.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from policytool.recorder.host_recording import Recorded, Request

_DURATION = re.compile(r"(?P<number>\d+)(?P<unit>[smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_BACKENDS = ("audit", "strace")


def record(
    daemons: Annotated[
        list[str],
        VerbOption("-d", "--daemon", metavar="DAEMON", help="A known daemon or a domain type; repeatable."),
    ],
    command: Annotated[
        list[str] | None,
        VerbArgument(metavar="COMMAND", help="Record as long as COMMAND runs."),
    ] = None,
    output: Annotated[
        Path | None, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make (default: by time).")
    ] = None,
    mode: Annotated[
        str, VerbOption("--mode", help="complete; permissive (lighter, hides accesses); calls (system calls).")
    ] = "complete",
    backend: Annotated[
        str, VerbOption("--backend", help="audit; strace for hosts without SELinux or audit: system calls only.")
    ] = "audit",
    duration: Annotated[
        str | None, VerbOption("--duration", metavar="T", help="Record for T: 90, 90s, 5m, 2h.")
    ] = None,
    restart: Annotated[
        bool, VerbOption("--restart", help="Restart daemons that have a domain already, to record their start.")
    ] = False,
    max_size: Annotated[
        int, VerbOption("--max-size", metavar="MIB", least=1, help="Stop when the log has grown so much.")
    ] = 4096,
    dry_run: Annotated[bool, VerbOption("--dry-run", help="Say what would change; change nothing.")] = False,
    name: Annotated[str | None, VerbOption("--name", help="Name in evidence (default: the folder's).")] = None,
    overwrite: Annotated[bool, VerbOption("--overwrite", help="Replace the bundle if there is one.")] = False,
    daemon_folder: DaemonFolder = None,
) -> None:
    """Record daemons on this host (root), until COMMAND ends, T has passed, or Ctrl-C; then restore the host.

    While it records, the daemons' domains are permissive: SELinux does not confine them. If it is killed,
    `policytool trace restore` restores the host.
    """
    from policytool.recorder.host_recording import Mode, Request
    from policytool.recorder.host_recording import record as record_host
    from policytool.recorder.strace_run import record_calls

    _require("--mode", mode, tuple(Mode))
    _require("--backend", backend, _BACKENDS)
    if command and duration:
        raise UsageError("either --duration or a command says how long to record, not both")
    request = Request(
        as_daemons(daemons, load_known(daemon_folder)),
        Mode(mode),
        tuple(command or ()),
        None if duration is None else parse_duration(duration),
        restart,
        max_size << 20,
    )
    out = output or Path(time.strftime("recording-%Y%m%dT%H%M%S"))
    if backend == "strace":
        if dry_run:
            emit("nothing is changed; what is traced runs slower\n")
        else:
            _tell(record_calls(request, out, name or out.name, note, overwrite=overwrite), out)
        return
    _require_root("trace record")
    if dry_run:
        _tell_plan(request)
        return
    note(
        f"while this records, SELinux does not confine {', '.join(daemon.domain for daemon in request.daemons)};"
        " if it is killed: policytool trace restore"
    )
    _tell(record_host(request, out, name or out.name, note, overwrite=overwrite), out)


def _require(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UsageError(f"{option} is one of {', '.join(choices)}, not {value!r}")


def _tell_plan(request: Request) -> None:
    from policytool.recorder.host_recording import make_plan

    emit("\n".join(make_plan(request, Path("journal")).lines()) + "\n")
    emit(f"permissive while it records: {', '.join(sorted(daemon.domain for daemon in request.daemons))}\n")


def _tell(made: Recorded, out: Path) -> None:
    lost = "" if made.lost is None else f", lost {made.lost}"
    emit(f"{out}: {made.manifest.records} records{lost}\n")
    for gap in made.gaps:
        note(f"incomplete: {gap}")
    if made.lost:
        note(f"incomplete: {made.lost} records were lost; record again with less going on")
    if made.leftovers:
        note(f"still running in a domain that is gone, restart them: {', '.join(made.leftovers)}")
    if made.status:
        note(f"the command ended with status {made.status}")
    if made.lost or made.gaps or made.status:
        stop(ExitCode.FINDINGS)


def restore() -> None:
    """Undo what a recording that was killed has left on this host (root); nothing if there is nothing."""
    from policytool.recorder.host_recording import restore as restore_host

    _require_root("trace restore")
    emit("the host is as before\n" if restore_host(note) else "nothing to restore\n")


def parse_duration(text: str) -> float:
    """Return the seconds of TEXT, a number with the unit s, m or h. UsageError: it is not one."""
    match = _DURATION.fullmatch(text)
    if match is None or int(match["number"]) == 0:
        raise UsageError(f"--duration takes a number with s, m or h (90s, 5m, 2h), not {text!r}")
    return float(int(match["number"]) * _SECONDS[match["unit"]])


def _require_root(what: str) -> None:
    if os.geteuid() != 0:
        raise UsageError(f"{what} needs root: it changes audit rules and the running policy, and undoes that")
