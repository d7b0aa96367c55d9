# SPDX-License-Identifier: GPL-2.0-or-later
"""A bounded coverage-guided fuzz run of the readers: `make fuzz`, for FUZZ_SECONDS (default 300).

An input is a log. The fast path and the full path must give the same tally, neither may raise, and the two may not
take longer than SLOWEST together, in seconds of processor time. Inputs that led somewhere new are kept in
build/fuzz, where the next run begins; one that found something is left there too. At the end it says how many lines
were read.
"""

from __future__ import annotations

import lzma
import os
import sys
import time
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "fuzz"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "300"))
SLOWEST = 2.0
MAX_INPUT = 1 << 16

with atheris.instrument_imports(include=["policytool.traces", "policytool.model"]):
    from policytool.model.observation import Observations
    from policytool.traces.formats.lines import read_events
    from policytool.traces.tally.fast_path import tally_blocks
    from policytool.traces.tally.tally import Tally


class FoundError(Exception):
    """The two paths of reading a log do not agree, or one of them takes too long."""


class _Run:
    """Counts what was read, and ends the process when the time is over."""

    def __init__(self) -> None:
        self.begin = time.monotonic()
        self.inputs = 0
        self.lines = 0
        self.longest = 0.0

    def one_input(self, data: bytes) -> None:
        begin = time.process_time()
        lines = data.split(b"\n")
        if _by_blocks(data) != _by_events(lines):
            raise FoundError(f"a difference in {len(lines)} lines")
        seconds = time.process_time() - begin
        if seconds > SLOWEST:
            raise FoundError(f"{seconds:.1f} s for {len(lines)} lines")
        self.inputs += 1
        self.lines += len(lines)
        self.longest = max(self.longest, seconds)
        if time.monotonic() - self.begin > SECONDS:
            self.end()

    def end(self) -> None:
        seconds = time.monotonic() - self.begin
        print(
            f"\n{self.inputs} inputs, {self.lines} lines, each read on both paths, in {seconds:.0f} s; "
            f"the slowest input took {self.longest:.2f} s; no exception, no difference",
            flush=True,
        )
        os._exit(0)


def _by_blocks(data: bytes) -> Observations:
    tally = Tally("t", complete=False)
    half = data.find(b"\n", len(data) // 2)
    tally_blocks([data] if half < 0 else [data[:half], data[half + 1 :]], "t", tally)
    return tally.observations()


def _by_events(lines: list[bytes]) -> Observations:
    tally = Tally("t", complete=False)
    for event in read_events(lines, "t", tally.unread):
        tally.add(event)
    return tally.observations()


def write_seeds(folder: Path) -> None:
    """Write some stretches of the shipped traces, and the lines that the tests are made of, as first inputs."""
    sys.path.insert(0, str(ROOT))
    from tests.traces.formats.test_lines_properties import _SEEDS

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "seeds").write_text("\n".join(_SEEDS))
    for index, seed in enumerate(_SEEDS):
        (folder / f"seed{index}").write_text(seed)
    for trace in sorted((ROOT / "traces").glob("*/*/audit.log.xz")):
        lines = lzma.decompress(trace.read_bytes()).split(b"\n")
        for part in range(12):
            begin = len(lines) * part // 12
            (folder / f"{trace.parent.name}{part}").write_bytes(b"\n".join(lines[begin : begin + 150]))


def main() -> None:
    """Run until the time is over, or something is found."""
    write_seeds(FOLDER / "corpus")
    words = ["type=", " msg=audit(", "): ", "avc:  denied  { ", " } for  pid=", "scontext=", " tcontext=",
             "tclass=", "1700000000.001:1", "PROCTITLE", "SYSCALL", "USER_AVC", "PATH", "CWD", "node=a ", "item=0",
             "\\x1d", " success=yes exit=0", " items=0 ppid=", "comm=", "exe=", "name=", "inode=",
             "path=", "msg='"]  # fmt: skip
    (FOLDER / "words").write_text("".join(f'"{word}"\n' for word in words))
    run = _Run()
    options = [
        "-timeout=60",
        f"-max_len={MAX_INPUT}",
        f"-dict={FOLDER / 'words'}",
        "-rss_limit_mb=2000",
        "-len_control=0",
    ]
    prefix = f"-artifact_prefix={FOLDER}/"
    atheris.Setup([sys.argv[0], *options, prefix, str(FOLDER / "corpus"), *sys.argv[1:]], run.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
