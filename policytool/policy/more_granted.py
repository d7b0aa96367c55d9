# SPDX-License-Identifier: GPL-2.0-or-later
"""What one compiled policy grants and another does not: the accesses, attributes resolved."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from policytool.model.access import AccessKey
from policytool.policy.allowed_perms import AllowedPerms
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

_NOTHING: frozenset[str] = frozenset()


def more_granted(before: CompiledPolicy, after: CompiledPolicy) -> frozenset[AccessKey]:
    """Return what AFTER grants of which BEFORE grants nothing, for policies that differ in a few modules.

    Conditional rules count as if they were in force.
    """
    known = AllowedPerms(before)
    had: dict[tuple[str, str, str], frozenset[str]] = {}
    for rule in before.rules({TeRuleType.ALLOW}):
        had[rule.source, rule.target, rule.tclass] = (
            had.get((rule.source, rule.target, rule.tclass), _NOTHING) | rule.perms
        )
    joined = {name: types - before.expand(name) for name, types in after.attributes.items()}
    found: set[AccessKey] = set()
    for rule in after.rules({TeRuleType.ALLOW}):
        more = rule.perms - had.get((rule.source, rule.target, rule.tclass), _NOTHING)
        for perms, sources, targets in (
            (more, after.expand(rule.source), after.expand(rule.target)),
            (rule.perms, joined.get(rule.source, _NOTHING), after.expand(rule.target)),
            (rule.perms, after.expand(rule.source), joined.get(rule.target, _NOTHING)),
        ):
            if perms and sources and targets:
                found.update(_unknown(known, sources, targets, rule.tclass, perms))
    return frozenset(found)


def _unknown(
    known: AllowedPerms, sources: Collection[str], targets: Collection[str], tclass: str, perms: frozenset[str]
) -> Iterator[AccessKey]:
    for source in sources:
        for target in targets:
            for perm in perms - known.perms(source, target, tclass):
                yield source, target, tclass, perm
