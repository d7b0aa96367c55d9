# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.model.access import Result
from policytool.model.event import AccessDecision, EventKey, Location, TraceEvent
from policytool.model.selection import Selection
from tests.synthetic import context, vector

SEEN = vector("blue_t", "red_t", "file", "read", result=Result.DENIED)


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), True),
        (Selection(domains=("red_t",)), True),
        (Selection(domains=("green_t", "bl*_t")), True),
        (Selection(domains=("green_t",)), False),
        (Selection(sources=("red_t",)), False),
        (Selection(targets=("r?d_t",), classes=("file",), perms=("read",)), True),
        (Selection(classes=("dir",)), False),
        (Selection(perms=("write",)), False),
        (Selection(result=Result.GRANTED), False),
        (Selection(result=Result.DENIED), True),
    ],
)
def test_every_list_narrows(selection: Selection, wanted: bool) -> None:
    assert selection.wants(SEEN) is wanted
    assert not selection.by_event


def test_an_event_is_cut_down_to_the_programs_wanted_and_to_the_time() -> None:
    decisions = tuple(
        AccessDecision(Location("x", 1), Result.DENIED, (perm,), context("a_t"), context("b_t"), "file")
        for perm in ("read", "write")
    )
    event = TraceEvent(EventKey("", 1000, 1), decisions)
    programs = ("/usr/sbin/blued", "redd")
    for pattern, perms in (
        ("blued", ["read"]),
        ("/usr/*", ["read"]),
        ("redd", ["write"]),
        ("*", ["read", "write"]),
    ):
        kept = Selection(programs=(pattern,)).of_event(event, programs)
        assert kept is not None
        assert [decision.perms[0] for decision in kept.decisions] == perms
    assert Selection(since=1000, until=1000).of_event(event, programs) is event
    assert Selection(since=1001).of_event(event, programs) is None
    assert Selection(until=999).of_event(event, programs) is None
