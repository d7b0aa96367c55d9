# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs mixed of what the coverage-guided run has found (bench/fuzz.py): bench/fuzz_mix.py [LINES], 10 million.

Stretches of its inputs follow one another at random, a third of them with some bytes changed. No log may make the
readers raise, or take more than SLOWEST a line; each tenth log is read on both paths, which must agree.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from policytool.model.observation import Observations
from policytool.traces.formats.lines import read_events
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally

CORPUS = Path(__file__).resolve().parent.parent / "build" / "fuzz" / "corpus"
LINES = 20_000
SLOWEST = 0.005


def mixed(chance: random.Random, found: list[list[bytes]]) -> list[bytes]:
    """Return the lines of a log."""
    log: list[bytes] = []
    while len(log) < LINES:
        lines = chance.choice(found)
        begin = chance.randrange(len(lines))
        part = lines[begin : begin + chance.randint(1, 8)]
        if chance.random() < 1 / 3:
            text = bytearray(b"\n".join(part))
            for _ in range(chance.randint(1, 6)):
                place = chance.randrange(len(text) + 1)
                text[place : place + chance.choice((0, 1, 30))] = chance.randbytes(chance.choice((0, 1, 3)))
            part = bytes(text).split(b"\n")
        log += part
    return log


def main() -> None:
    """Read so many lines, and say how long the slowest log took."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    found = [path.read_bytes().split(b"\n") for path in sorted(CORPUS.iterdir())]
    chance = random.Random(wanted)
    done = logs = 0
    slowest = 0.0
    begin = time.monotonic()
    while done < wanted:
        log = mixed(chance, found)
        started = time.process_time()
        tally = Tally("t", complete=False)
        tally_blocks([b"\n".join(log)], "t", tally)
        observations = tally.observations()
        slowest = max(slowest, (time.process_time() - started) / len(log))
        if slowest > SLOWEST:
            sys.exit(f"log {logs} took {slowest * 1000:.1f} ms a line")
        if logs % 10 == 0 and observations != _by_events(log):
            sys.exit(f"log {logs}: the two paths do not agree")
        done += len(log)
        logs += 1
    seconds = time.monotonic() - begin
    print(
        f"{done} lines in {logs} logs mixed of {len(found)} inputs, in {seconds:.0f} s; in the slowest log a line "
        f"took {slowest * 1e6:.0f} us; no exception, no difference"
    )


def _by_events(lines: list[bytes]) -> Observations:
    tally = Tally("t", complete=False)
    for event in read_events(lines, "t", tally.unread):
        tally.add(event)
    return tally.observations()


if __name__ == "__main__":
    main()
