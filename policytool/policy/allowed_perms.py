# SPDX-License-Identifier: GPL-2.0-or-later
"""What the allow rules of a policy grant from one type to another, attributes resolved, without libsepol.

Constraints, roles and ranges are not asked: this is about rules, as many of them as an exhaustive question needs.
"""

from __future__ import annotations

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

_NOTHING: frozenset[str] = frozenset()


class AllowedPerms:
    """The permissions that rules of POLICY grant.

    Conditional rules count as they are at stored values; with ALWAYS, what depends on a boolean does not count.
    """

    def __init__(self, policy: CompiledPolicy, *, always: bool = False) -> None:
        self._policy = policy
        self._rules: dict[str, dict[tuple[str, str], frozenset[str]]] = {}
        for rule in policy.rules({TeRuleType.ALLOW}):
            if rule.condition is None if always else rule.enabled:
                of_source = self._rules.setdefault(rule.source, {})
                place = (rule.target, rule.tclass)
                of_source[place] = of_source.get(place, _NOTHING) | rule.perms
        self._known: dict[tuple[str, str, str], frozenset[str]] = {}

    def perms(self, source: str, target: str, tclass: str) -> frozenset[str]:
        """Return the permissions that SOURCE, a type, has on objects of TCLASS with the type TARGET."""
        asked = (source, target, tclass)
        found = self._known.get(asked)
        if found is None:
            targets = [(name, tclass) for name in (target, *self._policy.attributes_of(target))]
            found = _NOTHING
            for name in (source, *self._policy.attributes_of(source)):
                if of_source := self._rules.get(name):
                    for place in targets:
                        found |= of_source.get(place, _NOTHING)
            self._known[asked] = found
        return found
