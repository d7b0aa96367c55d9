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
from policytool.traces.bundle.source import MAX_LINE, read_range, window
from policytool.traces.events.joiner import Joiner
from policytool.traces.tally.fast_path import FastPath, is_record
from policytool.traces.tally.shapes import Reader
from policytool.traces.tally.tally import Tally, observed_size, refuse_size

# How much is read before a range, in bytes: more than MAX_OPEN events, as long as those of complete mode are.
WARM_UP = 1 << 22

# A range is not smaller than that: starting a process must be worth it.
SMALLEST = 1 << 25

# The mark after a range that ends within an entry of the journal's export format; nothing fits it.
_WITHIN = "within an entry"

# How far a place for a cut is looked for, in bytes: first in a little, then in all.
_SMALL_WINDOW, _WINDOW = 1 << 14, 1 << 20


@dataclass(frozen=True, slots=True)
class Range:
    """The lines from BEGIN to END, in bytes; None is the end of the log."""

    begin: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Ends:
    """How a range was read: how many LINES it has, and marks of the events open before and after it.

    `warm_up` says how many bytes before it were read first.
    """

    range: Range
    warm_up: int
    lines: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a range, or several that fit, hold, and how they were read."""

    ends: Ends
    observations: Observations


def ranges(path: str, size: int, parts: int, smallest: int | None = None) -> tuple[Range, ...]:
    """Cut the log PATH of SIZE bytes into at most so many PARTS of about the same size, each at least SMALLEST."""
    wanted = max(1, min(parts, size // (smallest or SMALLEST)))
    cuts = [0]
    for index in range(1, wanted):
        place = safe_place(path, size * index // wanted)
        if place is not None and place > cuts[-1]:
            cuts.append(place)
    return tuple(Range(begin, end) for begin, end in zip(cuts, [*cuts[1:], None], strict=True))


def safe_place(path: str, place: int) -> int | None:
    """Find the first place from PLACE on between two records of auditd's: no other format is cut apart there."""
    # Nearly always within the first of them.
    for size in (_SMALL_WINDOW, _WINDOW):
        found = _safe_place_in(window(path, place, size))
        if found is not None:
            return place + found
    return None


def _safe_place_in(text: bytes) -> int | None:
    # What comes before the first line end may be half a line.
    end = text.find(b"\n")
    before = False
    while end >= 0:
        begin = end + 1
        end = text.find(b"\n", begin)
        now = end >= 0 and is_record(text[begin : end + 1])
        if before and now:
            return begin
        before = now
    return None


def observe_range(
    path: str, trace: str, complete: bool, part: Range, warm_up: int = WARM_UP, reader: Reader | None = None
) -> Part:
    """Read a range of the log PATH, which belongs to TRACE. InputError: as for a whole log.

    READER may know texts of other ranges: it makes no difference but in time.
    """
    joiner = Joiner()
    reader = reader or Reader()
    if part.begin:
        begin = max(0, part.begin - warm_up)
        if begin:
            # Not from the middle of a line.
            begin += window(path, begin, min(MAX_LINE, part.begin - begin)).find(b"\n") + 1
        early = FastPath(trace, Tally(trace, complete), joiner, reader)
        early.read(read_range(path, begin, part.begin))
        joiner.renumber(early.line - 1)
    before = _mark(joiner, 1)
    tally = Tally(trace, complete)
    fast_path = FastPath(trace, tally, joiner, reader)
    fast_path.read(read_range(path, part.begin, part.end))
    # No range begins within an entry of the journal: what looks like a record there is what a program wrote.
    after = _WITHIN if fast_path.within else _mark(joiner, fast_path.line)
    if part.end is None:
        fast_path.finish()
    else:
        fast_path.flush()
    return Part(Ends(part, warm_up, fast_path.line - 1, before, after), tally.observations())


def fits(left: Ends, right: Ends) -> bool:
    """Say whether RIGHT, which comes next, began to be read with the events open that LEFT has ended with."""
    return left.after == right.before


def to_read_again(left: Ends, right: Ends) -> tuple[Range, int]:
    """Return which range to read instead of RIGHT, which does not fit LEFT, and how much before it.

    It is RIGHT with more before it, as long as there is more; else both as one. LEFT has to be right itself: it is
    the first of a log, or fits the one before.
    """
    if left.after != _WITHIN and right.warm_up < right.range.begin:
        return right.range, max(WARM_UP, 4 * right.warm_up)
    return Range(left.range.begin, right.range.end), left.warm_up


def joined(parts: Sequence[Part]) -> Part:
    """Join what was found in ranges of one log that follow one another, and fit. InputError: it is too large."""
    line = 0
    found = []
    for part in parts:
        unread = tuple(
            replace(place, location=Location(place.location.origin, place.location.line + line))
            for place in part.observations.unread
        )
        found.append(replace(part.observations, unread=unread))
        line += part.ends.lines
    observations = Observations().merge(*found)
    refuse_size(", ".join(observations.traces), observed_size(observations), len(observations.vectors))
    first, last = parts[0].ends, parts[-1].ends
    whole = Range(first.range.begin, last.range.end)
    return Part(Ends(whole, first.warm_up, line, first.before, last.after), observations)


def put_together(parts: Sequence[Part], again: Callable[[Range, int], Part]) -> Observations:
    """Join what was found in all ranges of a log, in their order; what does not fit is read AGAIN.

    AGAIN takes a range, and how much is to be read before it. InputError: it is too large together.
    """
    fitting: list[Part] = []
    for part in parts:
        following = part
        while fitting and not fits(fitting[-1].ends, following.ends):
            span, warm_up = to_read_again(fitting[-1].ends, following.ends)
            if span != following.ends.range:
                fitting.pop()
            following = again(span, warm_up)
        fitting.append(following)
    return joined(fitting).observations


def _mark(joiner: Joiner, line: int) -> str:
    return hashlib.sha256(repr(joiner.state(line)).encode("utf-8", "surrogateescape")).hexdigest()
