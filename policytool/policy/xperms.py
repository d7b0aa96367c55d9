# SPDX-License-Identifier: GPL-2.0-or-later
"""Extended permissions: which ioctl commands and netlink messages a policy leaves of an allowed permission.

libsepol's audit2why has no question for them, so this is a verdict of our own, after the kernel's rule
(security/selinux/ss/services.c, services_compute_xperms_decision): where any allowxperm rule stands for a
source, target and class, only the commands that those rules list are allowed; where none does, all are.
"""

from __future__ import annotations

from policytool.model.access import AccessVector
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType


class XpermRules:
    """The allowxperm rules of one policy, attributes expanded when asked."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._policy = policy
        self._rules = tuple(policy.rules({TeRuleType.ALLOWXPERM}))

    def outside(self, vector: AccessVector) -> frozenset[int]:
        """Return the commands of VECTOR that no allowxperm rule lists, if there are rules for it at all."""
        if not vector.xperms:
            return frozenset()
        source, target, tclass, perm = vector.key
        listed: frozenset[int] | None = None
        for rule in self._rules:
            if (rule.tclass, rule.perm) != (tclass, perm) or not self._covers(rule.source, source):
                continue
            if self._covers(rule.target, target):
                listed = (listed or frozenset()) | rule.xperms
        return frozenset() if listed is None else vector.xperms - listed

    def _covers(self, name: str, type_: str) -> bool:
        resolved = self._policy.resolve(type_)
        return name == resolved or resolved in self._policy.expand(name)
