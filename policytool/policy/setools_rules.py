# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of a policy as setools makes them, turned into plain values. setools has no type information."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import setools
from setools.exception import RuleNotConditional, RuleUseError, TERuleNoFilename

from policytool.policy.rule_table import (
    PERMISSION_RULES,
    TYPE_RULES,
    XPERM_RULES,
    AccessRow,
    RuleTable,
    Truth,
    TypeRow,
    XpermRow,
    uncollected,
)
from policytool.policy.terule import Condition, TeRuleType


def read_rules(policy: Any) -> RuleTable:
    """Read every rule of POLICY, a setools.SELinuxPolicy; half a second for a distribution's.

    Conditional rules come first among those of their kind.
    """
    access: dict[TeRuleType, list[AccessRow]] = {kind: [] for kind in PERMISSION_RULES}
    xperms: dict[TeRuleType, list[XpermRow]] = {kind: [] for kind in XPERM_RULES}
    types: dict[TeRuleType, list[TypeRow]] = {kind: [] for kind in TYPE_RULES}
    # By identity: the members of an enum are slow to look up.
    with_perms = {id(setools.TERuletype[kind.value]): rows for kind, rows in access.items()}
    with_xperms = {id(setools.TERuletype[kind.value]): rows for kind, rows in xperms.items()}
    with_types = {id(setools.TERuletype[kind.value]): rows for kind, rows in types.items()}
    perm_sets: dict[frozenset[str], frozenset[str]] = {}
    with uncollected():
        # To ask each rule for its condition takes as long as to make it, and most have none.
        conditional = Counter[tuple[Any, ...]]()
        for rule, condition in _conditional(policy):
            kind = id(rule.ruletype)
            if kind in with_perms:
                perms = perm_sets.setdefault(rule.perms, rule.perms)
                row = (rule.source.name, rule.target.name, rule.tclass.name, perms)
                conditional[kind, *row] += 1
                with_perms[kind].append((*row, condition))
        for rule in policy.terules():
            kind = id(rule.ruletype)
            if kind in with_perms:
                perms = perm_sets.setdefault(rule.perms, rule.perms)
                row = (rule.source.name, rule.target.name, rule.tclass.name, perms)
                # One that says the same as a conditional rule is that one, or as good as it.
                if conditional and conditional.get((kind, *row)):
                    conditional[kind, *row] -= 1
                else:
                    with_perms[kind].append((*row, None))
            elif kind in with_types:
                name = ""
                with suppress(TERuleNoFilename, RuleUseError):
                    name = str(rule.filename)
                new = (name, str(rule.default.name))
                with_types[kind].append(
                    (rule.source.name, rule.target.name, rule.tclass.name, new, _condition(rule))
                )
            elif kind in with_xperms:
                numbers = ("nlmsg" if str(rule.xperm_type) == "nlmsg" else "ioctl", frozenset(map(int, rule.perms)))
                with_xperms[kind].append(
                    (rule.source.name, rule.target.name, rule.tclass.name, numbers, _condition(rule))
                )
    return RuleTable(access, xperms, types, _truths(policy))


def _conditional(policy: Any) -> Iterator[tuple[Any, Condition]]:
    """Yield every rule under a condition, with it."""
    for conditional in policy.conditionals():
        for block, rules in ((True, conditional.true_rules()), (False, conditional.false_rules())):
            condition = _condition_of(conditional, block)
            for rule in rules:
                yield rule, condition


def _condition(rule: Any) -> Condition | None:
    try:
        conditional = rule.conditional
    except RuleNotConditional:
        return None
    return _condition_of(conditional, bool(rule.conditional_block))


def _condition_of(conditional: Any, block: bool) -> Condition:
    return Condition(
        expression=_expression(conditional),
        booleans=frozenset(str(boolean.name) for boolean in conditional.booleans),
        block=block,
    )


def _truths(policy: Any) -> Mapping[str, Truth]:
    found = {}
    for conditional in policy.conditionals():
        states = frozenset(
            frozenset(name for name, on in row.values.items() if on)
            for row in conditional.truth_table()
            if row.result
        )
        booleans = frozenset(str(boolean.name) for boolean in conditional.booleans)
        found[_expression(conditional)] = (booleans, states)
    return found


def _expression(conditional: object) -> str:
    return str(conditional).removeprefix("[ ").removesuffix(" ]")
