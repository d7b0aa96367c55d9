# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of `replay --irreducible`, as the part of replay's document with that name."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.model.printable import printable
from policytool.policy.needed_rules import Exempt, JudgedPermission, Proof, Standing
from policytool.report.accesses import Document
from policytool.surface.parts import SurfaceParts


def irreducible_document(proof: Proof, parts: Iterable[SurfaceParts]) -> Document:
    """Return the counts by standing, what can go or was not judged, what is exempt, and the surfaces."""
    return {
        "counts": {standing.value: len(proof.of(standing)) for standing in Standing},
        "findings": [_judged(judged, proof) for judged in proof.findings],
        "shared": [_judged(judged, proof) for judged in proof.of(Standing.SHARED)],
        "off": [_judged(judged, proof) for judged in proof.of(Standing.OFF)],
        "exempt": [_exempt(exempt) for exempt in proof.exempt],
        "surfaces": [_parts(surface) for surface in parts],
    }


def _judged(judged: JudgedPermission, proof: Proof) -> Document:
    place = proof.places.get(judged.rule)
    return {
        "module": judged.rule.module,
        "file": printable(place.file) if place else "",
        "line": place.line if place else 0,
        "source": judged.rule.source,
        "target": judged.rule.target,
        "tclass": judged.rule.tclass,
        "perm": judged.perm,
        "standing": judged.standing.value,
        "detail": printable(judged.detail),
        "seen": " ".join(judged.witness.key) if judged.witness else "",
    }


def _exempt(exempt: Exempt) -> Document:
    return {
        "module": exempt.module,
        "declarations": dict(exempt.declarations),
        "attributes": [{"attribute": name, "types": list(types)} for name, types in exempt.attributes],
        "allowxperm": [printable(text, 300) for text in exempt.allowxperm],
    }


def _parts(surface: SurfaceParts) -> Document:
    return {
        "domain": surface.domain,
        "extends": surface.extends,
        "triples": surface.whole,
        "floor": surface.floor,
        "used": surface.used,
        "floor_used": surface.floor_used,
        "excess": len(surface.excess),
        "excess_triples": [
            {"target": target, "class": tclass, "perms": list(perms)}
            for target, tclass, perms in surface.excess.by_target()
        ],
    }
