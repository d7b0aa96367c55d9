# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.policy.rule_table import RuleTable, RuleTableError, from_bytes, to_bytes, uncollected
from policytool.policy.terule import Condition, TeRuleType

names = st.text(max_size=6)
booleans = st.frozensets(names, max_size=3)
conditions = st.none() | st.builds(Condition, names, booleans, st.booleans())
perms = st.frozensets(names, max_size=3)
xperms = st.tuples(st.sampled_from(["ioctl", "nlmsg"]), st.frozensets(st.integers(0, 65535), max_size=4))
truths = st.dictionaries(names, st.tuples(booleans, st.frozensets(booleans, max_size=3)), max_size=3)


def rows(kind: TeRuleType, detail: st.SearchStrategy[object]) -> st.SearchStrategy[dict[TeRuleType, list[object]]]:
    return st.fixed_dictionaries({kind: st.lists(st.tuples(names, names, names, detail, conditions), max_size=5)})


tables = st.builds(
    RuleTable,
    rows(TeRuleType.ALLOW, perms),
    rows(TeRuleType.ALLOWXPERM, xperms),
    rows(TeRuleType.TYPE_TRANSITION, st.tuples(names, names)),
    truths,
)


@given(tables)
def test_what_is_kept_is_what_was_read(table: RuleTable) -> None:
    assert from_bytes(to_bytes(table)) == table


@given(tables, st.data())
def test_broken_bytes_are_refused_or_are_another_table(table: RuleTable, data: st.DataObject) -> None:
    whole = to_bytes(table)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(RuleTableError):
        from_bytes(cut)
    with pytest.raises(RuleTableError):
        from_bytes(whole + b"\0\0\0\0")


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(RuleTableError):
        from_bytes(data)


def test_a_condition_holds_where_its_booleans_say_so() -> None:
    truth = (frozenset({"a", "b"}), frozenset({frozenset({"a"}), frozenset({"a", "b"})}))
    table = RuleTable({}, {}, {}, {"a || a && b": truth})
    assert table.holds("a || a && b", {"a": True, "b": False, "c": True})
    assert not table.holds("a || a && b", {"a": False, "b": True})


def test_the_collector_goes_on_as_before() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
