# SPDX-License-Identifier: GPL-2.0-or-later
"""What `reach` tells, as plain values; and the words for one step."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.model.printable import printable
from policytool.report.accesses import Document
from policytool.report.document import FORMAT
from policytool.report.flow_document import stated_rule_document
from policytool.surface.domain_reach import DomainReach, Hop, WayTo
from policytool.surface.domain_transitions import DomainTransition


def reach_document(rows: Iterable[DomainReach], ways: Iterable[WayTo] = ()) -> Document:
    """Return the reach of domains, a row each, or the ways to a type that were asked for."""
    return {
        "format": FORMAT,
        "verb": "reach",
        "rows": [_row(row) for row in rows],
        "ways": [_way_to(way) for way in ways],
    }


def _way_to(way: WayTo) -> Document:
    rules = None if way.removed is None else [stated_rule_document(rule) for rule in way.removed]
    return {
        "policy": printable(way.policy),
        "domain": way.domain,
        "target": way.target,
        "writes": way.writes,
        "path": None if way.reached is None else [_hop(hop) for hop in way.reached.path],
        "cut": None if rules is None else {"optimal": way.optimal, "rules": rules},
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
                "path": [_hop(hop) for hop in reached.path],
            }
            for reached in row.reached
        ],
    }


def _hop(hop: Hop) -> Document:
    return {"source": hop.source, "target": hop.target, "ways": [_way(way) for way in hop.ways]}


def _way(way: DomainTransition) -> Document:
    by = "dyntransition" if way.dynamic else "type_transition" if way.automatic else "setexec"
    return {"by": by, "programs": list(way.automatic or way.entrypoints)}
