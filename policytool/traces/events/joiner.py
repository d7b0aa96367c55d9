# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that share a key become one group: the kernel writes an event as several records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from policytool.traces.events.record import Form, Row

# How many events may be open at once, how many records one may have, and how many bytes all of them: what bounds
# the memory. The kernel writes the records of an event together; only records of other processors come between.
MAX_OPEN = 1024
MAX_RECORDS = 4096
MAX_BYTES = 1 << 24

# The kernel's last record of an event but EOE, which auditd drops (audit_log_exit, kernel/auditsc.c).
_LAST = b"PROCTITLE"

# What tells whether two joiners will do the same from here on; see `Joiner.state`.
State = tuple[bytes, bool, tuple[tuple[int, tuple[Row, ...]], ...]]


class Run(NamedTuple):
    """Raw records with one key right after each other, none of them a PROCTITLE, from LINE on.

    `parts` has of each in turn all that is before its key, as auditd writes that, and its body with a line end.
    `size`: what the bodies are in bytes without what `rows` leaves out.
    """

    key: bytes
    parts: tuple[bytes, ...]
    line: int
    size: int

    def rows(self) -> list[Row]:
        """Return the records."""
        heads, bodies = self.parts[::2], self.parts[1::2]
        return [
            (
                self.key,
                head[len("type=") : -len(" msg=audit")],
                body.removeprefix(b" ").rstrip(b"\r\n"),
                line,
                Form.RAW,
            )
            for line, (head, body) in enumerate(zip(heads, bodies, strict=True), self.line)
        ]


# The records of an event that has ended; a run where nothing else was added to it.
Ended = Sequence[Row] | Run


@dataclass(slots=True)
class _Group:
    """The records of an open event, which was the BORN-th to begin, and how many bytes they have."""

    born: int
    size: int = 0
    # Either this or the rows.
    run: Run | None = None
    rows: list[Row] = field(default_factory=list)

    def expand(self) -> list[Row]:
        if self.run is not None:
            self.rows, self.run = self.run.rows(), None
        return self.rows


def join(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield the records of each event together, in the order in which the events ended; see `Joiner`."""
    joiner = Joiner()
    for row in rows:
        yield from map(rows_of, joiner.add(row))
    yield from map(rows_of, joiner.rest())


def rows_of(ended: Ended) -> Sequence[Row]:
    """Return the records of an event that has ended."""
    return ended.rows() if isinstance(ended, Run) else ended


class Joiner:
    """Takes the records of a log one by one and gives back each event when it has ended.

    An event ends with the run of its records that its PROCTITLE is in, when MAX_OPEN younger ones have begun, at
    MAX_RECORDS, or when it is the oldest and the open ones have more than MAX_BYTES. Records that come later still
    make an event of their own. So what came long ago makes no difference, and a log can be read from its middle.
    """

    def __init__(self) -> None:
        # By key, in the order in which they began. Where `pass_by` was not told of all, some may have ended.
        self.opened: dict[bytes, _Group] = {}
        self._key = b""
        self._last = False
        self._begun = 0
        self.size = 0

    def add(self, row: Row) -> Sequence[Ended]:
        """Add a record; return the events that have ended by now."""
        key = row[0]
        ended: list[Ended] = []
        if key != self._key:
            if self._last:
                self._end_run(ended)
            self._key = key
        group = self.opened.get(key)
        if group is None:
            self._begun += 1
            self._end_old(ended)
            group = self.opened[key] = _Group(self._begun)
        size = len(row[2])
        rows = group.rows if group.run is None else group.expand()
        rows.append(row)
        group.size += size
        self.size += size
        if row[1] == _LAST:
            self._last = True
        if len(rows) >= MAX_RECORDS:
            ended.append(self._end(key))
        while self.size > MAX_BYTES:
            ended.append(self._end(next(iter(self.opened))))
        return ended

    def add_run(self, run: Run, passed: int) -> Sequence[Ended]:
        """Add the records of RUN, which cannot end their event, as `add` would; `pass_by` so many events first."""
        ended: list[Ended] = []
        key = run.key
        if passed or key != self._key:
            if self._last:
                self._end_run(ended)
            self._key = key
            self._begun += passed
        if key in self.opened:
            self._end_old(ended)
        if key in self.opened:
            for row in run.rows():
                ended += self.add(row)
            return ended
        self._begun += 1
        self._end_old(ended)
        self.opened[key] = _Group(self._begun, run.size, run)
        self.size += run.size
        while self.size > MAX_BYTES:
            ended.append(self._end(next(iter(self.opened))))
        return ended

    def pass_by(self, events: int) -> Sequence[Ended]:
        """Say that so many whole events, none of them open, come next, and need not be joined.

        Return the events that have ended by now, as if the records had been added.
        """
        ended: list[Ended] = []
        self._end_run(ended)
        self._key = b""
        self._begun += events
        self._end_old(ended)
        return ended

    def rest(self) -> Iterator[Ended]:
        """Yield the events that are still open."""
        for key in list(self.opened):
            yield self._end(key)

    def state(self, line: int) -> State:
        """Return all that matters of what was added, with lines counted from LINE."""
        groups = tuple(
            (
                self._begun - group.born,
                tuple((key, kind, body, at - line, form) for key, kind, body, at, form in group.expand()),
            )
            for group in self.opened.values()
        )
        return (self._key, self._last, groups)

    def renumber(self, lines: int) -> None:
        """Count the lines of what was added from LINES on, so that they are 0 or less where they came before."""
        for group in self.opened.values():
            group.rows = [(key, kind, body, at - lines, form) for key, kind, body, at, form in group.expand()]

    def _end(self, key: bytes) -> Ended:
        group = self.opened.pop(key)
        self.size -= group.size
        return group.run or group.rows

    def _end_run(self, ended: list[Ended]) -> None:
        if self._last and self._key in self.opened:
            ended.append(self._end(self._key))
        self._last = False

    def _end_old(self, ended: list[Ended]) -> None:
        while self.opened:
            key = next(iter(self.opened))
            if self._begun - self.opened[key].born < MAX_OPEN:
                break
            ended.append(self._end(key))
