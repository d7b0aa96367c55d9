# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.policy.cil_rules import read_cil
from policytool.policy.decide import Decision, Outcome
from policytool.policy.needed_rules import SELF, Grant, JudgedPermission, Standing, judge
from tests.generate.decides import TablePolicy
from tests.synthetic import vector

READ, OPEN = ("a_t", "b_t", "file", "read"), ("a_t", "b_t", "file", "open")
BASE = ("a_t", "b_t", "file", "getattr")
EVERY = frozenset({READ, OPEN, BASE})


def grants(text: str) -> list[Grant]:
    """Take each name for a type but for `ab`, the attribute of a_t and b_t."""

    def types(name: str) -> frozenset[str]:
        return frozenset({"a_t", "b_t"}) if name == "ab" else frozenset({name})

    rules = read_cil("m", text).rules
    return [Grant(rule, types(rule.source), None if rule.target == SELF else types(rule.target)) for rule in rules]


def standings(
    text: str, *seen: tuple[str, str, str, str], whole: frozenset[tuple[str, str, str, str]] = EVERY
) -> list[JudgedPermission]:
    vectors = [vector(*key) for key in seen]
    return list(judge(grants(text), vectors, TablePolicy(frozenset({BASE})), TablePolicy(whole)))


def test_each_permission_is_judged_by_itself() -> None:
    found = standings("(allow a_t b_t (file (read getattr write)))", READ, BASE)
    assert [(judged.perm, judged.standing) for judged in found] == [
        ("read", Standing.NEEDED),
        ("getattr", Standing.GRANTED),
        ("write", Standing.UNSEEN),
    ]
    assert found[0].witness
    assert found[0].witness.key == READ
    assert found[2].witness is None


def test_of_two_statements_that_grant_the_same_each_can_go_alone_and_names_the_other() -> None:
    found = standings("(allow a_t b_t (file (read)))(allow ab ab (file (read)))", READ)
    assert [judged.standing for judged in found] == [Standing.TWICE, Standing.TWICE]
    assert found[0].detail == "m: allow ab ab:file"


def test_what_another_module_grants_too_is_shared_and_no_finding() -> None:
    first, second, third = (
        replace(grant, rule=replace(grant.rule, module=module))
        for grant, module in zip(grants("(allow a_t b_t (file (read)))") * 3, "mno", strict=True)
    )
    for places, expected in (((first, second), Standing.SHARED), ((first, second, first), Standing.TWICE)):
        found = judge(places, [vector(*READ)], TablePolicy(frozenset()), TablePolicy(EVERY))
        assert found[0].standing is expected
    found = judge((first, second, third), [vector(*READ)], TablePolicy(frozenset({READ})), TablePolicy(EVERY))
    assert {judged.standing for judged in found} == {Standing.GRANTED}


def test_an_attribute_is_needed_for_what_only_it_grants() -> None:
    itself = ("b_t", "b_t", "file", "read")
    text = "(allow a_t b_t (file (read)))(allow ab ab (file (read)))"
    found = standings(text, READ, itself, whole=EVERY | {itself})
    assert [judged.standing for judged in found] == [Standing.TWICE, Standing.NEEDED]


def test_self_is_each_type_itself_and_no_other() -> None:
    itself = ("a_t", "a_t", "file", "read")
    text = "(allow ab self (file (read)))"
    assert standings(text, itself, whole=frozenset({itself}))[0].standing is Standing.NEEDED
    assert standings(text, READ)[0].standing is Standing.UNSEEN


def test_what_a_constraint_denies_all_the_same_is_not_needed() -> None:
    denied = TablePolicy(decisions={READ: Decision(Outcome.DENIED_CONSTRAINT, "mlsconstrain")})
    (found,) = judge(grants("(allow a_t b_t (file (read)))"), [vector(*READ)], TablePolicy(), denied)
    assert found.standing is Standing.FUTILE
    assert "mlsconstrain" in found.detail
    assert found.standing.is_finding


def test_only_what_can_go_or_was_not_judged_is_a_finding() -> None:
    assert {standing for standing in Standing if not standing.is_finding} == {
        Standing.NEEDED,
        Standing.SHARED,
        Standing.WORDED,
        Standing.OFF,
    }
    assert Standing.UNJUDGED.is_finding
    assert not Standing.UNJUDGED.removable
