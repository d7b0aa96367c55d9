# SPDX-License-Identifier: GPL-2.0-or-later
"""Audit records in the kernel's own log: `audit: type=1400 audit(1460000000.123:45): avc:  denied …`.

What may stand before a record is a short list: a syslog or dmesg time and the name of the kernel or of auditd.
A record in the middle of any other text is somebody's text, not a record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from policytool.model.event import UnreadKind
from policytool.traces.record import STAMP, Form, Record, Report

_PREFIX = (
    rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (\S+) )?"
    rb"(?:kernel: |auditd?(?:\[\d+\])?: )?(?:\[[ \d]{0,12}\.\d{6}\] ?)?(?:auditd?(?:\[\d+\])?: )?"
)
_HEADER = re.compile(_PREFIX + rb"(?:type=(?:UNKNOWN\[)?(\w+)\]? )?(?:msg=)?audit\((" + STAMP + rb")\) ?:[ ]{0,2}")

# linux/audit.h; the others keep their number, which nothing here reads.
_KINDS = {
    b"1107": b"USER_AVC",
    b"1300": b"SYSCALL",
    b"1302": b"PATH",
    b"1306": b"SOCKADDR",
    b"1307": b"CWD",
    b"1309": b"EXECVE",
    b"1320": b"EOE",
    b"1327": b"PROCTITLE",
    b"1400": b"AVC",
    b"1401": b"SELINUX_ERR",
    b"1402": b"AVC_PATH",
}


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the record of LINE (a `Format`)."""
    header = _HEADER.match(line)
    if header is None:
        return None
    if line.count(b"audit(") > 1:
        report(UnreadKind.MALFORMED, line)
        return ()
    kind = header[2]
    if kind is None:
        # Kernels before 2.6.20 printed no type for a decision.
        kind = b"AVC" if line.startswith(b"avc:", header.end()) else b"UNKNOWN"
    return (Record(header[3], _KINDS.get(kind, kind), line[header.end() :], number, Form.RAW),)
