# SPDX-License-Identifier: GPL-2.0-or-later
"""In how many scenarios and recordings something was seen; the evidence is made up here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.access import Evidence, Use
from policytool.model.support import Sample, scenarios_of, support

DAY = 1_766_000_000_000  # 2025-12-17


BUNDLES = Sample(9, {"life": ("one 1",), "edit": ("one 1",), "start": ("two 2",), "twice": ("one 1", "three 3")})


def evidence(*seen: str, count: int = 0, first: int = DAY) -> Evidence:
    """Return evidence of uses, each in a scenario of SEEN and by a program of its own."""
    uses = {Use(trace, f"/bin/{place}", "open", "/p"): 1 for place, trace in enumerate(seen)}
    return Evidence(count or len(uses), first, first + 1, tuple(sorted(uses.items())))


def test_scenarios_and_recordings_are_counted_each_once() -> None:
    found = support(evidence("life", "life", "edit", "start"), BUNDLES)
    assert found.text(9) == "in 3 of 9 scenarios, 2 recordings, since 2025-12-17"
    assert not found.once
    assert found.weak() == ""


def test_where_recordings_are_not_told_none_is_counted() -> None:
    assert support(evidence("life", "edit")).text() == "in 2 scenarios, since 2025-12-17"


def test_of_a_scenario_that_was_recorded_twice_nobody_knows_in_which() -> None:
    found = support(evidence("twice"), BUNDLES)
    assert found.text(9) == "in 1 of 9 scenarios, at least 1 recording, since 2025-12-17"
    assert found.weak() == found.weak(9) == "seen in twice alone"
    assert found.weak(1) == ""
    assert (
        support(evidence("twice", "start"), BUNDLES).text()
        == "in 2 scenarios, at least 2 recordings, since 2025-12-17"
    )
    assert support(evidence("twice", "life"), BUNDLES).recordings == 1, "it may be that of life"


def test_what_was_forgotten_may_be_elsewhere() -> None:
    found = support(evidence("life-wrong", count=5))
    assert found.text(9).startswith("in at least 1 of 9 scenarios")
    assert not found.once
    assert not found.on_error


def test_a_log_without_times_says_no_date() -> None:
    assert support(evidence("a.log", first=0), Sample(1, {"a.log": ("a.log",)})).text(1) == (
        "in 1 of 1 scenario, 1 recording"
    )


@pytest.mark.parametrize(
    ("names", "weak"),
    [
        (["a-wrong"], "seen in a-wrong alone, a scenario of wrong input"),
        (["a-wrong", "b-refused"], "seen only in scenarios of wrong input: a-wrong, b-refused"),
        (["a-wrong", "a-life"], ""),
        (["wrongly"], "seen in wrongly alone"),
    ],
)
def test_wrong_input_is_told_by_the_names_of_scenarios(names: list[str], weak: str) -> None:
    found = support(evidence(*names))
    assert found.weak() == weak
    assert found.on_error == ("wrong input" in weak)


@given(st.lists(st.sampled_from(["life", "edit", "start", "twice", "new"]), min_size=1))
def test_no_more_scenarios_and_recordings_than_were_read(seen: list[str]) -> None:
    found = support(evidence(*seen), BUNDLES)
    assert found.scenarios == len(scenarios_of([evidence(*seen)])) == len(set(seen))
    assert found.once == (len(set(seen)) == 1)
    assert found.recordings <= min(3, found.scenarios)
