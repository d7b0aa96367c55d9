# SPDX-License-Identifier: GPL-2.0-or-later
"""The fast path from a log to its tally: it gives exactly what the full path gives, `Tally.add` of every event.

Whole events (see `shapes`) are told apart by shapes and counted. Other records that auditd wrote are joined, and
then counted or assembled. Lines in any other format, and a line before them that they may continue, go to
`Lines` in one run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING

from policytool.model.event import TraceEvent, Unread
from policytool.traces.events.asked_by import asked_by
from policytool.traces.events.assemble import assemble
from policytool.traces.events.joiner import MAX_BYTES, Ended, Joiner, Run
from policytool.traces.events.naming import name_objects
from policytool.traces.events.record import AUDITD_BETWEEN, AUDITD_HEAD, AUDITD_STAMP, Form, Record, Row
from policytool.traces.tally.blocks import Cut, cut_block
from policytool.traces.tally.shapes import (
    MARK,
    MAX_COUNTED_BYTES,
    MAX_KNOWN,
    PROCTITLE,
    Reader,
    Shape,
    Texts,
)
from policytool.traces.tally.tally import Seen, Tally

if TYPE_CHECKING:
    from policytool.traces.formats.lines import Lines


# Events of over 64 records (two parts each) go to the joiner in parts.
_MANY = 128


# No stamp of auditd's, in milliseconds, is as late as this: it has ten digits of seconds.
_STAMPS_END = 10**13


@dataclass(slots=True)
class _Count:
    """How many events, each of so many records, say the same, and the stamps of the first and the last."""

    said: Shape | TraceEvent
    records: int
    events: int
    first: bytes
    last: bytes


@dataclass(slots=True)
class _Loose:
    """Records of auditd's whose event may go on: their size, and how an event of these alone is counted."""

    size: int
    count: _Count | None = None


def tally_blocks(blocks: Iterable[bytes], origin: str, tally: Tally, reader: Reader | None = None) -> None:
    """Add the log of whole lines in BLOCKS, called ORIGIN, to TALLY; READER is as in `FastPath`."""
    fast_path = FastPath(origin, tally, reader=reader)
    fast_path.read(blocks)
    fast_path.finish()


_RAW = Form.RAW


def is_record(line: bytes) -> bool:
    """Say whether LINE begins as auditd's records do."""
    begin, _, _ = line.partition(AUDITD_BETWEEN)
    head, _, stamp = begin.partition(b"(")
    return AUDITD_HEAD.fullmatch(head) is not None and AUDITD_STAMP.fullmatch(stamp) is not None


class FastPath:
    """Adds events to a tally, and remembers what it has read."""

    def __init__(
        self, origin: str, tally: Tally, joiner: Joiner | None = None, reader: Reader | None = None
    ) -> None:
        """Begin in the middle of a log if JOINER has the records before; READER may know texts of other logs."""
        self.joiner = joiner or Joiner()
        # The number of the next line.
        self.line = 1
        # Whether the lines that were read end within an entry of the journal's export format.
        self.within = False
        self._origin = origin
        self._tally = tally
        self._reader = reader or Reader()
        # What is still to be read: blocks, and the lines of the block at hand.
        self._blocks: Iterator[bytes] = iter(())
        self._lines: Iterator[bytes] = iter(())
        self._among_others = False
        # The last records that were read, which the next may belong to: their stamp, and head and body of each.
        self._stamp: bytes | None = None
        self._event: Sequence[bytes] = ()
        # Whole events, and their records, of which the joiner and the tally do not know yet.
        self._passed = self._passed_records = 0
        # By shape, or by the event that was assembled; and by all of an event's text.
        self._counts: dict[Shape | int, _Count] = {}
        self._counts_size = 0
        self._texts: Texts[_Count] = Texts()
        self._loose: Texts[_Loose] = Texts()
        self._latest = b""

    def read(self, blocks: Iterable[bytes]) -> None:
        """Add whole lines; events that have not ended stay with the joiner."""
        self._blocks = iter(blocks)
        for block in self._blocks:
            cut = cut_block(block, self._reader.kind, self._stamp, self._event)
            if cut is None:
                self._read_lines(block)
            else:
                self._add_events(cut)
        if self._stamp is not None:
            self._add_rows(self._stamp, self._event)
            self._stamp = None
        self._settle()

    def _add_events(self, cut: Cut) -> None:
        """Add the events of a block; the last one is not added yet, for it may go on."""
        stamps, ends, parts = cut
        last = len(ends) - 1
        known, opened = self._texts, self.joiner.opened
        latest, room = self._latest, 2 * self.joiner.size <= MAX_BYTES
        begin = passed = records = 0
        for line, end in zip(stamps[:last], ends, strict=False):
            event, stamp = parts[begin : 2 * end], line[:-1]
            begin = 2 * end
            found = known.get(event)
            if found is not None and stamp >= latest and stamp not in opened and room:
                # Fast case: as below, minus checks known to pass.
                passed += 1
                records += found.records
                found.events += 1
                found.last = latest = stamp
                continue
            self._latest = latest
            self._passed += passed
            self._passed_records += records
            passed = records = 0
            self._add_event(stamp, event)
            latest, room = self._latest, 2 * self.joiner.size <= MAX_BYTES
        self._latest = latest
        self._passed += passed
        self._passed_records += records
        self._stamp, self._event = stamps[last][:-1], parts[begin:]
        if len(self._event) >= _MANY:
            self._add_long(self._stamp, self._event)
            self._event = ()

    def _read_lines(self, block: bytes) -> None:
        """Add BLOCK, in whatever format its lines are; go on to where a record of auditd's begins."""
        kinds, kind, stamped = self._reader.kinds, self._reader.kind, AUDITD_STAMP.fullmatch
        stamp, event = self._stamp, list(self._event)
        self._lines = chain.from_iterable(self._supply(block))
        for line in self._lines:
            begin, _, body = line.partition(AUDITD_BETWEEN)
            head, _, key = begin.partition(b"(")
            if key == stamp:
                if len(event) >= _MANY:
                    self._add_rows(stamp, event)
                    event = []
                event += head, body
                continue
            if (head in kinds or kind(head)) and stamped(key):
                if stamp is not None:
                    self._add_event(stamp, tuple(event))
                stamp = key
                event = [head, body]
                continue
            # Another format's, or the rest of the line before it.
            before = [] if stamp is None else _lines_of(stamp, event)
            line = self._add_others([*before, line])
            stamp = None
            if line:
                begin, _, body = line.partition(AUDITD_BETWEEN)
                head, _, stamp = begin.partition(b"(")
                event = [head, body]
        self._stamp, self._event = stamp, event

    def _supply(self, block: bytes) -> Iterator[Iterable[bytes]]:
        """Yield the lines of BLOCK, and those of the blocks after it as long as they are of other formats."""
        yield BytesIO(block + b"\n")
        while self._among_others and (more := next(self._blocks, None)) is not None:
            yield BytesIO(more + b"\n")

    def add_repeated(self, group: Sequence[Row], first: int, last: int, events: int) -> bool:
        """Add so many EVENTS, from FIRST to LAST, that say what GROUP says, the raw records of one.

        False: something is unusual, and nothing was added.
        """
        shape = self._reader.read_group(group)
        if shape is None or not 0 <= first <= last < _STAMPS_END:
            return False
        begin, end = (b"%010d.%03d" % divmod(moment, 1000) for moment in (first, last))
        count = self._counts.get(shape)
        if count is None:
            count = self._begin(shape, shape, shape[4], begin, sum(len(row[2]) for row in group))
        count.events += events
        count.first = min(count.first, begin)
        count.last = max(count.last, end)
        return True

    def finish(self) -> None:
        """Add what is still open, and what was counted."""
        self._add_groups(self.joiner.rest())
        self.flush()

    def flush(self) -> None:
        """Add what was counted to the tally, and forget it."""
        # The vectors of an access, which many decisions are about.
        vectors: dict[int, Sequence[Seen]] = {}
        for count in self._counts.values():
            first, last = _milliseconds(count.first), _milliseconds(count.last)
            if isinstance(count.said, TraceEvent):
                self._tally.add_equal(count.said, first, last, count.events)
                continue
            self._tally.count_events(count.events, count.events * count.records, first, last)
            decision, call, items, others, _ = count.said
            decisions = () if decision is None else (decision, *others)
            if not decisions and not items.items:
                continue
            named, places = name_objects(decisions, items.items, "", call.name)
            self._tally.see(places, first, last)
            for known, name in zip(decisions, named, strict=True):
                access = known.access
                seen = vectors.get(id(access))
                if seen is None:
                    seen = vectors[id(access)] = self._tally.vectors(access)
                self._tally.count_uses(seen, access, name, first, last, asked_by(call, known), count.events)
        self._counts.clear()
        self._counts_size = 0
        self._texts.clear()
        self._loose.clear()

    def _add_event(self, stamp: bytes, event: tuple[bytes, ...]) -> None:
        """Add the records at hand, which the record of another event follows."""
        if len(event) > _MANY:
            self._add_long(stamp, event)
            return
        if PROCTITLE not in event:
            self._add_loose(stamp, event)
            return
        if stamp in self.joiner.opened:
            self._settle()
        if stamp in self.joiner.opened or 2 * self.joiner.size > MAX_BYTES:
            # It could exceed MAX_BYTES in the joiner and evict open events.
            self._add_rows(stamp, event)
            return
        found = self._texts.get(event)
        if found is None:
            event = self._texts.shared(event)
            shape = self._reader.read(event)
            if shape is None:
                self._add_rows(stamp, event)
                return
            found = self._counts.get(shape)
            if found is None:
                found = self._begin(shape, shape, shape[4], stamp, sum(map(len, event)))
            self._texts.keep(event, found)
        self._passed += 1
        self._passed_records += found.records
        self._again(found, stamp)

    def _add_loose(self, stamp: bytes, event: tuple[bytes, ...]) -> None:
        """Let the records at hand, without a PROCTITLE, be joined with others that may come."""
        loose = self._loose.get(event)
        if loose is None:
            if not self._plain_rows(event):
                self._add_rows(stamp, event)
                return
            event = self._loose.shared(event)
            loose = _Loose(sum(len(row[2]) for row in Run(stamp, event, 0, 0).rows()))
            self._loose.keep(event, loose)
        self.line += self._passed_records
        ended = self.joiner.add_run(Run(stamp, event, self.line, loose.size), self._passed)
        self.line += len(event) // 2
        self._passed = self._passed_records = 0
        if ended:
            self._add_groups(ended)

    def _plain_rows(self, event: Sequence[bytes]) -> bool:
        """Say whether all of EVENT are single records of auditd's."""
        bodies = event[1::2]
        return all(map(self._reader.kind, event[::2])) and MARK not in (
            bodies[0] if len(bodies) == 1 else b"".join(bodies)
        )

    def _add_long(self, stamp: bytes, event: Sequence[bytes]) -> None:
        for begin in range(0, len(event), _MANY):
            self._add_rows(stamp, event[begin : begin + _MANY])

    def _add_rows(self, stamp: bytes, event: Sequence[bytes]) -> None:
        """Let the records at hand be joined."""
        if not self._plain_rows(event):
            self._add_records(_lines_of(stamp, event))
            return
        self._settle()
        for row in Run(stamp, tuple(event), self.line, 0).rows():
            ended = self.joiner.add(row)
            self.line += 1
            if ended:
                self._add_groups(ended)

    def _add_records(self, lines: Iterable[bytes]) -> None:
        """Let lines of any format be read, and joined; nothing continues the last of them."""
        self._settle()
        reader = self._other_lines()
        for line in lines:
            self._add_line(reader, line)
        self._add_read(reader.rest())

    def _add_others(self, first: Iterable[bytes]) -> bytes:
        """Add the lines FIRST and those up to the next of auditd's, which is returned; b"" at the end."""
        self._settle()
        reader = self._other_lines()
        for line in first:
            self._add_line(reader, line)
        self._among_others = True
        for line in self._lines:
            begin, _, _ = line.partition(AUDITD_BETWEEN)
            head, _, stamp = begin.partition(b"(")
            if not reader.within and self._reader.kind(head) and AUDITD_STAMP.fullmatch(stamp):
                self._among_others = False
                self._add_read(reader.rest())
                return line
            self._add_line(reader, line)
        self._among_others = False
        self.within = reader.within
        self._add_read(reader.rest())
        return b""

    def _other_lines(self) -> Lines:
        # What reads other formats takes longer to load than a short log to read, and is seldom needed.
        from policytool.traces.formats.lines import Lines

        return Lines(self._origin, self._tally.unread)

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

    def _add_groups(self, groups: Iterable[Ended]) -> None:
        """Add events that were joined; those with anything unusual in them are assembled in full."""
        for group in groups:
            if isinstance(group, Run):
                loose = self._loose.get(group.parts)
                count = loose.count if loose is not None else None
                if count is None:
                    count = self._count_of(group.rows(), group.key)
                    if count is None:
                        continue
                    self._loose.keep(self._loose.shared(group.parts), _Loose(group.size, count))
                self._again(count, group.key)
                continue
            stamp = group[0][0]
            if not AUDITD_STAMP.fullmatch(stamp) or [None for row in group if row[4] is not _RAW]:
                self._tally.add(assemble(group, self._origin, self._tally.unread))
                continue
            text = tuple([part for row in group for part in row[1:3]])
            count = self._texts.get(text)
            if count is None:
                count = self._count_of(group, stamp)
                if count is None:
                    continue
                self._texts.keep(self._texts.shared(text), count)
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


def _lines_of(stamp: bytes, event: Sequence[bytes]) -> list[bytes]:
    """Put the lines together again that have STAMP, and head and body of each in EVENT."""
    parts = iter(event)
    return [head + b"(" + stamp + AUDITD_BETWEEN + body for head, body in zip(parts, parts, strict=True)]


def _milliseconds(stamp: bytes) -> int:
    return int(stamp[:10]) * 1000 + int(stamp[11:14])
