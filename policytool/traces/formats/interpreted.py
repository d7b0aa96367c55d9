# SPDX-License-Identifier: GPL-2.0-or-later
"""What `ausearch -i` prints, as people paste it into reports, and what ausearch writes around records.

Its times are local; see `when` for how they are read. Values are not quoted, so a name may hold a whole record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

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
from policytool.traces.formats.timestamps import milliseconds

_HEADER = re.compile(
    rb"(?:(?:node|host)=(\S+) )?type[= ](?:UNKNOWN\[)?(\w+)\]? {1,3}msg[=-]audit\("
    rb"([^()\n]{0,60}(?:\([^()\n]{0,20}\)[^()\n]{0,40})?)\) ?:? {0,2}"
)
_STAMP = re.compile(r"(.*?)(?:[.,](\d{1,3}))?:(\d{1,20})", re.DOTALL)
_DECISION = re.compile(rb"avc: {1,2}(?:denied|granted)\b")
_SEPARATOR = re.compile(rb"-{2,}|time->.*|<no matches>|\s*")


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the records of LINE (a `Format`)."""
    if _SEPARATOR.fullmatch(line):
        return ()
    header = _HEADER.match(line)
    if header is None:
        return None
    if line.count(b"audit(") > 1 or len(_DECISION.findall(line)) > 1:
        # A name may hold a whole record: which one is true cannot be told.
        report(UnreadKind.MALFORMED, line)
        return ()
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
