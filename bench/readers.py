# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast logs are read, beside audit2allow and ausearch in the same run: `make bench`.

Two logs are made in build/bench of the shipped traces, each copy a day later and with serials of its own: the
permissive one a hundred times over, and the complete one until there are 200 MB. Other logs may be named instead,
and are taken as they are (`bench/readers.py LOG...`). All programs take turns; medians count. Times include the
start of the process, as a user has them.
"""

from __future__ import annotations

import argparse
import lzma
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from policytool import __version__
from policytool.toolchain.base import find_base
from policytool.toolchain.link import Linked, link

ROOT = Path(__file__).resolve().parent.parent
TRACES = ROOT / "traces" / "small"
FOLDER = ROOT / "build" / "bench"
COPIES = 100
COMPLETE_SIZE = 200_000_000

_STAMP = re.compile(rb"audit\((\d+)(\.\d+):(\d+)\)")
_DAY = 86400
_SERIALS = 10_000_000

# Which package says which version of a peer this is.
_PACKAGES = {"audit2allow": "policycoreutils-python-utils", "ausearch": "auditd"}


class Run(NamedTuple):
    """Seconds of wall time and of processor time, and the resident size of the largest process in KiB."""

    wall: float
    processor: float
    resident: int


def make_log(path: Path, source: Path, copies: int) -> None:
    """Write SOURCE (xz) COPIES times to PATH, if it is not there; each is a day later, with its own serials."""
    if path.exists():
        return
    data = lzma.decompress(source.read_bytes())
    with path.with_suffix(".aside").open("wb") as out:
        for copy in range(copies):
            out.write(
                _STAMP.sub(
                    lambda match, copy=copy: (
                        b"audit(%d%s:%d)"  # type: ignore[misc]
                        % (int(match[1]) + copy * _DAY, match[2], int(match[3]) + copy * _SERIALS)
                    ),
                    data,
                )
            )
    path.with_suffix(".aside").rename(path)


def shipped_logs(times: int) -> list[Path]:
    """Make the logs of the shipped traces, TIMES as long as usual."""
    more = f"-{times}" if times > 1 else ""
    paths = [FOLDER / f"permissive{more}.log", FOLDER / f"complete{more}.log"]
    # In a process of its own: what a process takes is said of the programs that it starts, too.
    child = os.fork()
    if not child:
        FOLDER.mkdir(parents=True, exist_ok=True)
        complete = TRACES / "complete" / "audit.log.xz"
        copies = -(-COMPLETE_SIZE // len(lzma.decompress(complete.read_bytes())))
        make_log(paths[0], TRACES / "permissive" / "audit.log.xz", times * COPIES)
        make_log(paths[1], complete, times * copies)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("the logs could not be made")
    return paths


def timed(command: Sequence[str]) -> Run:
    """Run COMMAND once."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return Run(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def compare(log: Path, peers: dict[str, list[str]], rounds: int) -> None:
    """Print a line for each of PEERS, the first one of which the others are compared with."""
    print(f"{log.name}: {log.stat().st_size / 1e6:.0f} MB, median of {rounds}, processor time in brackets")
    runs: dict[str, list[Run]] = {peer: [] for peer in peers}
    for _ in range(rounds):
        for peer, command in peers.items():
            runs[peer].append(timed(command))
    middle = {peer: Run(*(median(column) for column in zip(*some, strict=True))) for peer, some in runs.items()}
    ours = next(iter(middle.values()))
    for peer, (wall, processor, resident) in middle.items():
        print(
            f"  {peer:<20} {wall:7.2f} s ({processor:6.2f})  {resident / 1024:5.0f} MiB  "
            f"{wall / ours.wall:5.1f} ({processor / ours.processor:4.1f}) x ours"
        )


def versions() -> str:
    """Name what was compared, and where."""
    found = [f"policytool {__version__}", f"python {sys.version.split()[0]}", f"{os.cpu_count()} cores"]
    for program, package in _PACKAGES.items():
        if not shutil.which(program):
            found.append(f"{program} is missing (package {package})")
        elif shutil.which("dpkg-query"):
            query = ["dpkg-query", "-W", "-f=${Version}", package]
            found.append(f"{program} {subprocess.run(query, capture_output=True, text=True).stdout or '?'}")
    return ", ".join(found)


def main() -> None:
    """Print tables of times, resident sizes and ratios."""
    arguments = argparse.ArgumentParser(description="Compare how fast logs are read.")
    arguments.add_argument("logs", nargs="*", type=Path, metavar="LOG")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument(
        "--ten", action="store_true", help="read the shipped logs ten times as long as well, alone"
    )
    chosen = arguments.parse_args()
    linked = link(find_base(), {})
    if not isinstance(linked, Linked):
        sys.exit("the base does not link")
    policytool = [sys.executable, "-m", "policytool", "access", "--json"]
    for log in chosen.logs or shipped_logs(1):
        peers = {
            "policytool access": [*policytool, str(log)],
            "policytool --jobs 2": [*policytool, "--jobs", "2", str(log)],
            "audit2allow": ["audit2allow", "-p", str(linked.policy), "-i", str(log)],
            "ausearch --raw": ["ausearch", "--raw", "-if", str(log)],
        }
        compare(log, {name: command for name, command in peers.items() if shutil.which(command[0])}, chosen.rounds)
    for log in shipped_logs(10) if chosen.ten else ():
        compare(log, {"policytool access": [*policytool, str(log)]}, 1)
    print(versions())


if __name__ == "__main__":
    main()
