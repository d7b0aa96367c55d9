# SPDX-License-Identifier: GPL-2.0-or-later
"""Which permissions no step needs, on made-up machines whose steps know what they ask for and what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.lab.ablation import Judged, Necessity, StepName, Trial, judge
from policytool.model.access import AccessKey

KEYS: tuple[AccessKey, ...] = tuple(("d_t", "d_t", "capability", f"cap_{number:02}") for number in range(16))


@dataclass(frozen=True)
class Work:
    """A step of a scenario: what it asks for in turn, and what it ends without. With `either` one is enough."""

    scenario: str
    name: str
    asks: tuple[AccessKey, ...]
    needs: frozenset[AccessKey]
    either: frozenset[AccessKey] = frozenset()

    @property
    def step(self) -> StepName:
        return (self.scenario, "d", self.name)


def trial(works: Sequence[Work], removed: frozenset[AccessKey]) -> Trial:
    """Play an enforced run: a scenario that failed asks for nothing more, and all its further steps fail."""
    steps = []
    denied: dict[tuple[str, str], frozenset[AccessKey]] = {}
    broken: set[str] = set()
    for work in works:
        if work.scenario not in broken:
            asked = set()
            for key in work.asks:
                asked |= {key} & removed
                if key in work.needs & removed:
                    broken.add(work.scenario)
                    break
            denied[work.scenario, f"d {work.name}"] = frozenset(asked)
            if work.either and work.either <= removed:
                broken.add(work.scenario)
        steps.append((work.step, work.scenario not in broken))
    return Trial(removed, tuple(steps), denied)


def ablated(works: Sequence[Work], candidates: Sequence[AccessKey]) -> tuple[Judged, list[Trial]]:
    trials: list[Trial] = []
    while (judged := judge(candidates, trials)).next is not None:
        assert len(trials) < 200, "it ends"
        trials.append(trial(works, judged.next))
    return judged, trials


def work(scenario: str, name: str, asks: Sequence[int], needs: Sequence[int], either: Sequence[int] = ()) -> Work:
    def keys(numbers: Sequence[int]) -> frozenset[AccessKey]:
        return frozenset(KEYS[number] for number in numbers)

    every = tuple(KEYS[number] for number in dict.fromkeys((*asks, *needs, *either)))
    return Work(scenario, name, every, keys(needs), keys(either))


def named(judged: Judged) -> Mapping[str, tuple[str, str]]:
    return {key[3]: (step[0], step[2]) for key, step in judged.needed.items()}


def test_nothing_is_needed_after_one_clean_trial() -> None:
    judged, trials = ablated([work("s", "a", [0, 1], [])], KEYS)
    assert len(trials) == 1
    assert judged.spare == frozenset(KEYS)
    assert judged.asked == frozenset(KEYS[:2])
    assert judged.verdict(KEYS[5]) is Necessity.SPARE


def test_one_that_alone_was_denied_is_needed_by_its_step() -> None:
    judged, trials = ablated([work("s", "a", [0], []), work("s", "b", [], [1])], KEYS)
    assert named(judged) == {"cap_01": ("s", "b")}
    assert judged.spare == frozenset(KEYS) - {KEYS[1]}
    assert len(trials) == 2, "the first fails, the second passes with it"


def test_scenarios_are_judged_side_by_side() -> None:
    judged, trials = ablated([work(f"s{number}", "a", [], [number]) for number in range(8)], KEYS)
    assert set(named(judged)) == {f"cap_{number:02}" for number in range(8)}
    assert len(trials) == 2


def test_one_of_many_takes_a_logarithm() -> None:
    judged, trials = ablated([work("s", "a", range(16), [11])], KEYS)
    assert named(judged) == {"cap_11": ("s", "a")}
    assert len(trials) <= 8


def test_a_chain_takes_a_trial_for_each() -> None:
    judged, trials = ablated([work("s", "a", [0], [1, 2, 3, 4, 5, 6, 7, 8]), work("t", "b", [9], [10])], KEYS)
    assert named(judged) == {f"cap_{number:02}": ("s", "a") for number in range(1, 9)} | {"cap_10": ("t", "b")}
    assert judged.spare == {KEYS[0], KEYS[9], *KEYS[11:]}
    assert len(trials) <= 20


def test_one_of_two_is_enough() -> None:
    judged, _ = ablated([work("s", "a", [], [], either=[2, 3])], KEYS)
    assert len(judged.needed) == 1
    assert judged.needed.keys() <= {KEYS[2], KEYS[3]}
    assert judged.spare == frozenset(KEYS) - judged.needed.keys()


def test_scenarios_that_fail_by_themselves_leave_it_open() -> None:
    broken = Trial(frozenset(), ((("s", "d", "a"), False),), {})
    judged = judge(KEYS[:1], [Trial(frozenset(KEYS[:1]), broken.steps, {}), broken, broken])
    assert judged.next is None
    assert judged.verdict(KEYS[0]) is Necessity.OPEN


def test_a_second_look_where_something_earlier_was_to_blame() -> None:
    # The second step asks for 0 and needs nothing: what the first was denied, 1, is what broke it.
    first, second = ("s", "d", "a"), ("s", "d", "b")
    asked = {("s", "d a"): frozenset({KEYS[1]}), ("s", "d b"): frozenset({KEYS[0]})}
    trials: list[Trial] = []
    while (judged := judge(KEYS[:2], trials)).next is not None:
        removed = judged.next
        denied = {place: keys & removed for place, keys in asked.items()}
        trials.append(Trial(removed, ((first, True), (second, KEYS[1] not in removed)), denied))
    assert judged.needed == {KEYS[1]: second}
    assert judged.spare == {KEYS[0]}


@st.composite
def worlds(draw: st.DrawFn) -> list[Work]:
    numbers = st.lists(st.integers(0, 15), max_size=4)
    works = []
    for scenario in range(draw(st.integers(1, 4))):
        steps = range(draw(st.integers(1, 4)))
        works += [work(f"s{scenario}", str(step), draw(numbers), draw(numbers)) for step in steps]
    return works


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_what_is_needed_is_found_and_no_more(works: list[Work]) -> None:
    judged, trials = ablated(works, KEYS)
    truth = frozenset(chain.from_iterable(work.needs for work in works))
    assert judged.needed.keys() == truth
    assert judged.spare == frozenset(KEYS) - truth
    for key, step in judged.needed.items():
        assert key in next(work.needs for work in works if work.step == step)
    assert trial(works, judged.spare).clean
    # What was given back beside what is needed takes a trial each.
    assert len(trials) <= 2 + 5 * len(truth) + (len(KEYS) if truth else 0)
