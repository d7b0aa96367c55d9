# SPDX-License-Identifier: GPL-2.0-or-later
"""A real cluster of processes on the loopback: a scheduler and its workers, started and ended by the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from policytool.workflow.cluster import connected

_LIMIT = 120
# No nanny starts a worker again that was killed, and no page is served.
_COMMON = ("--host", "127.0.0.1", "--no-dashboard")
_WORKER = ("--nthreads", "1", "--no-nanny", "--death-timeout", "60")


@dataclass
class Processes:
    """The processes of a cluster, and the address of its scheduler."""

    folder: Path
    address: str = ""
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _every: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, kind: str, *words: str) -> subprocess.Popen[bytes]:
        # It ends with this process, however that ends.
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "dask", kind, *words, *_COMMON]
        with (self.folder / f"{kind}.err").open("ab") as err:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=err, stderr=err, env=_environment()
            )
        self._every.append(process)
        return process

    def add_worker(self) -> None:
        name = f"worker-{len(self.workers)}"
        scratch = str(self.folder / name)
        self.workers[name] = self.start(
            "worker", self.address, "--name", name, "--local-directory", scratch, *_WORKER
        )

    def pids(self) -> list[int]:
        """Return the numbers of all processes."""
        return [process.pid for process in self._every]

    def wait(self) -> None:
        """Wait until all workers have joined the scheduler."""
        with connected(self.address) as cluster:
            until = time.monotonic() + _LIMIT
            while cluster.threads() < len(self.workers) and time.monotonic() < until:
                time.sleep(0.05)

    def kill(self, name: str) -> int:
        """Kill a worker, and return how it ended."""
        self.workers[name].kill()
        return self.workers[name].wait(_LIMIT)

    def end(self) -> None:
        for process in self._every:
            process.kill()
        for process in self._every:
            process.wait(_LIMIT)


@contextmanager
def processes(folder: Path, workers: int) -> Iterator[Processes]:
    """Start a scheduler with so many WORKERS, whose files are in FOLDER, and end them all."""
    cluster = Processes(folder)
    file = folder / "scheduler.json"
    try:
        cluster.start("scheduler", "--port", "0", "--scheduler-file", str(file), "--no-show")
        cluster.address = _address(file)
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.end()


def _address(file: Path) -> str:
    until = time.monotonic() + _LIMIT
    while time.monotonic() < until:
        if file.is_file() and (text := file.read_text()):
            return str(json.loads(text)["address"])
        time.sleep(0.05)
    raise AssertionError("the scheduler did not start")


def _environment() -> dict[str, str]:
    repository = str(Path(__file__).resolve().parents[2])
    # What a worker holds that is gone is not asked for at length.
    return {**os.environ, "PYTHONPATH": repository, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s"}
