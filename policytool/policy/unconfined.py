# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains of a policy that nothing is meant to hold back, by the policy's structure alone."""

from __future__ import annotations

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

_CLASS = "capability"


def unconfined_domains(policy: CompiledPolicy) -> frozenset[str]:
    """Return the domains that hold every capability, at the booleans' stored values."""
    held: dict[str, set[str]] = {}
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == _CLASS):
        if rule.enabled:
            for source in policy.expand(rule.source) & policy.expand(rule.target):
                held.setdefault(source, set()).update(rule.perms)
    every = policy.classes.get(_CLASS, frozenset())
    return frozenset(source for source, perms in held.items() if every and perms >= every)
