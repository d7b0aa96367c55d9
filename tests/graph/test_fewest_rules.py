# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.graph.fewest_rules import fewest_rules
from policytool.graph.reachable import ReachGraph
from policytool.model.way import StatedRule, Way


def rule(name: str) -> StatedRule:
    return StatedRule("allow", name, "t", "process", ("transition",))


def way(source: str, target: str, *needs: str) -> Way:
    """Make a way whose NEEDS are words of letters, each letter a rule."""
    return Way(source, target, frozenset(frozenset(rule(letter) for letter in need) for need in needs))


def leads(ways: list[Way], gone: frozenset[StatedRule], target: str) -> bool:
    left = [(way.source, way.target) for way in ways if all(need - gone for need in way.needs)]
    return target in ReachGraph(left).paths("s")


def narrow(_: StatedRule) -> int:
    return 1


def test_one_shared_rule_is_better_than_two_of_their_own() -> None:
    ways = [way("s", "m", "a", "x"), way("s", "n", "b", "x"), way("m", "t", "c"), way("n", "t", "d")]
    assert fewest_rules(ways, "s", "t", narrow).rules == (rule("x"),)


def test_every_rule_that_gives_one_need_has_to_go() -> None:
    cut = fewest_rules([way("s", "t", "ab"), way("s", "t", "cde")], "s", "t", narrow)
    assert cut.rules == tuple(map(rule, "abcde"))
    assert cut.optimal
    assert fewest_rules([way("s", "t", "ab", "c")], "s", "t", narrow).rules == (rule("c"),)


def test_of_two_sets_the_narrower_one() -> None:
    ways = [way("s", "m", "a"), way("m", "t", "b")]
    assert fewest_rules(ways, "s", "t", lambda stated: 50 if stated.source == "a" else 2).rules == (rule("b"),)
    assert fewest_rules(ways, "s", "t", lambda stated: 50 if stated.source == "b" else 2).rules == (rule("a"),)


def test_nothing_to_remove_where_no_way_leads() -> None:
    assert fewest_rules([way("t", "s", "a"), way("s", "m", "b")], "s", "t", narrow).rules == ()
    assert fewest_rules([], "s", "t", narrow).rules == ()


NODES = st.sampled_from("smnt")
NEEDS = st.lists(st.text("abcdef", min_size=1, max_size=2), min_size=1, max_size=3)
WAYS = st.lists(st.tuples(NODES, NODES, NEEDS).map(lambda drawn: way(drawn[0], drawn[1], *drawn[2])))


@given(WAYS)
@settings(max_examples=60)
def test_as_few_as_trying_all_of_them_finds(ways: list[Way]) -> None:
    cut = fewest_rules(ways, "s", "t", narrow)
    assert not leads(ways, frozenset(cut.rules), "t")
    every = [rule(letter) for letter in "abcdef"]
    fewer = (frozenset(some) for size in range(len(cut.rules)) for some in combinations(every, size))
    assert all(leads(ways, some, "t") for some in fewer)


def test_paths_are_shortest_and_bounded() -> None:
    graph = ReachGraph([("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("d", "a")])
    assert graph.paths("a") == {"b": ("a", "b"), "c": ("a", "c"), "d": ("a", "c", "d")}
    assert set(graph.paths("a", 1)) == {"b", "c"}
    assert graph.paths("nowhere") == {}
