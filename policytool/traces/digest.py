# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way from a log to its tally, which gives exactly what `Tally.add` of every event gives.

Whole events (see `whole`) are told apart by shapes and counted. Other records that auditd wrote are joined, and
then counted or assembled. Lines in any other format, and a line before them that they may continue, go to
`Lines` in one run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain

from policytool.model.event import TraceEvent, Unread
from policytool.traces.assemble import assemble
from policytool.traces.join import MAX_BYTES, Joiner
from policytool.traces.reader import Lines
from policytool.traces.record import Form, Record, Row
from policytool.traces.tally import Tally
from policytool.traces.whole import (
    BETWEEN,
    HEAD,
    MARK,
    MAX_COUNTED_BYTES,
    MAX_KNOWN,
    PROCTITLE,
    STAMP,
    Memory,
    Reader,
    Shape,
    path_of,
)

_STAMPED = re.compile(STAMP)

# How many events that are not found by all of their text are enough to look for it no longer, if none was.
MAX_MISSED = 1 << 14

# Events with more records than half of that go to the joiner in parts.
_MANY = 128


@dataclass(slots=True)
class _Count:
    """How many events, each of so many records, say the same, and the stamps of the first and the last."""

    said: Shape | TraceEvent
    records: int
    events: int
    first: bytes
    last: bytes


def tally_blocks(blocks: Iterable[bytes], origin: str, tally: Tally) -> None:
    """Add the log of whole lines in BLOCKS, called ORIGIN, to TALLY, with what was not understood."""
    digest = Digest(origin, tally)
    digest.read(blocks)
    digest.finish()


_RAW = Form.RAW


def is_record(line: bytes) -> bool:
    """Say whether LINE begins as auditd's records do."""
    begin, _, _ = line.partition(BETWEEN)
    head, _, stamp = begin.partition(b"(")
    return HEAD.fullmatch(head) is not None and _STAMPED.fullmatch(stamp) is not None


class Digest:
    """Adds events to a tally, and remembers what it has read."""

    def __init__(self, origin: str, tally: Tally, joiner: Joiner | None = None) -> None:
        """Begin in the middle of a log if JOINER has the records before."""
        self.joiner = joiner or Joiner()
        # The number of the next line.
        self.line = 1
        # Whether the lines that were read end within an entry of the journal's export format.
        self.within = False
        self._origin = origin
        self._tally = tally
        self._reader = Reader()
        self._lines: Iterator[bytes] = iter(())
        # Whole events, and their records, of which the joiner and the tally do not know yet.
        self._passed = self._passed_records = 0
        # By shape, or by the event that was assembled; and by all of an event's text, as long as that finds any.
        self._counts: dict[Shape | int, _Count] = {}
        self._counts_size = 0
        self._texts: Memory[tuple[bytes, ...], _Count] = Memory()
        self._by_text = True
        self._missed = 0
        self._latest = b""

    def read(self, blocks: Iterable[bytes]) -> None:
        """Add whole lines; events that have not ended stay with the joiner."""
        lines = self._lines = chain.from_iterable(BytesIO(block + b"\n") for block in blocks)
        kinds, kind, stamped = self._reader.kinds, self._reader.kind, _STAMPED.fullmatch
        # The records at hand: their stamp, and head and body of each.
        stamp: bytes | None = None
        event: list[bytes] = []
        for line in lines:
            begin, _, body = line.partition(BETWEEN)
            head, _, key = begin.partition(b"(")
            if key == stamp:
                if len(event) >= _MANY:
                    self._add_rows(stamp, event)
                    event = []
                event += head, body
                continue
            if (head in kinds or kind(head)) and stamped(key):
                if stamp is not None:
                    self._add_event(stamp, event)
                stamp = key
                event = [head, body]
                continue
            # Another format's, or the rest of the line before it.
            before = [] if stamp is None else _lines_of(stamp, event)
            line = self._add_others([*before, line])
            stamp = None
            if line:
                begin, _, body = line.partition(BETWEEN)
                head, _, stamp = begin.partition(b"(")
                event = [head, body]
        if stamp is not None:
            self._add_rows(stamp, event)
        self._settle()

    def finish(self) -> None:
        """Add what is still open, and what was counted."""
        self._add_groups(self.joiner.rest())
        self.flush()

    def flush(self) -> None:
        """Add what was counted to the tally, and forget it."""
        for count in self._counts.values():
            first, last = _milliseconds(count.first), _milliseconds(count.last)
            if isinstance(count.said, TraceEvent):
                self._tally.add_equal(count.said, first, last, count.events)
                continue
            self._tally.count_events(count.events, count.events * count.records, first, last)
            self._add_counted(count.said, first, last, count.events)
        self._counts.clear()
        self._counts_size = 0
        self._texts.clear()

    def _add_event(self, stamp: bytes, event: Sequence[bytes]) -> None:
        """Add the records at hand, which the record of another event follows."""
        if self._by_text:
            count = self._texts.get(tuple(event))
            if count is not None and stamp not in self.joiner.opened:
                self._passed += 1
                self._passed_records += count.records
                self._again(count, stamp)
                return
        if stamp in self.joiner.opened:
            self._settle()
        if PROCTITLE not in event or stamp in self.joiner.opened or 2 * self.joiner.size > MAX_BYTES:
            # It has not ended, or it might not find room with the joiner, so that it would make others end.
            self._add_rows(stamp, event)
            return
        shape = self._reader.read(event)
        if shape is None:
            self._add_rows(stamp, event)
            return
        count = self._counts.get(shape)
        if count is None:
            count = self._begin(shape, shape, shape[4], stamp, sum(map(len, event)))
        self._passed += 1
        self._passed_records += count.records
        self._again(count, stamp)
        if self._by_text:
            self._texts.keep(tuple(event), count, sum(map(len, event)))
            self._missed += 1
            self._by_text = self._missed < MAX_MISSED

    def _add_rows(self, stamp: bytes, event: Sequence[bytes]) -> None:
        """Let the records at hand be joined."""
        kinds = [self._reader.kind(head) for head in event[::2]]
        bodies = event[1::2]
        if None in kinds or MARK in (bodies[0] if len(bodies) == 1 else b"".join(bodies)):
            # Not all of them are single records of auditd's.
            self._add_records(_lines_of(stamp, event))
            return
        self._settle()
        for kind, body in zip(kinds, bodies, strict=True):
            ended = self.joiner.add((stamp, kind or b"", body.removeprefix(b" ").rstrip(b"\r\n"), self.line, _RAW))
            self.line += 1
            if ended:
                self._add_groups(ended)

    def _add_records(self, lines: Iterable[bytes]) -> None:
        """Let lines of any format be read, and joined; nothing continues the last of them."""
        self._settle()
        reader = Lines(self._origin, self._tally.unread)
        for line in lines:
            self._add_line(reader, line)
        self._add_read(reader.rest())

    def _add_others(self, first: Iterable[bytes]) -> bytes:
        """Add the lines FIRST and those up to the next of auditd's, which is returned; b"" at the end."""
        self._settle()
        reader = Lines(self._origin, self._tally.unread)
        for line in first:
            self._add_line(reader, line)
        for line in self._lines:
            begin, _, _ = line.partition(BETWEEN)
            head, _, stamp = begin.partition(b"(")
            if not reader.within and self._reader.kind(head) and _STAMPED.fullmatch(stamp):
                self._add_read(reader.rest())
                return line
            self._add_line(reader, line)
        self.within = reader.within
        self._add_read(reader.rest())
        return b""

    def _add_line(self, reader: Lines, line: bytes) -> None:
        self._add_read(reader.add(line.removesuffix(b"\n"), self.line))
        self.line += 1

    def _add_read(self, records: Iterable[Record]) -> None:
        for record in records:
            self._add_groups(self.joiner.add(record))

    def _settle(self) -> None:
        """Tell the joiner and the tally of the whole events since the last time."""
        if self._passed:
            self.line += self._passed_records
            self._add_groups(self.joiner.pass_by(self._passed))
            self._passed = self._passed_records = 0

    def _add_groups(self, groups: Iterable[Sequence[Row]]) -> None:
        """Add events that were joined; those with anything unusual in them are assembled in full."""
        for group in groups:
            stamp = group[0][0]
            if not _STAMPED.fullmatch(stamp) or any(row[4] is not _RAW for row in group):
                self._tally.add(assemble(group, self._origin, self._tally.unread))
                continue
            text = tuple([part for row in group for part in row[1:3]])
            count = self._texts.get(text)
            if count is None:
                count = self._count_of(group, stamp)
                if count is None:
                    continue
                self._texts.keep(text, count, sum(map(len, text)))
            self._again(count, stamp)

    def _count_of(self, group: Sequence[Row], stamp: bytes) -> _Count | None:
        """Find where an event that was joined is counted; None if it was added, with something to report of it."""
        size = sum(len(row[2]) for row in group)
        shape = self._reader.read_group(group)
        if shape is not None:
            return self._counts.get(shape) or self._begin(shape, shape, shape[4], stamp, size)
        unread: list[Unread] = []
        event = assemble(group, self._origin, unread.append)
        if not unread:
            return self._begin(event, id(event), event.records, stamp, size)
        for place in unread:
            self._tally.unread(place)
        self._tally.add(event)
        return None

    def _begin(self, said: Shape | TraceEvent, key: Shape | int, records: int, stamp: bytes, size: int) -> _Count:
        """Begin to count events that say the same, in texts of SIZE bytes."""
        if len(self._counts) >= MAX_KNOWN or self._counts_size + size > MAX_COUNTED_BYTES:
            self.flush()
        self._counts_size += size
        count = self._counts[key] = _Count(said, records, 0, stamp, stamp)
        return count

    def _again(self, count: _Count, stamp: bytes) -> None:
        """Count one event more, with STAMP."""
        count.events += 1
        if stamp >= self._latest:
            count.last = self._latest = stamp
        else:
            count.first = min(count.first, stamp)
            count.last = max(count.last, stamp)

    def _add_counted(self, shape: Shape, first: int, last: int, events: int) -> None:
        decision, call, items, others, _ = shape
        for known in (decision, *others):
            if known is not None:
                asked = known.decision
                use = (call.exe or asked.exe or asked.comm or call.comm, call.name, path_of(known, items))
                self._tally.count(asked, first, last, use, events)


def _lines_of(stamp: bytes, event: Sequence[bytes]) -> list[bytes]:
    """Put the lines together again that have STAMP, and head and body of each in EVENT."""
    parts = iter(event)
    return [head + b"(" + stamp + BETWEEN + body for head, body in zip(parts, parts, strict=True)]


def _milliseconds(stamp: bytes) -> int:
    return int(stamp[:10]) * 1000 + int(stamp[11:14])
