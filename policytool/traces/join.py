# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that share a key become one group: the kernel writes an event as several records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from policytool.traces.record import Row

# How many events may be open at once, and how many records one may have: what bounds the memory. The kernel
# writes the records of an event together; only records of other processors come between.
MAX_OPEN = 64
MAX_RECORDS = 4096


def join(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield the records of each event together, in the order in which the events began.

    An event ends when MAX_OPEN younger ones have begun, or at MAX_RECORDS. Records that come later still make
    an event of their own.
    """
    open_: dict[bytes, list[Row]] = {}
    for key, same in groupby(rows, itemgetter(0)):
        run = list(same)
        while run:
            group = open_.get(key)
            if group is None:
                if len(open_) >= MAX_OPEN:
                    yield open_.pop(next(iter(open_)))
                group = open_[key] = run[:MAX_RECORDS]
                run = run[MAX_RECORDS:]
            else:
                room = MAX_RECORDS - len(group)
                group += run[:room]
                run = run[room:]
            if len(group) >= MAX_RECORDS:
                yield open_.pop(key)
    yield from open_.values()
