# SPDX-License-Identifier: GPL-2.0-or-later
"""Records without a stamp: the journal's text (`AVC avc:  denied …`), old dmesg, object managers' own logs.

Nothing tells which of them belong to one event, so that each is one of its own, at the time that its line has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from policytool.model.event import UnreadKind
from policytool.traces.events.fields import form_of
from policytool.traces.events.record import UNSTAMPED, Form, Record, Report, full_key, kind_name
from policytool.traces.formats import audit, kernel
from policytool.traces.formats.glued import split

# Kinds that are known from their first field; of the others only a line of the audit system itself is believed.
_KNOWN = (
    rb"AVC {1,2}avc:|(?:USER_)?SELINUX_ERR {1,2}(?:op=|pid=)|SYSCALL {1,2}arch=|CWD {1,3}cwd=|PATH {1,2}item=|"
    rb"EXECVE {1,2}argc=|PROCTITLE {1,2}proctitle=|SOCKADDR {1,2}saddr=|USER_AVC {1,2}pid="
)
_TYPED = re.compile(rb"(?:type[= ])?(?=" + _KNOWN + rb")([A-Z_]+) {1,3}")
_LOGGED = re.compile(rb"(?:type[= ])?([A-Z][A-Z0-9_]{2,30}|UNKNOWN\[\d{1,5}\]) {1,3}(?=avc:|[a-z][\w-]{0,40}=)")

# The end of a user-space record whose beginning is on the line before, or lost.
_MESSAGE = re.compile(rb"(?:[\w:.,-]{1,200} )?(?:[a-z]{1,20}=[^\s'\"]{0,200} ){0,16}msg='avc:")
_DECISION = re.compile(rb"avc: {1,3}(?:denied|granted)\b")
_BEGIN = re.compile(
    rb"(?:(?:(?:node|host)=\S{1,256} )?(?:type[= ]\S{1,64} {1,3})?(?:msg=)?audit\([^()]{0,80}\) ?:? {0,2})?"
    rb"avc: {1,3}(?:denied|granted)\b"
)
_MANAGER = re.compile(rb" (?:spid|tpid|sauid|msgtype|auid|cmdline|xdevice|resid)=| \(sauid=")

# Records of one line are told apart above the numbers of lines.
_NEXT = 1 << 40


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    typed = _TYPED.match(line)
    if typed is not None and typed[1] != b"AVC":
        return _records(typed[1], line[typed.end() :], number, report)
    if _MESSAGE.match(line):
        return _records(b"USER_AVC", line, number, report)
    begin = typed.end() if typed else 0
    return _decisions(line[begin:], number, report) if _DECISION.match(line, begin) else None


def read_logged(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE, which the audit system itself has written, of whatever kind it is."""
    logged = _LOGGED.match(line)
    if logged is None:
        return None
    return _records(logged[1].removeprefix(b"UNKNOWN[").rstrip(b"]"), line[logged.end() :], number, report)


def _decisions(text: bytes, number: int, report: Report) -> Sequence[Record]:
    records: list[Record] = []
    for part, believable in split(text, _BEGIN, len(b"avc:")):
        form = form_of(part)
        if not believable or (form is Form.INTERPRETED and len(text) > len(part)):
            # Unquoted names may hold whole records.
            report(UnreadKind.MALFORMED, text)
            return ()
        if not part.startswith(b"avc:"):
            records += audit.read_line(part, number, report) or kernel.read_line(part, number, report) or ()
            continue
        kind = b"USER_AVC" if _MANAGER.search(part) else b"AVC"
        key = full_key(b"", 0, UNSTAMPED + number + len(records) * _NEXT)
        records.append(Record(key, kind, part, number, form))
    return records


def _records(kind: bytes, body: bytes, number: int, report: Report) -> Sequence[Record]:
    if b"audit(" not in body:
        return (_record(kind, body, number),)
    records: list[Record] = []
    head = kind + b" "
    for place, (part, believable) in enumerate(split(head + body, audit.BEGIN, len(head))):
        if not believable:
            report(UnreadKind.MALFORMED, part.removeprefix(head))
        elif place == 0:
            records.append(_record(kind, part[len(head) :], number))
        else:
            records += audit.read_line(part, number, report) or ()
    return records


def _record(kind: bytes, body: bytes, number: int) -> Record:
    return Record(full_key(b"", 0, UNSTAMPED + number), kind_name(kind), body, number, form_of(body))
