# SPDX-License-Identifier: GPL-2.0-or-later
"""What `ausearch -i` prints, as people paste it into reports.

Its times are local and carry no zone: they are taken as UTC, so they may be wrong by the offset of the machine
that printed them. Dates are read as MM/DD/YYYY, MM/DD/YY, DD.MM.YYYY and YYYY-MM-DD; a first number above 12
before a slash is a day. What ausearch wrote around the records (`----`, `time->`) is skipped.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Sequence
from datetime import datetime

from policytool.model.event import UnreadKind
from policytool.traces.record import Form, Record, Report

_HEADER = re.compile(
    rb"(?:(?:node|host)=(\S+) )?type=(?:UNKNOWN\[)?(\w+)\]? {1,3}"
    rb"msg=audit\(([^()]{6,40})[ T](\d\d:\d\d:\d\d)[.,](\d{3}):(\d{1,20})\) ?: ?"
)
_BEGIN = re.compile(rb"(?:node=\S+ |host=\S+ )?type=\S+ {1,3}msg=audit\(")
_SEPARATOR = re.compile(rb"-{2,}|time->.*|\s*")
_DATES = {
    re.compile(r"\d\d/\d\d/\d{4}"): ("%m/%d/%Y", "%d/%m/%Y"),
    re.compile(r"\d\d/\d\d/\d\d"): ("%m/%d/%y", "%d/%m/%y"),
    re.compile(r"\d\d?\.\d\d?\.\d{4}"): ("%d.%m.%Y",),
    re.compile(r"\d\d?\.\d\d?\.\d\d"): ("%d.%m.%y",),
    re.compile(r"\d{4}-\d\d-\d\d"): ("%Y-%m-%d",),
}


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    if _SEPARATOR.fullmatch(line):
        return ()
    header = _HEADER.match(line)
    if header is None:
        if _BEGIN.match(line):
            report(UnreadKind.BAD_STAMP, line)
            return ()
        return None
    if line.count(b"msg=audit(") > 1:
        # Values are not quoted here, so a name may hold a whole record: which one is true cannot be told.
        report(UnreadKind.MALFORMED, line)
        return ()
    node, kind, date, time, fraction, serial = header.groups()
    seconds = _seconds(date, time)
    if seconds is None:
        report(UnreadKind.BAD_STAMP, line)
        return ()
    stamp = b"%d.%s:%s" % (seconds, fraction, serial)
    key = stamp if node is None else node + b" " + stamp
    return (Record(key, kind, line[header.end() :], number, Form.INTERPRETED),)


def _seconds(date: bytes, time: bytes) -> int | None:
    text = date.decode("ascii", "replace")
    for shape, orders in _DATES.items():
        if not shape.fullmatch(text):
            continue
        for order in orders:
            try:
                moment = datetime.strptime(f"{text} {time.decode('ascii')}", f"{order} %H:%M:%S")
            except ValueError:
                continue
            seconds = timegm(moment.timetuple())
            return seconds if seconds >= 0 else None
    return None
