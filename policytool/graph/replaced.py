# SPDX-License-Identifier: GPL-2.0-or-later
"""What new types replaced: accesses that were seen on an old type and are asked of another one under the skeletons.

It is found by book-keeping, so that it is true of any mapping: what an old type has lost of a use, and another type
has gained of the same use, was replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from policytool.model.access import AccessVector, Use, with_uses


@dataclass(frozen=True, slots=True)
class Replaced:
    """The part of an observed access (VECTOR, on the old type) that is asked of the type BY now."""

    vector: AccessVector
    by: str


# All of an access but the type of its target.
_Question = tuple[str, ...]
# How often each use was made of a target type, by question and use.
_Counts = Mapping[tuple[_Question, Use], Counter[str]]


def replaced(seen: Iterable[AccessVector], mapped: Iterable[AccessVector]) -> tuple[Replaced, ...]:
    """Return what of SEEN, as it was recorded, is on another type in MAPPED; sorted.

    A use that is missing from MAPPED altogether (unmapped) was not replaced. Both must have the same sources.
    """
    before = tuple(seen)
    counts, after = _counts(before), _counts(mapped)
    found: dict[tuple[AccessVector, str], dict[Use, int]] = {}
    for vector in before:
        question, old = _question(vector), vector.target.type_
        for use, count in vector.evidence.uses:
            now = after.get((question, use), Counter())
            lost = min(count, counts[question, use][old] - now[old])
            if lost > 0:
                for new in _gained(counts[question, use], now):
                    found.setdefault((vector, new), {})[use] = lost
    parts = (Replaced(with_uses(vector, vector.target, uses.items()), new) for (vector, new), uses in found.items())
    return tuple(sorted(parts, key=lambda part: (part.vector.sort_key, part.by)))


def _gained(before: Counter[str], now: Counter[str]) -> Iterator[str]:
    yield from sorted(type_ for type_, count in now.items() if count > before[type_])


def _counts(vectors: Iterable[AccessVector]) -> _Counts:
    counts: dict[tuple[_Question, Use], Counter[str]] = {}
    for vector in vectors:
        question = _question(vector)
        for use, count in vector.evidence.uses:
            counts.setdefault((question, use), Counter())[vector.target.type_] += count
    return counts


def _question(vector: AccessVector) -> _Question:
    return replace(vector, target=replace(vector.target, type_="")).sort_key
