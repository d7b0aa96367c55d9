# SPDX-License-Identifier: GPL-2.0-or-later
"""audit.log as auditd writes it, raw or enriched, and as `ausearch --raw` prints it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from policytool.model.event import UnreadKind
from policytool.traces.events.record import STAMP, Form, Record, Report, kind_name
from policytool.traces.formats.glued import split

# Hands that copied a record have been seen to write `type AVC` and `msg-audit`.
_TYPE = rb"(?:(?:node|host)=(\S+) )?type[= ](?:UNKNOWN\[)?(\w+)\]? {1,3}msg[=-]audit\("
_HEADER = re.compile(_TYPE + rb"(" + STAMP + rb")\) ?:?[ ]{0,2}")
# Where a record of this format begins, also within a line.
BEGIN = re.compile(rb"(?:(?:node|host)=\S{1,256} )?type[= ]\S{1,64} {1,3}msg[=-]audit\(")


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    header = _HEADER.match(line)
    if header is None:
        return _broken(line, report)
    if line.count(b"audit(", header.end()) == 0:
        return (_record(header, line[header.end() :], number),)
    return _glued(line, header.end(), number, report)


def _record(header: re.Match[bytes], body: bytes, number: int) -> Record:
    node, kind, stamp = header.group(1, 2, 3)
    return Record(stamp if node is None else node + b" " + stamp, kind_name(kind), body, number, Form.RAW)


def _broken(line: bytes, report: Report) -> Sequence[Record] | None:
    begin = BEGIN.match(line)
    if begin is None or b")" in line[begin.end() :]:
        # Where a stamp is whole, but none of auditd's, it is another format's.
        return None
    report(UnreadKind.TRUNCATED, line)
    return ()


def _glued(line: bytes, first: int, number: int, report: Report) -> Sequence[Record]:
    """Take apart what was pasted onto one line: each record keeps its own stamp, so nothing is merged."""
    records = []
    for part, believable in split(line, BEGIN, first):
        header = _HEADER.match(part)
        if not believable:
            report(UnreadKind.MALFORMED, part)
        elif header is None:
            report(UnreadKind.BAD_STAMP if b")" in part else UnreadKind.TRUNCATED, part)
        else:
            records.append(_record(header, part[header.end() :], number))
    return records
