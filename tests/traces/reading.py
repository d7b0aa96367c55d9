# SPDX-License-Identifier: GPL-2.0-or-later
"""Short ways to read lines that were written by hand (synthetic) for a test."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.model.event import AccessDecision, TraceEvent, Unread, UnreadKind
from policytool.traces.formats.lines import read_events

CONTEXTS = "scontext=system_u:system_r:blue_t:s0 tcontext=system_u:object_r:red_t:s0"


def read(*lines: str | bytes) -> tuple[list[TraceEvent], list[Unread]]:
    raw: Iterable[bytes] = [line if isinstance(line, bytes) else line.encode() for line in lines]
    unread: list[Unread] = []
    events = list(read_events(raw, "synthetic.log", unread.append))
    return events, unread


def event(*lines: str | bytes) -> TraceEvent:
    events, unread = read(*lines)
    assert unread == []
    assert len(events) == 1
    return events[0]


def decision(*lines: str | bytes) -> AccessDecision:
    (only,) = event(*lines).decisions
    return only


def unread_kinds(*lines: str | bytes) -> list[UnreadKind]:
    return [place.kind for place in read(*lines)[1]]


def avc(about: str = 'pid=7 comm="blued"', tail: str = "tclass=file permissive=1", perms: str = "{ read }") -> str:
    return f"type=AVC msg=audit(1700000000.123:45): avc:  denied  {perms} for  {about} {CONTEXTS} {tail}"


def record(kind: str, body: str, stamp: str = "1700000000.123:45") -> str:
    return f"type={kind} msg=audit({stamp}): {body}"
