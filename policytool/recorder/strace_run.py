# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls by strace, for hosts without SELinux or audit: who was asked for what, and no access decision."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from policytool.errors import InputError, UsageError
from policytool.recorder.host_recording import Recorded, Request, Told, recorded_versions
from policytool.toolchain.run import background
from policytool.traces.bundle.manifest import Facts, Recording
from policytool.traces.bundle.write import import_trace

# What is read, written, sent and received may hold secrets: only addresses and lengths of it are printed.
_CONTENT = (
    "read,write,pread64,pwrite64,readv,writev,preadv,pwritev,sendto,recvfrom,sendmsg,recvmsg,sendmmsg,recvmmsg"
)
_TICK = 0.5

BLIND = "strace sees no context and no access decision: such a trace tells which system calls are used, and no rule"


def record_calls(request: Request, out: Path, name: str, told: Told, *, overwrite: bool = False) -> Recorded:
    """Record the system calls of the command of REQUEST, or of its daemons that run, into the bundle OUT.

    Nothing of the host is changed, but what is traced runs slower. UsageError when none of the daemons runs.
    """
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists already; choose another name or ask for it to be replaced")
    gaps: list[str] = []
    with tempfile.TemporaryDirectory(prefix="policytool-recording-", dir="/var/tmp") as folder:
        raw = Path(folder) / "strace.log"
        raw.touch()
        command = strace_command(request, raw)
        told(BLIND)
        begin = time.monotonic()
        with background(command, Path(os.devnull), terminal=True) as running:
            try:
                while (status := running.wait(_TICK)) is None:
                    if request.duration is not None and time.monotonic() - begin >= request.duration:
                        break
                    if raw.stat().st_size > request.max_size:
                        gaps.append(f"the recording was stopped at {request.max_size >> 20} MiB (--max-size)")
                        break
            except KeyboardInterrupt:
                if request.command or request.duration is not None:
                    raise
                status = None
        facts = Facts(
            kernel=platform.release(),
            recording=Recording.STRACE,
            daemons=recorded_versions(request),
            scenario=" ".join(request.command) or None,
        )
        manifest = import_trace([str(raw)], out, name, facts, overwrite)
        shutil.rmtree(folder, ignore_errors=True)
    return Recorded(manifest, None, status if request.command else None, tuple(gaps), ())


def strace_command(request: Request, raw: Path) -> list[str]:
    """Return strace's command line: over the command of REQUEST, or attached to the processes of its daemons."""
    options = ["strace", "-f", "-ttt", "-qq", "-e", f"raw={_CONTENT}", "-o", str(raw)]
    if request.command:
        return [*options, "--", *request.command]
    programs = {os.path.realpath(path) for daemon in request.daemons for path in daemon.executables}
    pids = sorted(_running(programs))
    if not pids:
        names = ", ".join(daemon.name for daemon in request.daemons)
        raise UsageError(f"none of {names} runs: start it, or give strace a command to run (-- COMMAND...)")
    return [*options, *(word for pid in pids for word in ("-p", str(pid)))]


def _running(programs: Collection[str]) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                program = str((folder / "exe").readlink())
            except OSError:
                continue  # ended, a kernel thread, or not ours to see
            if program in programs:
                yield int(folder.name)
