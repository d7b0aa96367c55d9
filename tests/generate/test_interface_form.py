# SPDX-License-Identifier: GPL-2.0-or-later
"""The macros here are synthetic; the policy is a tiny one, through the real compiler."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policytool.generate.cover import cover
from policytool.generate.interface_form import InterfaceForm, interface_form
from policytool.generate.interface_options import Alternative, Limits, Options, options_of, rows_of
from policytool.generate.writers.te import write_te
from policytool.model.access import AccessKey
from policytool.model.module import PolicyModule, RawReason
from policytool.model.profile import Profile
from policytool.model.rules import AllowRule, AllowXpermRule, TypeDeclaration, TypeTransition
from policytool.policy.allowed_perms import AllowedPerms
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.macros import Expansion, Macro, MacroRule, MacroTable, MacroTransition
from policytool.policy.permission_sets import PermissionSet
from policytool.policy.signatures import MacroKind, Parameter
from tests.policy.tiny import POLICIES, compile_cil
from tests.synthetic import BASE

TYPE, CLASS, FILE_NAME, _ = Parameter

READ = Macro("etc_read", MacroKind.INTERFACE, (TYPE,), (MacroRule("$1", "etc_t", "file", ("open", "read")),))
WIDE = replace(READ, name="etc_read_more", rules=(MacroRule("$1", "etc_t", "file", ("lock", "open", "read")),))
BOTH = Macro(
    "etc_read_both",
    MacroKind.INTERFACE,
    (TYPE,),
    (MacroRule("$1", "etc_t", "file", ("open", "read")), MacroRule("$1", "etc_t", "dir", ("search", "write"))),
)
FILETRANS = Macro(
    "shared_filetrans",
    MacroKind.INTERFACE,
    (TYPE, TYPE, CLASS, FILE_NAME),
    (MacroRule("$1", "shared_t", "dir", ("add_name", "write")),),
    (MacroTransition("$1", "shared_t", "$3", "$2", "$4"),),
    ((), ()),
)
PATTERN = Macro(
    "read_pattern",
    MacroKind.PATTERN,
    (TYPE, TYPE, TYPE),
    (MacroRule("$1", "$2", "dir", ("search",)), MacroRule("$1", "$3", "file", ("open", "read"))),
)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("tiny"), POLICIES / "proposals.cil"))


def module(*rules: AllowRule, transitions: tuple[TypeTransition, ...] = ()) -> PolicyModule:
    types = (TypeDeclaration("new_t", ("domain",), "made up"), TypeDeclaration("own_t", (), "made up"))
    return PolicyModule("new", "1.0.0", "new_t", False, BASE, types=types, transitions=transitions, rules=rules)


def options(
    of: PolicyModule,
    policy: CompiledPolicy,
    *macros: Macro,
    forbidden: frozenset[AccessKey] = frozenset(),
    price: float | None = 0.5,
) -> Options:
    table = MacroTable(tuple(replace(macro, attributes=macro.attributes or _none(macro)) for macro in macros))
    limits = Limits(policy, AllowedPerms(policy), frozenset(), forbidden)
    return options_of(of, table, Expansion(table, policy, policy.attributes_of), limits, price)


def _none(macro: Macro) -> tuple[tuple[str, ...], ...]:
    return ((),) * macro.parameters.count(TYPE)


def form(of: PolicyModule, policy: CompiledPolicy, *macros: Macro, price: float | None = 0.5) -> InterfaceForm:
    sets = {"file": (PermissionSet("read_inherited_perms", frozenset({"lock", "read"})),)}
    return interface_form(of, options(of, policy, *macros, price=price), sets, {"etc_read": "files"}, price)


ETC = AllowRule("new_t", "etc_t", "file", ("open", "read"))


def test_a_call_that_grants_just_that_stands_for_the_rule(policy: CompiledPolicy) -> None:
    made = form(module(ETC), policy, READ)
    assert (made.module.rules, made.excess, made.gap) == ((), frozenset(), 0)
    (call,) = made.module.calls
    assert (call.macro, call.arguments, call.excess) == ("etc_read", ("new_t",), ())
    assert set(call.covers) == rows_of(module(ETC))


def test_excess_is_bought_at_its_price(policy: CompiledPolicy) -> None:
    # The call spares the requirement of etc_t.
    cheap = form(module(ETC), policy, WIDE, price=0.5)
    assert cheap.excess == {("new_t", "etc_t", "file", "lock")}
    assert [call.macro for call in cheap.module.calls] == ["etc_read_more"]
    dear = form(module(ETC), policy, WIDE, price=1.5)
    assert (dear.module.calls, dear.excess) == ((), frozenset())
    assert [(raw.reason, raw.interface) for raw in dear.module.raw] == [
        (RawReason.DEARER, "etc_read_more would bring 1 permission that nobody was seen to need")
    ]


def test_without_a_price_a_call_brings_nothing(policy: CompiledPolicy) -> None:
    assert [call.macro for call in form(module(ETC), policy, READ, price=None).module.calls] == ["etc_read"]
    made = form(module(ETC), policy, WIDE, replace(WIDE, name="etc_read_most", rules=BOTH.rules), price=None)
    assert (made.module.calls, made.excess) == ((), frozenset())
    assert [raw.interface for raw in made.module.raw] == [
        "etc_read_more would bring 1 permission that nobody was seen to need"
    ]


def test_nothing_dangerous_is_bought(policy: CompiledPolicy) -> None:
    danger = replace(READ, rules=(*READ.rules, MacroRule("$1", "$1", "process", ("execmem",))))
    made = form(module(ETC), policy, danger, price=0.01)
    assert made.module.calls == ()
    assert [(raw.reason, raw.interface) for raw in made.module.raw] == [
        (RawReason.UNSAFE, "etc_read grants new_t new_t:process execmem, which is dangerous")
    ]


def test_what_was_seen_of_a_danger_is_no_excess(policy: CompiledPolicy) -> None:
    danger = replace(READ, rules=(*READ.rules, MacroRule("$1", "$1", "process", ("execmem",))))
    accepted = AllowRule("new_t", "new_t", "process", ("execmem",))
    assert [call.macro for call in form(module(ETC, accepted), policy, danger).module.calls] == ["etc_read"]


def test_nothing_that_was_decided_against_is_bought(policy: CompiledPolicy) -> None:
    forbidden = frozenset({("new_t", "etc_t", "file", "lock")})
    found = options(module(ETC), policy, WIDE, forbidden=forbidden, price=0.01)
    assert found.calls == ()
    assert found.alternatives["allow new_t etc_t:file"] == Alternative(
        "etc_read_more", 1, "grants new_t etc_t:file lock, which was decided against"
    )


def test_what_a_boolean_decides_covers_nothing_and_is_excess(policy: CompiledPolicy) -> None:
    conditional = replace(READ, rules=(replace(READ.rules[0], conditional=True),))
    assert options(module(ETC), policy, conditional).calls == ()
    lock = MacroRule("$1", "etc_t", "file", ("lock",), conditional=True)
    (call,) = options(module(ETC), policy, replace(READ, rules=(*READ.rules, lock))).calls
    assert call.excess == {("new_t", "etc_t", "file", "lock")}


def test_a_macro_that_changes_constraints_is_never_called(policy: CompiledPolicy) -> None:
    assert options(module(ETC), policy, replace(READ, constrained=True)).calls == ()


def test_a_narrowed_permission_keeps_its_rule(policy: CompiledPolicy) -> None:
    narrowed = replace(
        module(ETC), xperm_rules=(AllowXpermRule("new_t", "etc_t", "file", "read", (0x5401,), "made up"),)
    )
    made = form(narrowed, policy, READ)
    assert [(rule.target, rule.perms) for rule in made.module.rules] == [("etc_t", ("open", "read"))]


def test_a_rule_keeps_what_no_call_grants(policy: CompiledPolicy) -> None:
    rule = AllowRule("new_t", "etc_t", "dir", ("add_name", "search", "write"))
    made = form(module(ETC, rule), policy, BOTH)
    assert [call.macro for call in made.module.calls] == ["etc_read_both"]
    assert [(rule.target, rule.perms) for rule in made.module.rules] == [("etc_t", ("add_name",))]


def test_a_transition_becomes_a_call_with_class_and_name(policy: CompiledPolicy) -> None:
    rule = AllowRule("new_t", "shared_t", "dir", ("add_name", "write"))
    transition = TypeTransition("new_t", "shared_t", "file", "own_t", "new.pid")
    made = form(module(rule, transitions=(transition,)), policy, FILETRANS)
    assert [(call.macro, call.arguments) for call in made.module.calls] == [
        ("shared_filetrans", ("new_t", "own_t", "file", '"new.pid"'))
    ]
    assert (made.module.rules, made.module.transitions) == ((), ())


def test_a_file_name_that_m4_would_expand_is_no_argument(policy: CompiledPolicy) -> None:
    rule = AllowRule("new_t", "shared_t", "dir", ("add_name", "write"))
    for name in ("etc_read", "dnl", "a,b", "x')", "`"):
        transition = TypeTransition("new_t", "shared_t", "file", "own_t", name)
        made = form(module(rule, transitions=(transition,)), policy, FILETRANS, READ)
        assert made.module.transitions == (transition,), name


def test_a_transition_that_the_module_does_not_make_is_never_bought(policy: CompiledPolicy) -> None:
    made = replace(READ, transitions=(MacroTransition("$1", "shared_t", "file", "etc_t"),))
    assert options(module(ETC), policy, made).calls == ()


def test_a_pattern_covers_folder_and_file(policy: CompiledPolicy) -> None:
    folder = AllowRule("new_t", "etc_t", "dir", ("search",))
    made = form(module(folder, ETC), policy, PATTERN)
    assert [call.arguments for call in made.module.calls] == [("new_t", "etc_t", "etc_t")]
    # For one rule alone it says no more than the rule.
    assert form(module(ETC), policy, PATTERN).module.calls == ()


def test_an_interface_is_not_called_for_another_modules_types(policy: CompiledPolicy) -> None:
    two = replace(PATTERN, kind=MacroKind.INTERFACE)
    rules = (AllowRule("new_t", "etc_t", "dir", ("search",)), ETC)
    assert options(module(*rules), policy, two).calls == ()


def test_every_statement_is_needed(policy: CompiledPolicy) -> None:
    rule = AllowRule("new_t", "etc_t", "dir", ("search", "write"))
    found = options(module(ETC, rule), policy, READ, WIDE, BOTH, PATTERN)
    chosen = cover(found.rows, [*found.raw, *found.calls], 0.5)
    assert [option.name for option in chosen.options] == ["etc_read_both(new_t)"]


def test_the_source_says_what_was_seen_and_why_a_rule_is_raw(policy: CompiledPolicy) -> None:
    own = AllowRule("new_t", "own_t", "file", ("lock", "read"))
    other = AllowRule("new_t", "free_t", "file", ("write",))
    folder = AllowRule("new_t", "shared_t", "dir", ("search",))
    list_ = Macro(
        "shared_list", MacroKind.INTERFACE, (TYPE,), (MacroRule("$1", "shared_t", "dir", tuple("abcdefs")),)
    )
    list_ = replace(list_, rules=(replace(list_.rules[0], perms=(*list_.rules[0].perms, "search")),))
    made = form(module(ETC, other, folder, own), policy, WIDE, list_)
    assert made.module.profile is Profile.INTERFACES
    text = write_te(made.module)
    expected = """
allow new_t own_t:file read_inherited_perms;

# seen: new_t etc_t:file { open read }
# never seen: new_t etc_t:file { lock }
etc_read_more(new_t)

# No interface grants all of such a rule:

allow new_t free_t:file write;

# An interface would bring more than it saves:

# shared_list would bring 7 permissions that nobody was seen to need
allow new_t shared_t:dir search;
"""
    assert text[text.index("\nallow") :] == expected
    assert "type etc_t;" not in text


def test_what_a_call_names_is_required(policy: CompiledPolicy) -> None:
    rules = (AllowRule("a_t", "etc_t", "dir", ("search",)), AllowRule("a_t", "etc_t", "file", ("open", "read")))
    text = write_te(form(module(*rules), policy, PATTERN).module)
    assert "read_pattern(a_t, etc_t, etc_t)" in text
    assert "\ttype a_t;\n\ttype etc_t;\n" in text
