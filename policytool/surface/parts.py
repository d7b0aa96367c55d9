# SPDX-License-Identifier: GPL-2.0-or-later
"""A surface taken apart: what every such domain holds (the floor), what was used, and what is neither (the excess).

Profile `exact` promises no excess: the whole is the floor and what was used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policytool.model.access import AccessVector
from policytool.surface.grants import Grants, Triple
from policytool.surface.surface import PrivilegeSurface


@dataclass(frozen=True)
class SurfaceParts:
    """The triples of DOMAIN at the booleans' stored values: whole = floor + used + len(excess).

    `floor` counts what the domain would hold without the modules' rules: through the base's attributes that it
    carries and, where the domain is the base's own (`extends`), by the base's own rules for it, which may let it
    use new types too. `used` counts what was seen and the floor does not have, `floor_used` what was seen and the
    floor has. `excess` is neither.
    """

    domain: str
    extends: bool
    whole: int
    floor: int
    used: int
    floor_used: int
    excess: Grants


def surface_parts(surface: PrivilegeSurface, own: Grants | None, used: Iterable[Triple]) -> SurfaceParts:
    """Take SURFACE apart. OWN is what a domain of the base holds without the modules' rules, None for others.

    USED are the (target type, class, permission) that the domain was seen to use; one that the surface does not
    hold (a refused access) counts for nothing.
    """
    held = surface.stored
    floor = held & (surface.floor if own is None else own)
    seen = held & Grants.of(used)
    beyond = held - floor
    excess = beyond - seen
    return SurfaceParts(
        domain=surface.domain,
        extends=own is not None,
        whole=len(held),
        floor=len(floor),
        used=len(beyond) - len(excess),
        floor_used=len(seen & floor),
        excess=excess,
    )


def used_triples(vectors: Iterable[AccessVector], domain: str) -> frozenset[Triple]:
    """Return what DOMAIN was seen to do, as triples."""
    return frozenset(vector.key[1:] for vector in vectors if vector.source.type_ == domain)
