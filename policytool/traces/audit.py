# SPDX-License-Identifier: GPL-2.0-or-later
"""audit.log as auditd writes it, raw or enriched, and as `ausearch --raw` prints it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from policytool.model.event import UnreadKind
from policytool.traces.record import STAMP, Form, Record, Report

_HEADER = re.compile(
    rb"(?:(?:node|host)=(\S+) )?type=(?:UNKNOWN\[)?(\w+)\]? {1,3}msg=audit\((" + STAMP + rb")\) ?:?[ ]{0,2}"
)
_BEGIN = re.compile(rb"(?:(?:node|host)=\S+ )?type=\S+ {1,3}msg=audit\(")

# Values of user-space records are chosen by programs and may hold anything, another record included.
_UNTRUSTED = (b"USER_", b"CRED_", b"ANOM_", b"SERVICE_", b"VIRT_")


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    header = _HEADER.match(line)
    if header is None:
        return _broken(line, report)
    if line.count(b"msg=audit(") == 1:
        return (_record(header, line[header.end() :], number),)
    return _glued(line, number, report)


def _record(header: re.Match[bytes], body: bytes, number: int) -> Record:
    node, kind, stamp = header.group(1, 2, 3)
    return Record(stamp if node is None else node + b" " + stamp, kind, body, number, Form.RAW)


def _broken(line: bytes, report: Report) -> Sequence[Record] | None:
    begin = _BEGIN.match(line)
    if begin is None:
        return None
    rest = line[begin.end() :]
    if b")" not in rest:
        report(UnreadKind.TRUNCATED, line)
    elif re.match(rb"[^)]*[ -/T]\d\d?:\d\d", rest):
        # A date: another format's.
        return None
    else:
        report(UnreadKind.BAD_STAMP, line)
    return ()


def _glued(line: bytes, number: int, report: Report) -> Sequence[Record]:
    """Take apart what was pasted onto one line: each record keeps its own stamp, so nothing is merged."""
    starts = [0]
    for begin in _BEGIN.finditer(line, 1):
        # The kernel quotes nothing that holds a space or a quote, so an odd count means: inside a value.
        if line.count(b'"', starts[-1], begin.start()) % 2 == 0:
            starts.append(begin.start())
    records = []
    for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
        part = line[start:end]
        header = _HEADER.match(part)
        if header is None:
            _broken(part, report)
        elif header[2].startswith(_UNTRUSTED) and (end < len(line) or part.count(b"msg=audit(") > 1):
            # Which of the two is true cannot be told: a forged one must not become a rule, and what follows
            # it on this line may be its invention too.
            report(UnreadKind.MALFORMED, line[start:])
            break
        else:
            records.append(_record(header, part[header.end() :].rstrip(), number))
    return records
