# SPDX-License-Identifier: GPL-2.0-or-later
"""A large log in ranges, so that several processes can read it: what they find is put together exactly.

What a line means depends on the lines before it only through the events that are open. A range therefore begins to
be read some way before its first line, until the same events are open as if all had been read; whether they were is
then compared with how the range before has ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from policytool.model.event import Location
from policytool.model.observation import Observations
from policytool.traces.bundle.source import read_range, window
from policytool.traces.events.joiner import Joiner
from policytool.traces.tally.fast_path import FastPath, is_record
from policytool.traces.tally.tally import Tally, observed_size, refuse_size

# How much is read before a range, in bytes: more than MAX_OPEN events, as long as those of complete mode are.
WARM_UP = 1 << 22

# A range is not smaller than that: starting a process must be worth it.
SMALLEST = 1 << 25

# The mark after a range that ends within an entry of the journal's export format; nothing fits it.
_WITHIN = "within an entry"

# How far a place for a cut is looked for.
_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class Range:
    """The lines from BEGIN to END, in bytes; None is the end of the log."""

    begin: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """What a range holds, how many lines that is, and marks of the events open before and after it."""

    range: Range
    observations: Observations
    lines: int
    before: str
    after: str


def ranges(path: str, size: int, parts: int) -> tuple[Range, ...]:
    """Cut the log PATH of SIZE bytes into at most so many PARTS of about the same size, each at least SMALLEST."""
    wanted = max(1, min(parts, size // SMALLEST))
    cuts = [0]
    for index in range(1, wanted):
        place = safe_place(path, size * index // wanted)
        if place is not None and place > cuts[-1]:
            cuts.append(place)
    return tuple(Range(begin, end) for begin, end in zip(cuts, [*cuts[1:], None], strict=True))


def safe_place(path: str, place: int) -> int | None:
    """Find the first place from PLACE on between two records of auditd's: no other format is cut apart there."""
    text = window(path, place, _WINDOW)
    # What comes before the first line end may be half a line.
    end = text.find(b"\n")
    before = False
    while end >= 0:
        begin = end + 1
        end = text.find(b"\n", begin)
        now = end >= 0 and is_record(text[begin : end + 1])
        if before and now:
            return place + begin
        before = now
    return None


def observe_range(path: str, trace: str, complete: bool, part: Range, warm_up: int = WARM_UP) -> Part:
    """Read a range of the log PATH, which belongs to TRACE. InputError: as for a whole log."""
    joiner = Joiner()
    if part.begin:
        begin = max(0, part.begin - warm_up)
        if begin:
            # Not from the middle of a line.
            begin += window(path, begin, part.begin - begin).find(b"\n") + 1
        early = FastPath(trace, Tally(trace, complete), joiner)
        early.read(read_range(path, begin, part.begin))
        joiner.renumber(early.line - 1)
    before = _mark(joiner, 1)
    tally = Tally(trace, complete)
    fast_path = FastPath(trace, tally, joiner)
    fast_path.read(read_range(path, part.begin, part.end))
    # No range begins within an entry of the journal: what looks like a record there is what a program wrote.
    after = _WITHIN if fast_path.within else _mark(joiner, fast_path.line)
    if part.end is None:
        fast_path.finish()
    else:
        fast_path.flush()
    return Part(part, tally.observations(), fast_path.line - 1, before, after)


def put_together(parts: Sequence[Part], again: Callable[[Range], Part], trace: str) -> Observations:
    """Join what was found in all ranges of a log, in their order; where two do not fit they are read AGAIN as one.

    InputError: it is too large together.
    """
    fitting: list[Part] = []
    for part in parts:
        if fitting and fitting[-1].after != part.before:
            fitting.append(again(Range(fitting.pop().range.begin, part.range.end)))
        else:
            fitting.append(part)
    line = 0
    found = []
    for part in fitting:
        unread = tuple(
            replace(place, location=Location(place.location.origin, place.location.line + line))
            for place in part.observations.unread
        )
        found.append(replace(part.observations, unread=unread))
        line += part.lines
    observations = Observations().merge(*found)
    refuse_size(trace, observed_size(observations), len(observations.vectors))
    return observations


def _mark(joiner: Joiner, line: int) -> str:
    return hashlib.sha256(repr(joiner.state(line)).encode("utf-8", "surrogateescape")).hexdigest()
