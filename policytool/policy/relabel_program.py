# SPDX-License-Identifier: GPL-2.0-or-later
"""Program files of an old recording under their new labels: whose an access is follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from policytool.model.access import AccessVector, Use, merge_vectors, with_uses

# Asked while a program is being started: whoever is named by exe= is the program whose file it is.
_STARTS = frozenset({"entrypoint", "execute_no_trans"})


def relabel_programs(vectors: Iterable[AccessVector], types: Mapping[str, str]) -> tuple[AccessVector, ...]:
    """Return VECTORS with program files, by their paths in TYPES, of the types that they have there."""
    if not types:
        return tuple(vectors)
    made: list[AccessVector] = []
    for vector in vectors:
        if vector.tclass != "file":
            made.append(vector)
            continue
        by_type: dict[str, list[tuple[Use, int]]] = {}
        for use, count in vector.evidence.uses:
            path = use.program if vector.perm in _STARTS else use.path
            by_type.setdefault(types.get(path, vector.target.type_), []).append((use, count))
        rest = vector.evidence.count - sum(count for _, count in vector.evidence.uses)
        stays = by_type.pop(vector.target.type_, [])
        if stays or rest or not by_type:
            made.append(with_uses(vector, vector.target, stays, rest) if by_type else vector)
        made += [
            with_uses(vector, replace(vector.target, type_=type_), uses) for type_, uses in sorted(by_type.items())
        ]
    return merge_vectors(made)
