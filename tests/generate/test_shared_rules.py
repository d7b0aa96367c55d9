# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemons have alike; the modules are synthetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policytool.generate.shared_rules import CALLER, SharedRules, shared_rules
from policytool.model.module import PolicyModule
from policytool.model.rules import AllowRule, AllowXpermRule, TypeDeclaration
from policytool.policy.macros import MacroRule
from tests.synthetic import BASE

COMMON = (("self", "process", "getsched"), ("etc_t", "file", "open read"), ("devlog_t", "sock_file", "write"))

MORE = (("tmp_t", "dir", "search"), ("usr_t", "dir", "search"), ("bin_t", "dir", "search"))


def module(name: str, *rules: tuple[str, str, str], xperms: tuple[AllowXpermRule, ...] = ()) -> PolicyModule:
    domain = f"{name}_t"
    made = [
        AllowRule(domain, domain if target == "self" else target, tclass, tuple(perms.split()))
        for target, tclass, perms in rules
    ]
    types = (TypeDeclaration(domain), TypeDeclaration(f"{name}_runtime_t"))
    return PolicyModule(name, "1.0.0", domain, False, BASE, types=types, rules=tuple(made), xperm_rules=xperms)


def found(*modules: PolicyModule) -> SharedRules:
    rules = shared_rules("both", modules)
    assert rules
    return rules


def test_what_all_have_is_written_once() -> None:
    modules = [module(name, *COMMON, ("tmp_t", "dir", f"{name}_perm")) for name in ("a", "b", "c")]
    rules = found(*modules)
    assert (rules.name, rules.interface, rules.domains) == ("both", "both_domain", ("a_t", "b_t", "c_t"))
    assert rules.rules == (
        MacroRule(CALLER, CALLER, "process", ("getsched",)),
        MacroRule(CALLER, "devlog_t", "sock_file", ("write",)),
        MacroRule(CALLER, "etc_t", "file", ("open", "read")),
    )
    assert rules.macro.rules == rules.rules
    part = rules.part_of(modules[1])
    assert [rule.sort_key for rule in part.rules] == [
        ("b_t", "b_t", "process"),
        ("b_t", "etc_t", "file"),
        ("b_t", "devlog_t", "sock_file"),
    ]
    assert (part.domain, part.types) == ("b_t", ())


def test_a_permission_that_one_lacks_is_in_none() -> None:
    rules = found(module("a", *COMMON), module("b", *COMMON[:2], COMMON[2]), module("c", *COMMON[:2]))
    assert {rule.target for rule in rules.rules} == {CALLER, "etc_t"} or rules.domains == ("a_t", "b_t")
    wider = found(module("a", *COMMON), module("b", *COMMON), module("c", ("etc_t", "file", "open"), *COMMON[::2]))
    assert MacroRule(CALLER, "etc_t", "file", ("open", "read")) not in wider.rules or "c_t" not in wider.domains


def test_nothing_of_ones_own_types_and_no_narrowed_ioctl_is_shared() -> None:
    def one(name: str, other: str) -> PolicyModule:
        rules = (
            *COMMON,
            (f"{name}_runtime_t", "file", "read"),
            (f"{other}_t", "fd", "use"),
            ("etc_t", "chr_file", "ioctl"),
        )
        return module(name, *rules, xperms=(AllowXpermRule(f"{name}_t", "etc_t", "chr_file", "ioctl", (1,)),))

    rules = found(one("a", "b"), one("b", "a"), one("c", "a"))
    assert [rule.target for rule in rules.rules] == [CALLER, "devlog_t", "etc_t"]
    assert all(rule.tclass != "chr_file" for rule in rules.rules)


def test_little_is_not_worth_a_module() -> None:
    assert shared_rules("both", []) is None
    assert shared_rules("both", [module("a", *COMMON)]) is None
    assert shared_rules("both", [module("a", COMMON[0]), module("b", COMMON[0])]) is None
    assert shared_rules("both", [module("a", *COMMON), module("b", ("tmp_t", "dir", "search"))]) is None


_ROWS = st.tuples(
    st.sampled_from(["self", "etc_t", "tmp_t", "a_runtime_t", "f_t"]),
    st.sampled_from(["file", "dir"]),
    st.sampled_from(["open", "read", "open read"]),
)


@given(st.lists(st.lists(_ROWS, max_size=12, unique_by=lambda row: row[:2]), max_size=5))
def test_each_domain_has_all_of_it_itself(every: list[list[tuple[str, str, str]]]) -> None:
    modules = [module(name, *rows) for name, rows in zip("abcde", every, strict=False)]
    rules = shared_rules("both", modules)
    if rules is None:
        return
    assert len(rules.domains) > 1
    for each in modules:
        if each.domain in rules.domains:
            part = rules.part_of(each)
            has = {(rule.target, rule.tclass): set(rule.perms) for rule in each.rules}
            assert {(rule.target, rule.tclass): set(rule.perms) for rule in part.rules} == {
                (each.domain if rule.target == CALLER else rule.target, rule.tclass): set(rule.perms)
                for rule in rules.rules
            }
            assert all(set(rule.perms) <= has[rule.target, rule.tclass] for rule in part.rules)
