# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.policy.canonical_cil import canonical_statements

TEXT = """\
(type m_t)
(typeattributeset cil_gen_require etc_t)
(typeattributeset domain (m_t ))
(allow m_t etc_t (file (read open)))
(allow m_t m_typeattr_1 (dir (search)))
(typeattribute m_typeattr_1)
(typeattributeset m_typeattr_1 (and (file_type ) (not (etc_t ))))
(optional m_optional_2
    (typeattributeset cil_gen_require bin_t)
    (allow m_t bin_t (file (read)))
    (optional m_optional_3 (allow m_t lib_t (file (map)))))
(booleanif (fast) (true (allow m_t usr_t (file (read)))) (false (allow m_t usr_t (file (open)))))
(allowx m_t etc_t (ioctl file (0x1 0x2)))
(typetransition m_t etc_t file "a( b" m_t)
(filecon "/m( x)?" file (u object_r m_t ((s0) (s0))))
"""


def said(text: str) -> tuple[str, ...]:
    return canonical_statements("m", text)


def changed(old: str, new: str) -> bool:
    assert TEXT.count(old) == 1, old
    return said(TEXT) != said(TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(type m_t)", "; a remark (allow m_t x_t (file (read)))\n(type m_t)"),
        ("(read open)", "(open   read)"),
        ("(file (read open)))", "(file (read)))\n(allow m_t etc_t (file (open)))"),
        ("(type m_t)", "(type m_t)\n(allow m_t etc_t (file (read)))"),
        ("m_optional_2", "m_optional_7"),
        ("(typeattributeset cil_gen_require etc_t)", ""),
        ("(typeattributeset domain (m_t ))", "(typeattributeset domain m_t)"),
    ],
)
def test_what_the_kernel_does_not_see_makes_no_difference(old: str, new: str) -> None:
    assert not changed(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(read open)", "(read)"),
        ("(read open)", "(read open write)"),
        ("(file (map))", "(file (map read))"),
        ("(allow m_t bin_t (file (read)))", ""),
        ("(typeattributeset cil_gen_require bin_t)", ""),
        ("(not (etc_t ))", "(not (bin_t ))"),
        ("(true (", "(false ("),
        ("(fast)", "(slow)"),
        ("0x2", "0x3"),
        ('"a( b"', '"a(b"'),
        ("/m( x)?", "/m(x)?"),
        ("(typeattributeset domain (m_t ))", ""),
        ("(allow m_t etc_t", "(dontaudit m_t etc_t"),
    ],
)
def test_what_the_kernel_sees_makes_a_difference(old: str, new: str) -> None:
    assert changed(old, new)


def test_a_rule_out_of_its_optional_block_is_another_rule() -> None:
    inside = "(optional m_optional_2 (allow m_t bin_t (file (read))))"
    assert said(inside) != said("(allow m_t bin_t (file (read)))")


def test_a_block_whose_names_are_all_known_is_no_difference() -> None:
    rule = "(allow m_t bin_t (file (read)))"
    block = f"(optional m_optional_2 (typeattributeset cil_gen_require (bin_t)) {rule})"
    plain = canonical_statements("m", rule)
    assert canonical_statements("m", block, {"bin_t"}) == plain
    assert canonical_statements("m", block, {"lib_t"}) == canonical_statements("m", block) != plain
    # CIL that nobody compiled says what it needs by its rules.
    assert canonical_statements("m", f"(optional o {rule})", {"bin_t"}) != plain
    assert canonical_statements("m", f"(optional o {rule})", {"bin_t", "m_t"}) == plain
    made = '(typetransition m_t bin_t file "a b" lib_t)'
    assert canonical_statements("m", f"(optional o {made})", {"bin_t", "m_t"}) != canonical_statements("m", made)
    assert canonical_statements("m", f"(optional o {made})", {"bin_t", "m_t", "lib_t"}) == said(made)
    unread = "(optional o (roletype system_r m_t))"
    assert canonical_statements("m", unread, {"bin_t", "m_t", "system_r"}) == said(unread)
    outer = f"(optional m_optional_1 (typeattributeset cil_gen_require lib_t) {block})"
    assert canonical_statements("m", outer, {"bin_t", "lib_t"}) == plain
    assert canonical_statements("m", outer, {"lib_t"}) == canonical_statements("m", block)


def test_numbers_of_ioctl_are_told_one_by_one() -> None:
    rule = "(allowx m_t bin_t (ioctl file ({})))"
    whole = said(rule.format("0x10 (range 0x12 0x14)"))
    assert whole == said(rule.format("(range 0x13 0x14) 0x12") + rule.format("16"))
    assert whole != said(rule.format("0x10 (range 0x12 0x13)"))
    # What is no list of numbers is taken word by word.
    for odd in ("range 0x1 0x2", "all", "not (0x1)", "(range 0x2 0x1)", "0x10000", "(range 0x1 0xffffff)"):
        assert said(rule.format(odd)) == (said(rule.format(odd))[0],) != whole


def test_an_optional_block_that_a_person_named_keeps_its_name() -> None:
    assert said("(optional one (type a_t))") != said("(optional two (type a_t))")


def test_numbered_attributes_are_told_by_what_they_stand_for() -> None:
    assert not changed("(type m_t)", "(type m_t)\n")
    assert said(TEXT) == said(TEXT.replace("m_typeattr_1", "m_typeattr_9"))
    assert canonical_statements("other", TEXT) != canonical_statements("other", TEXT.replace("attr_1", "attr_9"))


@given(st.randoms(use_true_random=False))
def test_the_order_of_statements_makes_no_difference(order: random.Random) -> None:
    statements = TEXT.split("\n(")
    statements[1:] = [f"({statement}" for statement in statements[1:]]
    order.shuffle(statements)
    assert said("\n".join(statements)) == said(TEXT)


@given(st.text(alphabet='()"; \nabc'))
def test_anything_may_be_passed(text: str) -> None:
    assert said(text) == said(text)


def test_a_text_as_deep_as_anyone_likes_is_read() -> None:
    deep = "(optional a " * 5000 + "(type a_t)" + ")" * 5000
    assert said(deep)
    assert said("(a " * 5000 + ")" * 5000)
