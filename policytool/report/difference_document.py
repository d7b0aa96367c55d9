# SPDX-License-Identifier: GPL-2.0-or-later
"""What `diff` tells, as plain values."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.model.printable import printable
from policytool.report.accesses import Document
from policytool.report.document import FORMAT
from policytool.surface.policy_difference import PolicyDifference, RuleChange


def difference_document(
    before: str, after: str, difference: PolicyDifference, changes: Iterable[RuleChange]
) -> Document:
    """Return how the policy BEFORE became AFTER; CHANGES are the rules that are to be listed."""
    return {
        "format": FORMAT,
        "verb": "diff",
        "before": printable(before),
        "after": printable(after),
        "same": difference.same,
        "rules": {
            rules.ruletype.value: {"added": rules.added, "removed": rules.removed} for rules in difference.rules
        },
        "statements": {
            facts.kind: {
                "added": [printable(text) for text in facts.added],
                "removed": [printable(text) for text in facts.removed],
            }
            for facts in difference.statements
        },
        "changes": [
            {
                "ruletype": change.ruletype.value,
                "source": change.source,
                "target": change.target,
                "class": change.tclass,
                "condition": change.condition or None,
                "added": list(change.added),
                "removed": list(change.removed),
            }
            for change in changes
        ],
    }
