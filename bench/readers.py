# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast logs are read, beside audit2allow and ausearch in the same run: `make bench`.

Two logs are made in build/bench of the shipped traces: (a) the permissive one a hundred times over, with shifted
times and serials, and (b) the complete one three times. The best of some rounds counts; times include the start of
the process, as a user has them.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from policytool.toolchain.base import find_base
from policytool.toolchain.link import Linked, link

ROOT = Path(__file__).resolve().parent.parent
TRACES = ROOT / "traces" / "libvirt"
FOLDER = ROOT / "build" / "bench"
ROUNDS = 3

_STAMP = re.compile(rb"audit\((\d+)(\.\d+):(\d+)\)")
_DAY = 86400
_SERIALS = 10_000_000


def make_log(path: Path, source: Path, copies: int) -> None:
    """Write SOURCE (xz) COPIES times to PATH; each copy is a day later, with serials of its own."""
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


def timed(command: Sequence[str]) -> tuple[float, int]:
    """Run COMMAND; return its wall time in seconds, and its largest resident size in KiB."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return time.perf_counter() - begin, usage.ru_maxrss


def main() -> None:
    """Print a table of times, resident sizes and ratios."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    linked = link(find_base(), {})
    if not isinstance(linked, Linked):
        sys.exit("the base does not link")
    logs = {"permissive": FOLDER / "permissive.log", "complete": FOLDER / "complete.log"}
    make_log(logs["permissive"], TRACES / "permissive" / "audit.log.xz", 100)
    make_log(logs["complete"], TRACES / "complete" / "audit.log.xz", 3)
    policytool = [sys.executable, "-m", "policytool"]
    for name, log in logs.items():
        peers = {
            "policytool access": [*policytool, "access", str(log), "--json"],
            "audit2allow": ["audit2allow", "-p", str(linked.policy), "-i", str(log)],
            "ausearch --raw": ["ausearch", "--raw", "-if", str(log)],
        }
        found = {
            peer: min((timed(command) for _ in range(ROUNDS)), key=lambda one: one[0])
            for peer, command in peers.items()
            if shutil.which(command[0])
        }
        ours = found["policytool access"][0]
        print(f"{name}: {log.stat().st_size / 1e6:.0f} MB")
        for peer, (seconds, size) in found.items():
            print(f"  {peer:<18} {seconds:7.2f} s  {size / 1024:6.0f} MiB  {seconds / ours:5.1f} x ours")
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
