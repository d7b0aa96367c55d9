# SPDX-License-Identifier: GPL-2.0-or-later
"""The tally: the same for any order, and merging is the same as reading together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model.access import Result
from policytool.model.context import SecurityContext
from policytool.model.event import AccessDecision, EventKey, Location, SelinuxError, Syscall, TraceEvent
from policytool.model.observation import Observations
from policytool.traces.tally import tally as tally_module
from policytool.traces.tally.tally import Tally

_TYPES = st.sampled_from([SecurityContext("u", "r", "blue_t", "s0"), SecurityContext("u", "r", "red_t")])
_PLACE = Location("synthetic", 1)


@st.composite
def _decisions(draw: st.DrawFn) -> AccessDecision:
    return AccessDecision(
        location=_PLACE,
        result=draw(st.sampled_from(Result)),
        perms=draw(st.sampled_from([(), ("read",), ("read", "open")])),
        source=draw(_TYPES),
        target=draw(_TYPES),
        tclass="file",
        permissive=draw(st.sampled_from([None, True, False])),
        comm=draw(st.sampled_from(["", "blued"])),
        path=draw(st.integers(0, 30).map("/p{:02}".format)),
        xperm=draw(st.sampled_from([None, 1, 2])),
    )


@st.composite
def _events(draw: st.DrawFn) -> TraceEvent:
    syscall = draw(st.sampled_from([None, Syscall("openat", exe="/usr/sbin/blued"), Syscall("read", comm="x")]))
    return TraceEvent(
        key=EventKey("", draw(st.integers(0, 9)), draw(st.integers(0, 9))),
        decisions=tuple(draw(st.lists(_decisions(), max_size=3))),
        syscall=syscall,
        errors=(SelinuxError(_PLACE, "bounds"),) if draw(st.booleans()) else (),
        records=draw(st.integers(1, 5)),
    )


def _observed(events: Sequence[TraceEvent], trace: str = "t") -> Observations:
    tally = Tally(trace, complete=True)
    for event in events:
        tally.add(event)
    return tally.observations()


@settings(deadline=None)
@given(st.lists(_events(), max_size=30), st.randoms())
def test_the_order_of_events_makes_no_difference(events: list[TraceEvent], random: object) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _observed(shuffled) == _observed(events)


@settings(deadline=None)
@given(st.lists(_events(), max_size=30), st.integers(0, 30))
def test_merging_is_the_same_as_reading_together(events: list[TraceEvent], cut: int) -> None:
    head, tail = _observed(events[:cut]), _observed(events[cut:])
    assert head.merge(tail) == tail.merge(head) == _observed(events)


@settings(deadline=None)
@given(st.lists(_events(), max_size=30))
def test_trimming_the_uses_early_loses_nothing(events: list[TraceEvent]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally_module, "MAX_USES", 3)
        expected = _observed(events)
        patch.setattr(tally_module, "_MANY", 4)
        assert _observed(events) == expected


def test_the_program_is_the_syscalls_else_the_managers_else_comm() -> None:
    def program(syscall: Syscall | None, exe: str) -> str:
        context = SecurityContext("u", "r", "t")
        decision = AccessDecision(_PLACE, Result.DENIED, ("read",), context, context, "file", comm="c", exe=exe)
        event = TraceEvent(EventKey("", 1, 1), (decision,), syscall)
        return _observed([event]).vectors[0].evidence.uses[0][0].program

    assert program(Syscall("read", exe="/sys"), "/exe") == "/sys"
    assert program(None, "/exe") == "/exe"
    assert program(Syscall("read"), "") == "c"


def test_extended_permissions_and_decisions_without_one_are_both_kept() -> None:
    context = SecurityContext("u", "r", "t")
    events = [
        TraceEvent(
            EventKey("", 1, 1),
            (AccessDecision(_PLACE, Result.DENIED, ("ioctl",), context, context, "file", xperm=xperm),),
        )
        for xperm in (1, 2, 2, None)
    ]
    (vector,) = _observed(events).vectors
    assert (vector.xperms, vector.unlisted, vector.evidence.count) == (frozenset({1, 2}), 1, 4)
