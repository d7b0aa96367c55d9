# SPDX-License-Identifier: GPL-2.0-or-later
"""What `exposure` tells, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from policytool.model.printable import printable
from policytool.report.accesses import Document
from policytool.report.document import FORMAT
from policytool.surface.beside_rules import BesideRules
from policytool.surface.exposure import Exposure
from policytool.surface.overlap import Overlap, UnionBeside


def exposure_document(
    rows: Iterable[Exposure],
    beside_rules: Iterable[BesideRules],
    monolith: Iterable[Exposure],
    overlap: Overlap | None,
    beside: UnionBeside | None,
) -> Document:
    """Return the exposure by domains, with what holds BESIDE_RULES, by the domain they replace, and overlaps."""
    return {
        "format": FORMAT,
        "verb": "exposure",
        "rows": [
            _row(row) | {"beside_rules": asdict(facts)} for row, facts in zip(rows, beside_rules, strict=True)
        ],
        "monolith": [_row(row) for row in monolith],
        "overlap": None
        if overlap is None
        else {
            "domains": [printable(name) for name in overlap.domains],
            "jaccard": [[round(share, 6) for share in row] for row in overlap.jaccard],
            "shared": overlap.shared,
            "union": overlap.union,
            "unique": list(overlap.unique),
        },
        "beside": None
        if beside is None
        else {
            "domain": beside.one,
            "only_together": beside.only_together,
            "both": beside.both,
            "only_domain": beside.only_one,
        },
    }


def _row(row: Exposure) -> Document:
    return {
        "policy": printable(row.policy),
        "domain": row.domain,
        "score": row.score,
        "points": [
            {"name": point.name, "points": round(point.points, 2), "why": point.why} for point in row.points
        ],
    }
