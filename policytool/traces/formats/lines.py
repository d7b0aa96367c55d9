# SPDX-License-Identifier: GPL-2.0-or-later
"""From the lines of a log to events. The format is told line by line, so a log may mix them.

A new format is a new file with a `Format` function and one more entry in FORMATS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from policytool.model.event import Location, TraceEvent, Unread, UnreadKind
from policytool.traces.events.assemble import MAX_TEXT, assemble
from policytool.traces.events.cleaning import cleaned
from policytool.traces.events.joiner import join
from policytool.traces.events.record import Format, Record, decoded, placed
from policytool.traces.formats import audit, bare, interpreted, journald, kernel, strace
from policytool.traces.formats.folding import Folding
from policytool.traces.formats.prefix import peel

FORMATS: tuple[Format, ...] = (
    audit.read_line,
    interpreted.read_line,
    kernel.read_line,
    strace.read_line,
    bare.read_line,
)

# What makes a line worth a second look by whoever wonders why nothing was read of it.
_WITHIN = re.compile(rb"avc: {1,3}(?:denied|granted) {0,3}\{|\baudit\(\d")


def read_events(lines: Iterable[bytes], origin: str, unread: Callable[[Unread], None]) -> Iterator[TraceEvent]:
    """Yield the events of LINES, of the log called ORIGIN, in the order in which they began.

    Whatever was not understood is given to UNREAD; no content of LINES makes this raise.
    """
    for rows in join(read_records(lines, origin, unread)):
        yield assemble(rows, origin, unread)


def read_records(
    lines: Iterable[bytes], origin: str, unread: Callable[[Unread], None], first: int = 1
) -> Iterator[Record]:
    """Yield the single records of LINES in their order, FIRST being the number of the first line.

    A line may be continued by those after it, so LINES have to go on to where a record surely begins: see `Lines`.
    """
    reader = Lines(origin, unread)
    for number, line in enumerate(lines, start=first):
        yield from reader.add(line, number)
    yield from reader.rest()


class Lines:
    """Reads a log line by line; keeps one that the next may continue, and an entry of the journal's export format.

    `within` says that an entry has begun and not ended: whatever comes next is the entry's, whatever it looks like.
    """

    def __init__(self, origin: str, unread: Callable[[Unread], None]) -> None:
        """Read the log called ORIGIN; what is not understood is given to UNREAD."""
        self._origin = origin
        self._unread = unread
        self._folding = Folding()
        self._entry: journald.Export | None = None

    @property
    def within(self) -> bool:
        """Whether the next line belongs to an entry of the export format."""
        return self._entry is not None

    def add(self, line: bytes, number: int) -> Sequence[Record]:
        """Take the next line, without its end, and its number; return the records that are whole by now."""
        records: list[Record] = []
        if self._entry is not None:
            if not self._entry.add(line):
                return records
            records += self._end_entry(self._entry)
            if not line.startswith(journald.EXPORT):
                return records
        if line.startswith(journald.EXPORT):
            records += self.rest()
            self._entry = journald.Export(number)
            self._entry.add(line)
            return records
        for text, place in self._folding.add(line.rstrip(b"\r\n"), number):
            records += self._read(text, place)
        return records

    def rest(self) -> Sequence[Record]:
        """Return what is still open, at the end of the log or where a record surely begins."""
        records = [record for text, number in self._folding.rest() for record in self._read(text, number)]
        if self._entry is not None:
            records += self._end_entry(self._entry)
        return records

    def _end_entry(self, entry: journald.Export) -> Sequence[Record]:
        self._entry = None
        if entry.unfinished:
            # What came after it may have been taken for its value.
            self._report(entry.line)(UnreadKind.TRUNCATED, entry.fields.get(b"MESSAGE", journald.EXPORT))
            if b"MESSAGE" not in entry.fields:
                return ()
        return self._read_entry(entry.fields, entry.line, damaged=entry.damaged)

    def _read(self, line: bytes, number: int) -> Sequence[Record]:
        """Read a whole line, in whatever format it is."""
        records = read_text(line, number, self._report(number))
        if records is not None:
            return records
        if (entries := journald.json_entries(line)) is not None:
            return [record for entry in entries for record in self._read_entry(entry, number)]
        if (plain := cleaned(line)) != line:
            # Only now: a log that is as it was written keeps whatever is in it.
            return self._read(plain, number)
        self._report(number)(UnreadKind.WITHIN_TEXT if _WITHIN.search(line) else UnreadKind.NOT_A_RECORD, line)
        return ()

    def _read_entry(self, fields: journald.Fields, number: int, damaged: bool = False) -> Sequence[Record]:
        return journald.read_entry(fields, number, self._report(number), read_text, damaged)

    def _report(self, number: int) -> Callable[[UnreadKind, bytes], None]:
        def report(kind: UnreadKind, text: bytes) -> None:
            start = decoded(text[: 4 * MAX_TEXT])[:MAX_TEXT]
            self._unread(Unread(Location(self._origin, number), kind, start))

        return report


def read_text(line: bytes, number: int, report: Callable[[UnreadKind, bytes], None]) -> Sequence[Record] | None:
    """Return the records of LINE in any format of one line, whatever stands before them; None if there is none."""
    for read_line in FORMATS:
        records = read_line(line, number, report)
        if records is not None:
            return records
    prefix = peel(line)
    if prefix is None:
        return None
    for read_line in FORMATS:
        records = read_line(prefix.record, number, report)
        if records is not None:
            break
    else:
        records = bare.read_logged(prefix.record, number, report) if prefix.audit else None
    return None if records is None else [placed(record, prefix.milliseconds, prefix.host) for record in records]
