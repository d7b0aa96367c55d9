# SPDX-License-Identifier: GPL-2.0-or-later
"""What `flow` tells, as plain values."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.model.printable import printable
from policytool.model.way import StatedRule
from policytool.report.accesses import Document
from policytool.report.document import FORMAT
from policytool.surface.flow_change import DomainFlow, FlowChange, ForbiddenFlow


def flow_document(
    rows: Iterable[DomainFlow], changes: Iterable[FlowChange], forbidden: Iterable[ForbiddenFlow], weight: int
) -> Document:
    """Return direct flows of at least WEIGHT."""
    return {
        "format": FORMAT,
        "verb": "flow",
        "weight": weight,
        "rows": [
            {
                "policy": printable(row.policy),
                "domain": row.domain,
                "sources": list(row.sources),
                "targets": list(row.targets),
            }
            for row in rows
        ],
        "changes": [
            {
                "before": printable(change.before),
                "after": printable(change.after),
                "added": [list(edge) for edge in change.added],
                "removed": [list(edge) for edge in change.removed],
            }
            for change in changes
        ],
        "forbidden": [
            {
                "policy": printable(flow.policy),
                "source": flow.source,
                "target": flow.target,
                "rules": [stated_rule_document(rule) for rule in flow.rules],
            }
            for flow in forbidden
        ],
    }


def stated_rule_document(rule: StatedRule) -> Document:
    """Return a rule of a compiled policy and the permissions of it that matter."""
    return {
        "ruletype": rule.ruletype,
        "source": rule.source,
        "target": rule.target,
        "class": rule.tclass,
        "perms": list(rule.perms),
        "condition": rule.condition or None,
    }
