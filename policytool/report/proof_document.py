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
        "findings": [_judged(one, proof) for one in proof.findings],
        "shared": [_judged(one, proof) for one in proof.of(Standing.SHARED)],
        "off": [_judged(one, proof) for one in proof.of(Standing.OFF)],
        "exempt": [_exempt(one) for one in proof.exempt],
        "surfaces": [_parts(one) for one in parts],
    }


def _judged(one: JudgedPermission, proof: Proof) -> Document:
    place = proof.places.get(one.rule)
    return {
        "module": one.rule.module,
        "file": printable(place.file) if place else "",
        "line": place.line if place else 0,
        "source": one.rule.source,
        "target": one.rule.target,
        "tclass": one.rule.tclass,
        "perm": one.perm,
        "standing": one.standing.value,
        "detail": printable(one.detail),
        "seen": " ".join(one.witness.key) if one.witness else "",
    }


def _exempt(one: Exempt) -> Document:
    return {
        "module": one.module,
        "declarations": dict(one.declarations),
        "attributes": [{"attribute": name, "types": list(types)} for name, types in one.attributes],
        "allowxperm": [printable(text, 300) for text in one.allowxperm],
    }


def _parts(one: SurfaceParts) -> Document:
    return {
        "domain": one.domain,
        "extends": one.extends,
        "triples": one.whole,
        "floor": one.floor,
        "used": one.used,
        "floor_used": one.floor_used,
        "excess": len(one.excess),
        "excess_triples": [
            {"target": target, "class": tclass, "perms": list(perms)}
            for target, tclass, perms in one.excess.by_target()
        ],
    }
