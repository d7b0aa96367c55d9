# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way from a log to its tally, which gives exactly what `Tally.add` of every event gives.

Whole events (see `whole`) are told apart by shapes and counted. Other records that auditd wrote are joined, and
then counted or assembled. Lines in any other format, and a line before them that they may continue, go to
`read_records` in one run.
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
from policytool.traces.reader import read_records
from policytool.traces.record import Form, Row, event_key
from policytool.traces.tally import Tally
from policytool.traces.whole import (
    BETWEEN,
    MARK,
    MAX_KNOWN,
    STAMP,
    Memory,
    Reader,
    Shape,
    path_of,
)

_STAMPED = re.compile(STAMP)

# Events with more records go to the joiner in parts.
_MANY = 64

# What tells apart events that have to be assembled: kinds, bodies and forms of their records.
_Content = tuple[tuple[bytes, bytes, Form], ...]


@dataclass(slots=True)
class _Count:
    """How many events have one shape, and the stamps of the first and the last."""

    events: int
    first: bytes
    last: bytes


def tally_blocks(blocks: Iterable[bytes], origin: str, tally: Tally) -> None:
    """Add the log of whole lines in BLOCKS, called ORIGIN, to TALLY, with what was not understood."""
    digest = Digest(origin, tally)
    digest.read(blocks)
    digest.finish()


_RAW = Form.RAW


class Digest:
    """Adds events to a tally, and remembers what it has read."""

    def __init__(self, origin: str, tally: Tally, joiner: Joiner | None = None, line: int = 1) -> None:
        """Begin at LINE, in the middle of a log if JOINER has the records before it."""
        self.joiner = joiner or Joiner()
        self.line = line
        self._origin = origin
        self._tally = tally
        self._reader = Reader()
        self._lines: Iterator[bytes] = iter(())
        # The line that ended a run of other formats' lines.
        self._next = b""
        # Whole events, and their records, of which the joiner and the tally do not know yet.
        self._passed = self._passed_records = 0
        self._counts: dict[Shape, _Count] = {}
        self._latest = b""
        self._contents: Memory[_Content, TraceEvent] = Memory(MAX_KNOWN >> 4)

    def read(self, blocks: Iterable[bytes]) -> None:
        """Add whole lines; events that have not ended stay with the joiner."""
        lines = self._lines = chain.from_iterable(BytesIO(block + b"\n") for block in blocks)
        kinds, kind, stamped = self._reader.kinds, self._reader.kind, _STAMPED.fullmatch
        # The records at hand: their stamp, head and body of each, and their lines.
        stamp = b""
        event: list[bytes] = []
        held: list[bytes] = []
        for line in lines:
            begin, _, body = line.partition(BETWEEN)
            head, _, key = begin.partition(b"(")
            if key == stamp and held:
                if len(held) == _MANY:
                    self._add_rows(stamp, event, held)
                    event, held = [], []
                event += head, body
                held.append(line)
                continue
            if (head in kinds or kind(head)) and stamped(key):
                if held:
                    self._add_event(stamp, event, held)
            else:
                # Another format's, or the rest of the line before it.
                line = self._add_others(chain(held, (line,)))
                begin, _, body = line.partition(BETWEEN)
                head, _, key = begin.partition(b"(")
            stamp, event, held = key, [head, body], [line] if line else []
        if held:
            self._add_rows(stamp, event, held)
        self._settle()

    def finish(self) -> None:
        """Add what is still open, and what was counted."""
        self._add_groups(self.joiner.rest())
        self.flush()

    def flush(self) -> None:
        """Add what was counted to the tally, and forget it."""
        for shape, count in self._counts.items():
            self._add_counted(shape, count)
        self._counts.clear()

    def _add_event(self, stamp: bytes, event: Sequence[bytes], held: Sequence[bytes]) -> None:
        """Add the records at hand, which the record of another event follows."""
        if self.joiner.is_open(stamp):
            self._settle()
        whole = None if self.joiner.is_open(stamp) or self._is_full else self._reader.whole(event)
        if whole is None or not whole.ended:
            self._add_rows(stamp, event, held)
            return
        self._passed += 1
        self._passed_records += whole.records
        if whole.shape is not None:
            self._count(whole.shape, stamp)

    def _add_rows(self, stamp: bytes, event: Sequence[bytes], held: Sequence[bytes]) -> None:
        """Let the records at hand be joined."""
        kinds = [self._reader.kind(head) for head in event[::2]]
        if None in kinds or any(MARK in body for body in event[1::2]):
            # Not all of them are single records of auditd's.
            self._add_records(held)
            return
        self._settle()
        for kind, body in zip(kinds, event[1::2], strict=True):
            self._add_groups(self.joiner.add((stamp, kind or b"", body.rstrip(b"\n"), self.line, _RAW)))
            self.line += 1

    def _add_records(self, lines: Iterable[bytes]) -> None:
        """Let lines of any format be read, and joined."""
        self._settle()
        for record in read_records(self._counted(lines), self._origin, self._tally.unread, self.line):
            self._add_groups(self.joiner.add(record))

    def _counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.line += 1
            yield line

    def _add_others(self, first: Iterable[bytes]) -> bytes:
        """Add the lines FIRST and those up to the next of auditd's, which is returned; b"" at the end."""
        self._next = b""
        self._add_records(chain(first, self._others()))
        return self._next

    def _others(self) -> Iterator[bytes]:
        for line in self._lines:
            begin, _, _ = line.partition(BETWEEN)
            head, _, key = begin.partition(b"(")
            if self._reader.kind(head) and _STAMPED.fullmatch(key):
                self._next = line
                return
            yield line

    def _settle(self) -> None:
        """Tell the joiner and the tally of the whole events since the last time."""
        if self._passed:
            events, records = self._passed, self._passed_records
            self._passed = self._passed_records = 0
            self.line += records
            self._tally.count_events(events, records)
            self._add_groups(self.joiner.pass_by(events))

    @property
    def _is_full(self) -> bool:
        """Say whether a whole event might not find room with the joiner, so that it would make others end."""
        return 2 * self.joiner.size > MAX_BYTES

    def _add_groups(self, groups: Iterable[Sequence[Row]]) -> None:
        """Add events that were joined; those with anything unusual in them are assembled in full."""
        for group in groups:
            stamp = group[0][0]
            whole = None
            if _STAMPED.fullmatch(stamp) and all(form is _RAW for *_, form in group):
                parts = ((b"type=%s msg=audit" % kind, body) for _, kind, body, _, _ in group)
                whole = self._reader.whole([*chain.from_iterable(parts)])
            if whole is None:
                self._tally.add(self._assembled(group), event_key(stamp).timestamp)
                continue
            self._tally.count_events(1, whole.records)
            if whole.shape is not None:
                self._count(whole.shape, stamp)

    def _assembled(self, group: Sequence[Row]) -> TraceEvent:
        """Assemble an event, or return an earlier one of the same records, of which there was nothing to report."""
        content: _Content = tuple((kind, body, form) for _, kind, body, _, form in group)
        event = self._contents.get(content)
        if event is None:
            unread: list[Unread] = []
            event = assemble(group, self._origin, unread.append)
            for place in unread:
                self._tally.unread(place)
            if not unread:
                self._contents.keep(content, event, sum(len(body) for _, body, _ in content))
        return event

    def _count(self, shape: Shape, stamp: bytes) -> None:
        """Count an event of SHAPE, with its stamp."""
        count = self._counts.get(shape)
        if count is None:
            if len(self._counts) >= MAX_KNOWN:
                self.flush()
            count = self._counts[shape] = _Count(0, stamp, stamp)
        count.events += 1
        if stamp >= self._latest:
            count.last = self._latest = stamp
        else:
            count.first = min(count.first, stamp)
            count.last = max(count.last, stamp)

    def _add_counted(self, shape: Shape, count: _Count) -> None:
        decision, call, items, others = shape
        first, last = _milliseconds(count.first), _milliseconds(count.last)
        for known in (decision, *others):
            asked = known.decision
            path = path_of(known, items)
            use = (call.exe or asked.exe or asked.comm or call.comm, call.name, path)
            self._tally.count(asked, first, last, use, count.events)


def _milliseconds(stamp: bytes) -> int:
    return int(stamp[:10]) * 1000 + int(stamp[11:14])
