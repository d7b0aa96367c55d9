# SPDX-License-Identifier: GPL-2.0-or-later
"""Audit records as the kernel's own log has them: `type=1400 audit(1460000000.123:45): avc:  denied …`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from policytool.model.event import UnreadKind
from policytool.traces.events.record import STAMP, Form, Record, Report, kind_name
from policytool.traces.formats.glued import split

_HEADER = re.compile(rb"(?:type=(?:UNKNOWN\[)?(\w+)\]? {1,3})?(?:msg=)?audit\((" + STAMP + rb")\) ?:[ ]{0,2}")
_BEGIN = re.compile(rb"(?:type=\S{1,64} {1,3})?(?:msg=)?(?<![\w(-])audit\(")


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    header = _HEADER.match(line)
    if header is None:
        return None
    if line.count(b"audit(", header.end()) == 0:
        return (_record(header, line, number),)
    records = []
    for part, believable in split(line, _BEGIN, header.end()):
        header = _HEADER.match(part)
        if header is None or not believable:
            report(UnreadKind.MALFORMED, part)
        else:
            records.append(_record(header, part, number))
    return records


def _record(header: re.Match[bytes], line: bytes, number: int) -> Record:
    kind = header[1]
    if kind is None:
        # Kernels before 2.6.20 printed no type for a decision.
        kind = b"AVC" if line.startswith(b"avc:", header.end()) else b"UNKNOWN"
        if line.startswith(b"op=security_", header.end()):
            kind = b"SELINUX_ERR"
    return Record(header[2], kind_name(kind), line[header.end() :], number, Form.RAW)
