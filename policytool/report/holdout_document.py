# SPDX-License-Identifier: GPL-2.0-or-later
"""The document of `holdout`: what leaving scenarios out says of each daemon."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.generate.leave_one_out import Estimate, Holdout
from policytool.model.printable import printable
from policytool.report.accesses import Document
from policytool.report.document import FORMAT


def holdout_document(found: Iterable[Holdout], traces: Iterable[str]) -> Document:
    """Return the estimates of each daemon; shares are of 1, null where nothing could be held out."""
    return {
        "format": FORMAT,
        "verb": "holdout",
        "traces": [printable(trace) for trace in traces],
        "daemons": [_daemon(holdout) for holdout in found],
    }


def _daemon(holdout: Holdout) -> Document:
    return {
        "daemon": holdout.daemon,
        "domain": holdout.domain,
        "scenarios": [printable(name) for name in holdout.scenarios],
        "exact": _estimate(holdout.exact),
        "robust": _estimate(holdout.robust),
        "added_triples": round(holdout.added, 1),
        "gain_per_triple": _rounded(holdout.gain),
        "budgets": [
            {"share": spent.share, "added_triples": round(spent.added, 1), "saved": spent.saved}
            for spent in holdout.spent
        ],
        "chances": [
            {"least": part.least, "tried": part.tried, "expected": round(part.expected, 1), "needed": part.needed}
            for part in holdout.bins
        ],
        "saturation": [round(point, 3) for point in holdout.curve],
    }


def _estimate(estimate: Estimate) -> Document:
    return {
        "share": _rounded(estimate.share),
        "weighted_share": _rounded(estimate.weighted),
        "held_out": sum(held.accesses for held in estimate.held),
        "denied": estimate.denied,
        "scenarios": [
            {
                "left_out": printable(held.scenario),
                "accesses": held.accesses,
                "decisions": held.decisions,
                "denied_decisions": held.denied_decisions,
                "denied": [
                    {"source": source, "target": target, "tclass": tclass, "perm": perm}
                    for source, target, tclass, perm in held.denied
                ],
            }
            for held in estimate.held
        ],
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
