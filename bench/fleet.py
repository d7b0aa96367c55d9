# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast a fleet reads, beside one process in the same run; a cluster on this machine is started for it.

The logs are those of bench/readers.py, or others that are named (`bench/fleet.py LOG...`). Each is read by one
process, and then by a cluster of one worker, of two, and so on. Processor time is what all processes of the cluster
took while it was read. Results are compared, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from readers import shipped_logs

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.workflow.cluster_process import Processes, processes

_TICKS = os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """Seconds of wall time, and of processor time: of what reads, and of the scheduler and the command beside it.

    And MiB of the largest process that reads, at its most.
    """

    wall: float
    processor: float
    beside: float
    resident: float
    digest: str


def ticks(pid: int) -> int:
    """Return the processor time that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> float:
    """Return how large a process was at its most, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def timed(words: list[str], cluster: Processes | None = None) -> Run:
    """Run `policytool access` with WORDS."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    workers = [worker.pid for worker in cluster.workers.values()] if cluster else []
    others = [pid for pid in cluster.pids() if pid not in workers] if cluster else []
    before, before_others = sum(map(ticks, workers)), sum(map(ticks, others))
    begin = time.perf_counter()
    command = [sys.executable, "-m", "policytool", "--quiet", "access", "--json", *words]
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        out.seek(0)
        digest = hashlib.file_digest(out, "sha256").hexdigest()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    wall = time.perf_counter() - begin
    own = usage.ru_utime + usage.ru_stime
    if not workers:
        return Run(wall, own, 0, usage.ru_maxrss / 1024, digest)
    read = (sum(map(ticks, workers)) - before) / _TICKS
    beside = own + (sum(map(ticks, others)) - before_others) / _TICKS
    return Run(wall, read, beside, max(map(resident, workers)), digest)


def row(name: str, run: Run, one: Run, size: float) -> None:
    """Print what RUN took of a log of SIZE MB, beside ONE process."""
    print(
        f"  {name:<12} {run.wall:7.2f} s  {size / run.wall:5.0f} MB/s  {run.processor:6.2f} s  "
        f"{1000 * run.processor / size:5.2f} ms/MB  {size / run.processor:5.0f} MB/s a core  {run.beside:5.2f} s  "
        f"{run.resident:5.0f} MiB  {one.wall / run.wall:5.2f} x as fast, {run.processor / one.processor:5.2f} x",
        flush=True,
    )


def main() -> None:
    """Print tables of times, sizes and ratios."""
    arguments = argparse.ArgumentParser(description="Compare how fast a fleet reads logs.")
    arguments.add_argument("logs", nargs="*", type=Path, metavar="LOG")
    arguments.add_argument("--times", type=int, default=1, help="the shipped logs so many times as long as usual")
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = arguments.parse_args()
    for log in chosen.logs or shipped_logs(chosen.times):
        size = log.stat().st_size / 1e6
        print(
            f"{log.name}: {size:.0f} MB; wall time, processor time of what reads, that of scheduler and command, "
            "resident; compared with one process: wall time, processor time of what reads"
        )
        one = timed([str(log)])
        row("one process", one, one, size)
        for workers in range(1, chosen.workers + 1):
            with tempfile.TemporaryDirectory() as folder, processes(Path(folder), workers) as cluster:
                # The first log makes workers load what they need.
                cluster.wait()
                timed(["--scheduler", cluster.address, str(Path(__file__))], cluster)
                run = timed(["--scheduler", cluster.address, str(log.resolve())], cluster)
                if run.digest != one.digest:
                    sys.exit("the result is not that of one process")
                row(f"{workers} workers", run, one, size)
    print(f"{os.cpu_count()} cores, python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
