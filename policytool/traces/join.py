# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that share a key become one group: the kernel writes an event as several records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policytool.traces.record import Record

# How many events may be open at once, and how many records one may have: what bounds the memory. The kernel
# writes the records of an event together; only records of other processors come between.
MAX_OPEN = 64
MAX_RECORDS = 4096

_END_OF_EVENT = b"EOE"


def join(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the records of each event together, in the order in which the events began.

    An event ends with its EOE record, or when MAX_OPEN younger ones have begun. Records that come later still
    make an event of their own.
    """
    open_: dict[bytes, list[Record]] = {}
    ended: set[bytes] = set()
    for record in records:
        key = record.key
        group = open_.get(key)
        if group is None:
            if len(open_) >= MAX_OPEN:
                yield _oldest(open_, ended)
            open_[key] = [record]
        else:
            group.append(record)
            if len(group) >= MAX_RECORDS:
                ended.add(key)
        if record.kind == _END_OF_EVENT:
            ended.add(key)
        while ended and next(iter(open_)) in ended:
            yield _oldest(open_, ended)
    while open_:
        yield _oldest(open_, ended)


def _oldest(open_: dict[bytes, list[Record]], ended: set[bytes]) -> list[Record]:
    key = next(iter(open_))
    ended.discard(key)
    return open_.pop(key)
