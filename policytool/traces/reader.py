# SPDX-License-Identifier: GPL-2.0-or-later
"""From the lines of a log to events. The format is told line by line, so a log may mix them.

A new format is a new file with a `Format` function and one more entry in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from policytool.model.event import Location, TraceEvent, Unread, UnreadKind
from policytool.traces import audit, interpreted, kernel, strace
from policytool.traces.assemble import MAX_TEXT, assemble
from policytool.traces.join import join
from policytool.traces.record import Format, Record, decoded

FORMATS: tuple[Format, ...] = (audit.read_line, interpreted.read_line, kernel.read_line, strace.read_line)


def read_events(lines: Iterable[bytes], origin: str, unread: Callable[[Unread], None]) -> Iterator[TraceEvent]:
    """Yield the events of LINES, of the log called ORIGIN, in the order in which they began.

    Whatever was not understood is given to UNREAD; no content of LINES makes this raise.
    """
    for rows in join(read_records(lines, origin, unread)):
        yield assemble(rows, origin, unread)


def read_records(
    lines: Iterable[bytes], origin: str, unread: Callable[[Unread], None], first: int = 1
) -> Iterator[Record]:
    """Yield the single records of LINES in their order, FIRST being the number of the first line."""
    number = first

    def report(kind: UnreadKind, text: bytes) -> None:
        unread(Unread(Location(origin, number), kind, decoded(text[: 4 * MAX_TEXT])[:MAX_TEXT]))

    for number, line in enumerate(lines, start=first):
        bare = line.rstrip(b"\r\n")
        for read_line in FORMATS:
            records = read_line(bare, number, report)
            if records is not None:
                yield from records
                break
        else:
            report(UnreadKind.NOT_A_RECORD, bare)
