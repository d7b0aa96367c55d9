# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that share a key become one group: the kernel writes an event as several records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policytool.traces.record import Row

# How many events may be open at once, and how many records one may have: what bounds the memory. The kernel
# writes the records of an event together; only records of other processors come between.
MAX_OPEN = 64
MAX_RECORDS = 4096

# The kernel's last record of an event but EOE, which auditd drops (audit_log_exit, kernel/auditsc.c).
_LAST = b"PROCTITLE"


def join(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield the records of each event together, in the order in which the events ended; see `Joiner`."""
    joiner = Joiner()
    for row in rows:
        yield from joiner.add(row)
    yield from joiner.rest()


class Joiner:
    """Takes the records of a log one by one and gives back each event when it has ended.

    An event ends with the run of its records that its PROCTITLE is in, when MAX_OPEN younger ones have begun, or at
    MAX_RECORDS. Records that come later still make an event of their own.
    """

    def __init__(self) -> None:
        self._open: dict[bytes, list[Row]] = {}
        self._key = b""
        self._last = False

    def add(self, row: Row) -> Sequence[Sequence[Row]]:
        """Add a record; return the events that have ended by now."""
        key = row[0]
        ended: list[Sequence[Row]] = []
        if key != self._key:
            ended += self._end_run()
            self._key = key
        group = self._open.get(key)
        if group is None:
            ended += self._make_room()
            group = self._open[key] = []
        group.append(row)
        if row[1] == _LAST:
            self._last = True
        if len(group) >= MAX_RECORDS:
            ended.append(self._open.pop(key))
        return ended

    def pass_by(self, key: bytes) -> Sequence[Sequence[Row]] | None:
        """Say that a whole event KEY, its PROCTITLE included, is next, and need not be joined.

        Return the events that have ended by now, as if it had been added; None when records of it are here, so that
        it has to be added.
        """
        if key in self._open:
            return None
        ended = [*self._end_run(), *self._make_room()]
        self._key = b""
        return ended

    def rest(self) -> Iterator[Sequence[Row]]:
        """Yield the events that are still open."""
        yield from self._open.values()
        self._open = {}

    def _end_run(self) -> list[Sequence[Row]]:
        over = self._last
        self._last = False
        group = self._open.pop(self._key, None) if over else None
        return [] if group is None else [group]

    def _make_room(self) -> list[Sequence[Row]]:
        return [self._open.pop(next(iter(self._open)))] if len(self._open) >= MAX_OPEN else []
