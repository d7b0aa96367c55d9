# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.generate.cover import Cover, Item, Option, cost_of, cover


def items(*names: str) -> frozenset[Item]:
    return frozenset((name,) for name in names)


ROWS = ("a", "b", "c", "d")
LETTERS = st.frozensets(st.sampled_from([(row,) for row in ROWS]), max_size=4)
OTHERS = st.frozensets(st.sampled_from([(f"x{number}",) for number in range(5)]), max_size=4)
OPTIONS = st.lists(st.builds(Option, st.sampled_from(["f", "g", "h"]), LETTERS, OTHERS, OTHERS), max_size=5)
RAW = [Option(f"raw {row}", items(row), items(f"x{number}")) for number, row in enumerate(ROWS)]
# Sums of these are exact in binary, so that equal costs compare equal.
PRICES = st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0, 4.0])


def cheapest(options: list[Option], price: float) -> float:
    return min(
        cost_of(chosen, price)
        for count in range(len(options) + 1)
        for chosen in combinations(options, count)
        if items(*ROWS) <= frozenset().union(*(option.covers for option in chosen))
    )


@settings(max_examples=150, deadline=None)
@given(OPTIONS, PRICES)
def test_no_choice_is_cheaper(options: list[Option], price: float) -> None:
    every = [*options, *RAW]
    found = cover(items(*ROWS), every, price)
    assert found.cost == cheapest(every, price)
    assert found.gap == 0


@settings(max_examples=100, deadline=None)
@given(OPTIONS, PRICES)
def test_every_option_is_needed_and_all_rows_are_covered(options: list[Option], price: float) -> None:
    found = cover(items(*ROWS), [*options, *RAW], price)
    covered = [option.covers for option in found.options]
    assert items(*ROWS) <= frozenset().union(*covered)
    for place in range(len(covered)):
        rest = frozenset[Item]().union(*covered[:place], *covered[place + 1 :])
        assert not items(*ROWS) <= rest


def test_shared_excess_is_paid_once() -> None:
    both = [Option("f", items("a"), excess=items("x", "y")), Option("g", items("b"), excess=items("x", "y"))]
    dear = [Option("h", items("a", "b"), excess=items("x", "y", "z", "u", "v"))]
    found = cover(items("a", "b"), [*both, *dear], 0.5)
    assert found == Cover(tuple(both), frozenset(), items("x", "y"), 3.0, 0.0)


def test_needs_weigh_as_much_as_statements() -> None:
    raw = [Option("raw a", items("a"), items("type t")), Option("raw b", items("b"), items("type t"))]
    call = Option("call", items("a"), excess=items("x"))
    assert cover(items("a"), [*raw, call], 0.75).options == (call,)
    # The type is required for b in any case.
    assert cover(items("a", "b"), [*raw, call], 0.75).options == tuple(raw)


def test_a_row_that_nothing_covers_is_an_error() -> None:
    with pytest.raises(ValueError, match="no option covers b"):
        cover(items("a", "b"), [Option("f", items("a"))], 1.0)


def test_nothing_to_cover() -> None:
    assert cover((), [Option("f", items("a"))], 1.0) == Cover((), frozenset(), frozenset(), 0.0, 0.0)
