# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.generate.exact import exact
from policytool.generate.leave_one_out import Estimate, leave_one_out, saturation
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure, Triaged
from policytool.graph.permission_graph import build
from policytool.model.module import PolicyModule
from tests.synthetic import BASE, DAEMON, GREETER, vector

Key = tuple[str, str, str, str]


def make(left_out: str, triaged: object) -> PolicyModule:
    start = skeleton(DAEMON, build(GREETER), BASE, extends=False)
    return exact(start, list(triaged), frozenset({"etc_t", "init_t"}))  # type: ignore[call-overload]


def access(
    perm: str, cure: Cure = Cure.ALLOW, count: int = 1, xperms: frozenset[int] = frozenset(), tclass: str = "file"
) -> Triaged:
    return Triaged(vector("greeterd_t", "etc_t", tclass, perm, count=count, xperms=xperms), cure)


def test_what_only_the_left_out_scenario_shows_is_denied() -> None:
    scenarios = {
        "one": [access("read", count=5), access("open", Cure.GRANTED), access("write", Cure.REFUSED)],
        "two": [access("read"), access("append", count=3)],
    }
    first, second = leave_one_out(scenarios, (), make).held
    assert (first.scenario, first.accesses, first.decisions, first.denied) == ("one", 2, 6, ())
    assert (second.scenario, second.accesses, second.decisions, second.denied_decisions) == ("two", 2, 4, 3)
    assert second.denied == (("greeterd_t", "etc_t", "file", "append"),)
    both = leave_one_out(scenarios, (), make)
    assert both.share == pytest.approx(1 / 4)
    assert both.weighted == pytest.approx(3 / 10)
    assert leave_one_out(scenarios, [access("append")], make).denied == 0, "what is always in is never missed"


def test_a_command_that_only_the_left_out_scenario_shows_is_denied() -> None:
    scenarios = {
        "one": [access("ioctl", xperms=frozenset({1}), tclass="chr_file")],
        "two": [access("ioctl", xperms=frozenset({1, 2}), tclass="chr_file")],
    }
    first, second = leave_one_out(scenarios, (), make).held
    assert first.denied == ()
    assert second.denied == (("greeterd_t", "etc_t", "chr_file", "ioctl"),)


def test_one_scenario_is_no_estimate() -> None:
    estimate = leave_one_out({"one": [access("read")]}, (), make)
    assert (estimate, estimate.share, estimate.weighted) == (Estimate(()), None, None)


KEYS = st.sets(st.sampled_from([("a_t", "b_t", "file", perm) for perm in "abcdef"]))


@given(st.lists(KEYS, max_size=5), KEYS)
def test_saturation_is_the_mean_over_all_choices(scenarios: list[set[Key]], always: set[Key]) -> None:
    named = {str(number): keys for number, keys in enumerate(scenarios)}
    curve = saturation(named, always)
    assert len(curve) == len(scenarios) + 1
    for size, expected in enumerate(curve):
        choices = list(combinations(scenarios, size))
        mean = sum(len(always.union(*chosen)) for chosen in choices) / len(choices)
        assert expected == pytest.approx(mean)
