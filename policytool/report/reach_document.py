# SPDX-License-Identifier: GPL-2.0-or-later
"""What `reach` tells, as plain values; and the words for one step."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.graph.fewest_rules import RuleCut
from policytool.model.printable import printable
from policytool.report.accesses import Document
from policytool.report.document import FORMAT
from policytool.surface.domain_reach import DomainReach, Hop
from policytool.surface.domain_transitions import DomainTransition


def reach_document(rows: Iterable[DomainReach], cuts: Iterable[RuleCut] = ()) -> Document:
    """Return the reach of domains, a row each, and the cuts that were asked for."""
    return {
        "format": FORMAT,
        "verb": "reach",
        "rows": [_row(row) for row in rows],
        "cuts": [cut_document(cut) for cut in cuts],
    }


def cut_document(cut: RuleCut) -> Document:
    """Return the rules that keep one domain from another."""
    return {
        "source": cut.source,
        "target": cut.target,
        "optimal": cut.optimal,
        "rules": [
            {
                "ruletype": rule.ruletype,
                "source": rule.source,
                "target": rule.target,
                "class": rule.tclass,
                "perms": list(rule.perms),
                "condition": rule.condition or None,
            }
            for rule in cut.rules
        ],
    }


def hop_text(hop: Hop) -> str:
    """Return where HOP leads, over which program, and whether the domain has to ask for it."""
    way = min(hop.ways, key=lambda each: (not each.automatic, each.dynamic))
    if way.dynamic:
        return f"{hop.target} (dyntransition)"
    first, *more = way.automatic or way.entrypoints
    others = f" and {len(more)} more" if more else ""
    return f"{hop.target} ({first}{others}{'' if way.automatic else ', setexec'})"


def _row(row: DomainReach) -> Document:
    return {
        "policy": printable(row.policy),
        "domain": row.domain,
        "reach": len(row.reached),
        "every_rule": row.every_rule,
        "domains": row.domains,
        "share": round(row.share, 6),
        "reached": [
            {
                "domain": reached.domain,
                "steps": len(reached.path),
                "path": [
                    {"source": hop.source, "target": hop.target, "ways": [_way(way) for way in hop.ways]}
                    for hop in reached.path
                ],
            }
            for reached in row.reached
        ],
    }


def _way(way: DomainTransition) -> Document:
    by = "dyntransition" if way.dynamic else "type_transition" if way.automatic else "setexec"
    return {"by": by, "programs": list(way.automatic or way.entrypoints)}
