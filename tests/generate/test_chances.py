# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.generate.chances import Chances, Learned, Trials, joined, parse_learned, shipped, write_learned
from policytool.generate.signs import Levels, Signs

levels: st.SearchStrategy[Levels] = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1))
tallies = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda pair: Trials(max(pair), min(pair)))
tables = st.dictionaries(levels, tallies, max_size=8).map(Chances)


@given(tables, levels)
def test_a_chance_is_one(chances: Chances, asked: Levels) -> None:
    assert 0.0 <= chances.of(asked) <= 1.0
    assert (chances.of(asked) > 0.0) == chances.learns


def test_many_examples_speak_for_themselves_and_few_lean_on_their_signs() -> None:
    rows: dict[Levels, Trials] = {
        (0, 0): Trials(100_000, 100),
        (1, 0): Trials(10_000, 1_000),
        (0, 1): Trials(10_000, 10),
    }
    chances = Chances(rows)
    assert chances.of((1, 0)) == pytest.approx(0.1, rel=0.05)
    assert chances.of((0, 1)) == pytest.approx(0.001, rel=0.2)
    assert chances.of((0, 1)) < chances.of((1, 1)) < chances.of((1, 0)), "never tried: what its signs say"


def test_nothing_needed_teaches_nothing() -> None:
    assert not Chances({}).learns
    assert Chances({(1, 1): Trials(10, 0)}).of((1, 1)) == 0.0


@given(st.lists(tables, max_size=4))
def test_joined_tables_count_what_each_counts(parts: list[Chances]) -> None:
    together = joined(parts)
    for row in together.rows:
        assert together.rows[row].tried == sum(part.rows.get(row, Trials()).tried for part in parts)
        assert together.rows[row].needed == sum(part.rows.get(row, Trials()).needed for part in parts)


@given(tables, tables)
def test_what_is_written_is_read_again(beside: Chances, alone: Chances) -> None:
    learned = Learned(beside, alone, {("file", "read"): 0.25})
    again = parse_learned(write_learned(learned))
    assert (again.beside.rows, again.alone.rows, again.usual) == (beside.rows, alone.rows, learned.usual)


@pytest.mark.parametrize("line", ["beside\t1.2\t3", "x\t1.2\t3\t4", "beside\tx\t1\t2", "usual\tfile\tread\tmuch"])
def test_another_row_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"not a row|invalid literal|could not convert"):
        parse_learned(line)


def test_the_shipped_chances_know_what_speaks_for_an_access() -> None:
    learned = shipped()
    assert learned.beside.learns
    assert learned.alone.learns
    every = Signs(others=9, touching=9, share=0.99, usual=0.9, sibling="a_t", alike=0.9, like="b_t")
    for alone, chances in ((False, learned.beside), (True, learned.alone)):
        assert chances.of(every.levels(alone=alone)) > chances.of(Signs(like="b_t").levels(alone=alone))
    assert learned.usual["file", "read"] > learned.usual["file", "lock"]
