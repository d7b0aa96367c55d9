# SPDX-License-Identifier: GPL-2.0-or-later
"""What `ausearch -i` prints, as people paste it into reports, and what ausearch writes around records.

Its times are local; see `when` for how they are read. Values are not quoted, so a name may hold a whole record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from policytool.model.event import UnreadKind
from policytool.traces.events.fields import form_of
from policytool.traces.events.record import (
    UNSTAMPED,
    Form,
    Record,
    Report,
    decoded,
    full_key,
    kind_name,
    tells_decisions,
)
from policytool.traces.formats import audit
from policytool.traces.formats.timestamps import milliseconds

_HEADER = re.compile(
    rb"(?:(?:node|host)=(\S+) )?type[= ](?:UNKNOWN\[)?(\w+)\]? {1,3}msg[=-]audit\("
    rb"([^()\n]{0,60}(?:\([^()\n]{0,20}\)[^()\n]{0,40})?)\) ?:? {0,2}"
)
_STAMP = re.compile(r"(.*?)(?:[.,](\d{1,3}))?:(\d{1,20})", re.DOTALL)
_DECISION = re.compile(rb"avc: {1,2}(?:denied|granted)\b")
_BEGIN = re.compile(rb"(?:(?<=\s)|^)(?:(?:node|host)=\S{1,256} )?type[= ]\S{1,64} {1,3}msg[=-]audit\(")
# A name in a folder, which has at most 255 bytes and no slash (NAME_MAX); a path may have 4,096 of any.
_NAME = re.compile(rb"(?<=\s)name=(?![\"(])")
_LONG_NAME = re.compile(rb"(?<=\s)(?:exe|path|cwd|cmdline|proctitle)=(?![\"(])")
_MAX_NAME = 255
# What the kernel writes after a name (dump_common_audit_data in security/lsm_audit.c): the rest of a record whose
# name held the record before.
_AFTER_NAME = re.compile(rb"avc: {1,2}(?:denied|granted)\b.*?(?= dev=| scontext=)")
_SEPARATOR = re.compile(rb"-{2,}|time->.*|<no matches>|\s*")


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    if _SEPARATOR.fullmatch(line):
        return ()
    header = _HEADER.match(line)
    if header is None:
        return None
    if line.count(b"audit(") > 1 or len(_DECISION.findall(line)) > 1:
        return _several(line, number, report)
    node, kind, stamp = header.groups()
    kind = kind_name(kind)
    moment, serial = _read_stamp(decoded(stamp))
    if moment is None:
        # What was decided is as true without its time.
        report(UnreadKind.BAD_STAMP, line)
        if not tells_decisions(kind) or b"tclass=" not in line:
            return ()
    key = full_key(node or b"", moment or 0, UNSTAMPED + number if serial is None else serial)
    body = line[header.end() :]
    return (Record(key, kind, body, number, form_of(body) if moment is None else Form.INTERPRETED),)


def _several(line: bytes, number: int, report: Report) -> Sequence[Record]:
    """Return the records of LINE, one after another; none where a name may hold what looks like a record."""
    begins = [begin.start() for begin in _BEGIN.finditer(line)]
    parts = [line[begin:end].rstrip() for begin, end in pairwise((*begins, len(line)))]
    whole = all(part.count(b" scontext=") == 1 for part in parts)
    if len(parts) > 1 and whole and all(map(_ends_before, parts, parts[1:])):
        # The kernel's own form among them has its reader.
        records = [audit.read_line(part, number, report) or read_line(part, number, report) for part in parts]
        return [record for several in records for record in several or ()]
    report(UnreadKind.MALFORMED, line)
    return ()


def _ends_before(part: bytes, after: bytes) -> bool:
    """Say whether PART surely ends where AFTER begins: no name in it can hold the beginning of AFTER as well."""
    head = _AFTER_NAME.search(after)
    if head is None or _DECISION.search(part) is None or _LONG_NAME.search(part):
        return False
    beginning = b" " + after[: head.end()]
    return all(
        len(held := part[name.end() :] + beginning) > _MAX_NAME or b"/" in held for name in _NAME.finditer(part)
    )


# The records of an event, and events of one second, have it in common.
@lru_cache(maxsize=256)
def _read_stamp(text: str) -> tuple[int | None, int | None]:
    """Return milliseconds and serial of what stands between the brackets; None for what cannot be read."""
    match = _STAMP.fullmatch(text)
    if match is None:
        return None, None
    moment = milliseconds(match[1])
    if moment is not None and match[2] is not None:
        moment += int(match[2]) - moment % 1000
    return moment, int(match[3])
