# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/monolith.md is of today's recordings, and counts what it says."""

from __future__ import annotations

from bench.monolith import PAGE, measured, page, stamp
from policytool.report.same_work import DAEMONS, SELF, Did, Scenario, SharedScenarios

STALE = "the traces have changed: make monolith"


def test_the_page_is_of_todays_traces() -> None:
    text = PAGE.read_text("utf-8")
    assert f"`{stamp()}`" in text, STALE
    assert "\n".join(page(measured())) + "\n" == text, STALE


def test_sums_and_differences_of_two_scenarios() -> None:
    mine, socket = Did(SELF, "capability", "chown"), Did(DAEMONS, "unix_stream_socket", "connectto")
    read, write = Did("etc_t", "file", "read"), Did("etc_t", "file", "write")
    found = SharedScenarios(
        "libvirtd",
        (
            Scenario("one", frozenset({mine, read}), {"ad": frozenset({read}), "bd": frozenset({read, socket})}),
            Scenario("two", frozenset({read, write}), {"ad": frozenset({read})}),
        ),
    )
    whole = found.together
    assert whole.monolith == {mine, read, write}
    assert whole.union == {read, socket}
    assert whole.largest == ("bd", frozenset({read, socket}))
    lines = list(page(found))
    assert "| one | 2 | 2 | 2 | bd: 2 | 100% |" in lines
    assert "| two | 2 | 1 | 1 | ad: 1 | 50% |" in lines
    assert "| ad | 1 | 33% | 0 | 0: none |" in lines
    assert "| unix_stream_socket | connectto | one (bd) |" in lines
    assert "| capability | chown | one |" in lines
    assert "| file | write | two |" in lines
    same = Scenario("three", frozenset({read}), {"ad": frozenset({read})})
    assert list(page(SharedScenarios("libvirtd", (same,)))).count("Nothing.") == 2
