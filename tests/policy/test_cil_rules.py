# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.policy.cil_rules import read_cil, without_grants, without_permissions

TEXT = """\
; (allow comment_t x_t (file (read)))
(type a_t)
(typeattributeset cil_gen_require etc_t)
(typeattributeset domain (a_t ))
(typeattributeset mine (and (a_t) (b_t)))
(allow a_t etc_t (file (read
    open)))
(allow a_t self (process (signal)))
(optional inner
    (optional innermost
        (allow a_t b_t (dir (search)))))
(allowx a_t b_t (ioctl chr_file (0x5401)))
(booleanif (fast) (true (allow a_t c_t (file (read)))))
(block b (allow x y (file (read))))
(allow a_t d_t (file (all)))
(allow a_t d_t named)
(call some_macro (a_t))
(filecon "/a(llow x_t y_t (file (read)))" file (u object_r a_t ((s0) (s0))))
(dontaudit a_t e_t (file (read)))
"""


def test_statements_their_places_and_what_is_not_judged() -> None:
    module = read_cil("m", TEXT)
    judged = [(rule.line, str(rule), rule.perms, rule.optional) for rule in module.rules if not rule.unjudged]
    assert judged == [
        (6, "a_t etc_t:file", ("read", "open"), ""),
        (8, "a_t self:process", ("signal",), ""),
        (11, "a_t b_t:dir", ("search",), "innermost"),
    ]
    rest = [(rule.line, str(rule), rule.unjudged) for rule in module.rules if rule.unjudged]
    assert rest == [
        (13, "a_t c_t:file", "it stands in a booleanif statement"),
        (14, "x y:file", "it stands in a block statement"),
        (15, "a_t d_t:file", "its permissions are not a plain list"),
        (16, "a_t d_t:named", "its permissions are not a plain list"),
        (17, "call some_macro", "what it grants stands elsewhere"),
    ]
    assert module.narrowing == ("(allowx a_t b_t (ioctl chr_file (0x5401)))",)
    assert module.attributes == (("domain", ("a_t",)),)
    assert dict(module.others) == {"type": 1, "typeattributeset": 1, "filecon": 1, "dontaudit": 1}


def test_rules_grant_nothing_and_need_the_same_names() -> None:
    rules = [rule for rule in read_cil("m", TEXT).rules if not rule.unjudged]
    left = without_grants(TEXT, rules, {rules[2]: "(role mark)"})
    assert left.count("\n") == TEXT.count("\n")
    assert "        (auditallow a_t b_t (dir (search)))(role mark)))" in left
    assert "(auditallow a_t etc_t (file (read\n    open)))" in left
    assert [rule.line for rule in read_cil("m", left).rules] == [13, 14, 15, 16, 17]


def test_single_permissions_are_taken_out_of_rules() -> None:
    rules = read_cil("m", TEXT).rules
    keys = {("a_t", "etc_t", "file", "open"), ("a_t", "a_t", "process", "signal"), ("a_t", "c_t", "file", "read")}
    left = without_permissions(TEXT, rules, keys)
    assert "(allow a_t etc_t (file (read)))" in left
    assert "(auditallow a_t self (process (signal)))" in left
    assert "(booleanif (fast) (true (allow a_t c_t (file (read)))))" in left, "it cannot be judged"
    assert without_permissions(TEXT, rules, ()) == TEXT


@pytest.mark.parametrize("text", ["", ")", "(allow", "(allow a b (c (d)", "(allow)", "(allow a b)", "(optional)"])
def test_broken_text_is_no_error(text: str) -> None:
    assert not any(rule.perms for rule in read_cil("m", text).rules)


def test_depth_costs_no_stack() -> None:
    deep = 100_000
    assert read_cil("m", "(" * deep + ")" * deep).rules == ()
    assert len(read_cil("m", "(optional x " * 5000 + "(allow a b (c (d)))" + ")" * 5000).rules) == 1


@given(st.text(alphabet='()"; \nallowoptional abc', max_size=200))
def test_any_text_is_read_and_only_rules_change(text: str) -> None:
    rules = [rule for rule in read_cil("m", text).rules if not rule.unjudged]
    left = without_grants(text, rules, {})
    assert len(left) == len(text) + len("audit") * len(rules)
    assert not [rule for rule in read_cil("m", left).rules if not rule.unjudged]
