# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.generate.chances import Chances, Trials
from policytool.generate.exact import exact
from policytool.generate.leave_one_out import Estimate, Fold, calibrated, estimate, folds, learned_of, saturation
from policytool.generate.likely import HARMLESS, Candidates
from policytool.generate.peers import Doings
from policytool.generate.signs import Signs
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure, Triaged
from policytool.graph.permission_graph import build
from policytool.model.module import PolicyModule
from tests.synthetic import BASE, DAEMON, GREETER, vector

Key = tuple[str, str, str, str]


# What speaks for two accesses in every fold: much for one, little for the other.
APPEND = ("greeterd_t", "etc_t", "file", "append")
UNLINK = ("greeterd_t", "etc_t", "file", "unlink")
EXECUTE = ("greeterd_t", "etc_t", "file", "execute")
LIKELY = {APPEND: Signs(others=9, share=0.9), UNLINK: Signs(like="x_t"), EXECUTE: Signs(share=0.9)}


def make(triaged: Sequence[Triaged]) -> PolicyModule:
    start = skeleton(DAEMON, build(GREETER), BASE, extends=False)
    return exact(start, list(triaged), frozenset({"etc_t", "init_t"}))


def left(scenarios: Mapping[str, Sequence[Triaged]], *always: Triaged) -> tuple[Fold, ...]:
    return folds(scenarios, always, make, lambda left_out, rest: Candidates(LIKELY, Doings()))


def leave_one_out(scenarios: Mapping[str, Sequence[Triaged]], *always: Triaged) -> Estimate:
    return estimate(left(scenarios, *always))


def access(
    perm: str, cure: Cure = Cure.ALLOW, count: int = 1, xperms: frozenset[int] = frozenset(), tclass: str = "file"
) -> Triaged:
    return Triaged(vector("greeterd_t", "etc_t", tclass, perm, count=count, xperms=xperms), cure)


def test_what_only_the_left_out_scenario_shows_is_denied() -> None:
    scenarios = {
        "one": [access("read", count=5), access("open", Cure.GRANTED), access("write", Cure.REFUSED)],
        "two": [access("read"), access("append", count=3)],
    }
    first, second = leave_one_out(scenarios).held
    assert (first.scenario, first.accesses, first.decisions, first.denied) == ("one", 2, 6, ())
    assert (second.scenario, second.accesses, second.decisions, second.denied_decisions) == ("two", 2, 4, 3)
    assert second.denied == (("greeterd_t", "etc_t", "file", "append"),)
    both = leave_one_out(scenarios)
    assert both.share == pytest.approx(1 / 4)
    assert both.weighted == pytest.approx(3 / 10)
    assert leave_one_out(scenarios, access("append")).denied == 0, "what is always in is never missed"


def test_a_command_that_only_the_left_out_scenario_shows_is_denied() -> None:
    scenarios = {
        "one": [access("ioctl", xperms=frozenset({1}), tclass="chr_file")],
        "two": [access("ioctl", xperms=frozenset({1, 2}), tclass="chr_file")],
    }
    first, second = leave_one_out(scenarios).held
    assert first.denied == ()
    assert second.denied == (("greeterd_t", "etc_t", "chr_file", "ioctl"),)


def test_one_scenario_is_no_estimate() -> None:
    estimate = leave_one_out({"one": [access("read")]})
    assert (estimate, estimate.share, estimate.weighted) == (Estimate(()), None, None)


TWO = {"one": [access("read")], "two": [access("read"), access("append", count=3)]}


def test_what_was_likely_is_counted_with_what_of_it_was_needed() -> None:
    (without_one, without_two) = left(TWO)
    assert (without_one.denied, without_two.denied) == (frozenset(), frozenset({APPEND}))
    learned = learned_of((without_one, without_two), alone=False)
    much, little = (LIKELY[key].levels(alone=False) for key in (APPEND, UNLINK))
    assert learned.rows == {much: Trials(2, 1), little: Trials(2, 0)}
    alone = learned_of((without_one, without_two), alone=True)
    assert sum(tally.tried for tally in alone.rows.values()) == 4, "nobody else runs the file, so nobody may unseen"


def test_the_likeliest_save_what_they_are() -> None:
    found = left(TWO)
    chances = learned_of(found, alone=False)
    likeliest = [fold.likeliest(chances, 1, 0.0) for fold in found]
    assert likeliest == [(APPEND,), (APPEND,)]
    assert estimate(found, lambda fold: fold.likeliest(chances, 1, 0.0)).denied == 0
    assert estimate(found).denied == 1
    assert found[0].likeliest(chances, 9, 0.0) == (APPEND, UNLINK)
    assert found[0].likeliest(chances, 9, chances.of(LIKELY[APPEND].levels(alone=False))) == (APPEND,)
    assert found[0].likeliest(chances, 0, 0.0) == ()


def test_an_added_ioctl_opens_what_is_harmless_and_nothing_else() -> None:
    ioctl = ("greeterd_t", "etc_t", "file", "ioctl")
    for command, denied in ((min(HARMLESS), 0), (0x5413, 1)):
        shown = access("ioctl", xperms=frozenset({command}))
        found = left({"one": [access("read")], "two": [access("read"), shown]})
        assert estimate(found, lambda fold: (ioctl,)).denied == denied


def test_chances_are_held_against_what_was_needed() -> None:
    found = left(TWO)
    high, low = (LIKELY[key].levels(alone=False) for key in (APPEND, UNLINK))
    chances = Chances({high: Trials(1000, 500), low: Trials(100_000, 0)})
    bins = [part for part in calibrated(found, chances) if part.tried]
    assert [(part.least, part.tried, part.needed) for part in bins] == [(0.1, 2, 1), (0.0, 2, 0)]
    assert bins[0].expected == pytest.approx(2 * chances.of(high))


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
