# SPDX-License-Identifier: GPL-2.0-or-later
"""What one policy says and another does not, with attributes written out: rules, and everything beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from policytool.model.context import OBJECT_ROLE
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import Condition, TeRuleType
from policytool.surface.rule_matrix import Bits, Numbers, RuleRows, Vocabulary, bit_count, condition_shift, decoded
from policytool.surface.ways import condition_text

# The kinds of rules that give or take permissions; a kernel policy holds no neverallow rules.
ACCESS_KINDS = (TeRuleType.ALLOW, TeRuleType.AUDITALLOW, TeRuleType.DONTAUDIT)
XPERM_KINDS = (TeRuleType.ALLOWXPERM, TeRuleType.AUDITALLOWXPERM, TeRuleType.DONTAUDITXPERM)
TYPE_KINDS = (TeRuleType.TYPE_TRANSITION, TeRuleType.TYPE_CHANGE, TeRuleType.TYPE_MEMBER)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Permissions that were added and removed between two types, of rules with one condition ("" for none)."""

    ruletype: TeRuleType
    source: str
    target: str
    tclass: str
    condition: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class RuleDifference:
    """How the rules of one kind differ: entries of a RuleMatrix, with the permissions that are more and less."""

    ruletype: TeRuleType
    vocabulary: Vocabulary
    conditions: tuple[str, ...]
    keys: Numbers
    plus: Bits
    minus: Bits

    @property
    def added(self) -> int:
        """How many (source, target, class, permission, condition) are new."""
        return bit_count(self.plus)

    @property
    def removed(self) -> int:
        """How many of them are gone."""
        return bit_count(self.minus)

    def changes(self) -> Iterator[RuleChange]:
        """Yield every change, sorted by source, target and class."""
        more = decoded(self.vocabulary, self.conditions, self.keys, self.plus)
        less = decoded(self.vocabulary, self.conditions, self.keys, self.minus)
        for one, other in zip(more, less, strict=True):
            names = (one.source, one.target, one.tclass, one.condition)
            yield RuleChange(self.ruletype, *names, one.perms, other.perms)


@dataclass(frozen=True, slots=True)
class Statements:
    """Facts of one KIND that were added and removed; each sorted."""

    kind: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """How a policy became another: `rules` that give permissions, and other `statements` of which some differ."""

    rules: tuple[RuleDifference, ...]
    statements: tuple[Statements, ...]

    @property
    def same(self) -> bool:
        """Whether both policies say the same."""
        return not self.statements and not any(len(difference.keys) for difference in self.rules)


def policy_difference(before: CompiledPolicy, after: CompiledPolicy) -> PolicyDifference:
    """Return everything that AFTER says and BEFORE does not, and the other way round."""
    words = Vocabulary.of(before, after)
    rules = tuple(rule_difference(before, after, kind, words) for kind in ACCESS_KINDS)
    facts = dict(_facts(before)), dict(_facts(after))
    statements = []
    for kind in dict.fromkeys((*facts[0], *facts[1])):
        old, new = (side.get(kind, frozenset()) for side in facts)
        if old != new:
            statements.append(Statements(kind, tuple(sorted(new - old)), tuple(sorted(old - new))))
    return PolicyDifference(rules, tuple(statements))


def rule_difference(
    before: CompiledPolicy, after: CompiledPolicy, kind: TeRuleType, vocabulary: Vocabulary
) -> RuleDifference:
    """Return how rules of KIND differ. Both policies are written out part by part, and never as a whole."""
    old = RuleRows(before, kind, vocabulary)
    new = RuleRows(after, kind, vocabulary, tuple(old.conditions)[1:])
    # The first list of conditions is the beginning of the second, so that their numbers are the same.
    old.conditions = new.conditions
    parts = []
    for first, end in pairwise([0, *sorted({*old.bounds(), *new.bounds()})]):
        parts.append(_difference(*(_conditional_alone(rows.between(first, end), rows) for rows in (old, new))))
    keys = np.concatenate([np.empty(0, dtype=np.int64), *(keys for keys, _, _ in parts)])
    plus = np.concatenate([np.empty(0, dtype=np.uint64), *(plus for _, plus, _ in parts)])
    minus = np.concatenate([np.empty(0, dtype=np.uint64), *(minus for _, _, minus in parts)])
    return RuleDifference(kind, vocabulary, tuple(new.conditions), keys, plus, minus)


def _conditional_alone(written: tuple[Numbers, Bits], rows: RuleRows) -> tuple[Numbers, Bits]:
    """Take out of conditional rules what a rule without a condition gives anyhow, as sediff does."""
    keys, perms = written
    condition = (1 << condition_shift(len(rows.conditions))) - 1
    conditional = np.flatnonzero(keys & condition)
    left = perms[conditional] & ~_looked_up(keys, perms, keys[conditional] & ~condition)
    perms[conditional] = left
    if left.all():
        return keys, perms
    kept = perms != 0
    return keys[kept], perms[kept]


def _difference(old: tuple[Numbers, Bits], new: tuple[Numbers, Bits]) -> tuple[Numbers, Bits, Bits]:
    """Return the keys that have other permissions in NEW than in OLD, with those that are more and those less."""
    if np.array_equal(old[0], new[0]):
        keys, had, has = old[0], old[1], new[1]
    else:
        # Both are sorted, and a stable sort knows that; union1d would hash them.
        both = np.sort(np.concatenate((old[0], new[0])), kind="stable")
        keys = both[np.concatenate(([True], both[1:] != both[:-1]))] if len(both) else both
        had, has = _spread(*old, keys), _spread(*new, keys)
    differ = had != has
    return keys[differ], has[differ] & ~had[differ], had[differ] & ~has[differ]


def _looked_up(keys: Numbers, perms: Bits, asked: Numbers) -> Bits:
    """Return PERMS of the sorted KEYS for each key that is ASKED for, none for one that is not there."""
    if not len(keys):
        return np.zeros(len(asked), dtype=np.uint64)
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, perms[place], np.uint64(0))


def _spread(keys: Numbers, perms: Bits, every: Numbers) -> Bits:
    """Return PERMS in the places of EVERY, sorted keys with all of KEYS among them."""
    found = np.zeros(len(every), dtype=np.uint64)
    found[np.searchsorted(every, keys)] = perms
    return found


def _facts(policy: CompiledPolicy) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what POLICY says beside access rules, by kind, one fact a text."""
    yield "type", policy.types
    yield "alias", frozenset(f"{alias} of {type_}" for alias, type_ in policy.aliases.items())
    yield "attribute", _pairs(policy.attributes)
    yield "permissive", policy.permissive
    yield "typebounds", frozenset(f"{parent} {child}" for child, parent in policy.typebounds.items())
    yield "class", _pairs(policy.classes)
    yield "role", _pairs({role: types for role, types in policy.roles.items() if role != OBJECT_ROLE})
    yield "role_allow", frozenset(f"{old} {new}" for old, new in policy.role_allows)
    yield "user", _pairs(policy.users)
    yield "user_range", frozenset(f"{user} {range_}" for user, range_ in policy.user_ranges.items())
    yield "boolean", frozenset(f"{name} {'on' if on else 'off'}" for name, on in policy.booleans.items())
    yield (
        "constraint",
        frozenset(
            f"{constraint.ruletype} {constraint.tclass} {constraint.perm} {constraint.expression}"
            for constraint in policy.constraints
        ),
    )
    for kind, values in policy.statements.items():
        yield kind, frozenset(f"{name} {value}".strip() for name, value in values.items())
    moves: dict[str, set[str]] = {kind.value: set() for kind in TYPE_KINDS}
    for rule in policy.type_rules:
        moves[rule.ruletype.value].update(
            f"{source} {target}:{rule.tclass} {rule.default}{_named(rule.name)}{_conditional(rule.condition)}"
            for source, target in product(policy.expand(rule.source), policy.expand(rule.target))
        )
    for name, texts in moves.items():
        yield name, frozenset(texts)
    for kind_of_xperms in XPERM_KINDS:
        yield (
            kind_of_xperms.value,
            frozenset(
                f"{source} {target}:{xrule.tclass} {xrule.perm} {command:#06x}{_conditional(xrule.condition)}"
                for xrule in policy.rules((kind_of_xperms,))
                for source, target in product(policy.expand(xrule.source), policy.expand(xrule.target))
                for command in xrule.xperms
            ),
        )


def _pairs(table: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return each name of TABLE alone, and with each of its members."""
    return frozenset(table) | {f"{name} {member}" for name, members in table.items() for member in members}


def _named(name: str) -> str:
    return f' "{name}"' if name else ""


def _conditional(condition: Condition | None) -> str:
    text = condition_text(condition)
    return f" [ {text} ]" if text else ""
