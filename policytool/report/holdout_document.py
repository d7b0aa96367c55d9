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
        "daemons": [_daemon(one) for one in found],
    }


def _daemon(one: Holdout) -> Document:
    return {
        "daemon": one.daemon,
        "domain": one.domain,
        "scenarios": [printable(name) for name in one.scenarios],
        "exact": _estimate(one.exact),
        "robust": _estimate(one.robust),
        "added_triples": one.added,
        "gain_per_triple": _rounded(one.gain),
        "closures": [
            {
                "closure": closure.value,
                "added_triples": added,
                "saved": one.exact.denied - estimate.denied,
                "share": _rounded(estimate.share),
            }
            for closure, added, estimate in one.by_closure
        ],
        "saturation": [round(point, 3) for point in one.curve],
    }


def _estimate(estimate: Estimate) -> Document:
    return {
        "share": _rounded(estimate.share),
        "weighted_share": _rounded(estimate.weighted),
        "held_out": sum(one.accesses for one in estimate.held),
        "denied": estimate.denied,
        "scenarios": [
            {
                "left_out": printable(one.scenario),
                "accesses": one.accesses,
                "decisions": one.decisions,
                "denied_decisions": one.denied_decisions,
                "denied": [
                    {"source": source, "target": target, "tclass": tclass, "perm": perm}
                    for source, target, tclass, perm in one.denied
                ],
            }
            for one in estimate.held
        ],
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
