# SPDX-License-Identifier: GPL-2.0-or-later
"""What leaves no record any more: auditallow rules that are gone, and dontaudit rules that came or went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policytool.gate.growth import Growth, Pair
from policytool.gate.rule_growth import gained
from policytool.policy.terule import TeRuleType


def audit_growth(pair: Pair) -> Iterator[Growth]:
    """Yield what is granted without a record now (growth), and whose denials are recorded otherwise (a warning)."""
    back = Pair(pair.after, pair.before)
    for way, ruletype, id_, said in (
        (back, TeRuleType.AUDITALLOW, "G-audit", "is granted without a record in the log now"),
        (pair, TeRuleType.DONTAUDIT, "W-dontaudit", "is denied without a record in the log now"),
        (back, TeRuleType.DONTAUDIT, "W-dontaudit", "is denied with a record in the log now"),
    ):
        for growth in gained(way, ruletype, said):
            source, target = growth.example
            if not source or (source in pair.then and target in pair.then):
                yield replace(growth, id=id_)
