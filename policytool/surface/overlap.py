# SPDX-License-Identifier: GPL-2.0-or-later
"""What several domains share, what one alone holds, and what all together hold beside the domain they replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from policytool.surface.grants import Grants, Triple


@dataclass(frozen=True, slots=True)
class Overlap:
    """How the surfaces of DOMAINS lie over each other, in triples.

    `jaccard` has a row and a column for each domain: what both hold over what either holds, 0.0 to 1.0. `shared` is
    held by all; `unique` counts what no other of them holds. What a domain may do to itself is the same for all of
    them.
    """

    domains: tuple[str, ...]
    jaccard: tuple[tuple[float, ...], ...]
    shared: int
    union: int
    unique: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnionBeside:
    """What domains hold together beside ONE other: how much of it only they hold, both, and only the other."""

    one: str
    only_together: int
    both: int
    only_one: int


def overlap(surfaces: Mapping[str, Grants]) -> Overlap:
    """Return how SURFACES, each of the domain that it stands under, lie over each other."""
    names = tuple(surfaces)
    sets = [_on_itself(name, surfaces[name]) for name in names]
    every = frozenset().union(*sets)
    shared = reduce(frozenset.__and__, sets) if sets else every
    unique = tuple(len(own - frozenset().union(*(other for other in sets if other is not own))) for own in sets)
    rows = tuple(tuple(_jaccard(one, other) for other in sets) for one in sets)
    return Overlap(names, rows, len(shared), len(every), unique)


def union_beside(surfaces: Mapping[str, Grants], one: str, other: Grants) -> UnionBeside:
    """Return what SURFACES hold together beside OTHER, the surface of the domain ONE."""
    together = frozenset().union(*(_on_itself(name, held) for name, held in surfaces.items()))
    alone = _on_itself(one, other)
    return UnionBeside(one, len(together - alone), len(together & alone), len(alone - together))


# Stands for the domain itself among the targets; no type can have this name.
_ITSELF = "self"


def _on_itself(domain: str, held: Grants) -> frozenset[Triple]:
    return frozenset((_ITSELF if target == domain else target, tclass, perm) for target, tclass, perm in held)


def _jaccard(one: Sequence[Triple] | frozenset[Triple], other: frozenset[Triple]) -> float:
    first = frozenset(one)
    either = len(first | other)
    return len(first & other) / either if either else 1.0
