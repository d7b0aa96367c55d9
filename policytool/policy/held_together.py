# SPDX-License-Identifier: GPL-2.0-or-later
"""What the domains of a policy hold together on one type: the experience of those who wrote it by hand.

A pair is a domain and a type that it has any permission on. Of the pairs that hold some permissions, how many hold
another one too? Domains that nothing holds back say nothing about that, and neither do rules about nearly every
type; both are left out. Types on which the same domains hold the same permissions are siblings: who needs one may
some day meet the other.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.policy.unconfined import unconfined_domains

# A rule about more types than that is about all files, or all of another kind, and not about one of them.
_MANY_TYPES = 400

# Fewer pairs than that are no experience.
_FEWEST = 15

# Siblings share at least this much of what is held on either; so many are kept of a type.
ALIKE = 0.5
_SIBLINGS = 8

# How many types are compared with all others at once: bounds the memory (types by types by 4 bytes).
_BLOCK = 256

# Stands for the domain itself where it is a target.
SELF = "self"

Held = tuple[str, str]  # class, permission


@dataclass(frozen=True, eq=False, slots=True)
class Share:
    """PART (0.0 to 1.0) of so many PAIRS hold a permission beside those that were asked about."""

    part: float
    pairs: int


@dataclass(frozen=True, eq=False)
class HeldTogether:
    """What is held together in one policy.

    `columns` are the (class, permission) that are held at all. Each row of `held` (rows by columns, bool) is a set
    of them that pairs hold; `counts` says how many pairs. `siblings` has for a type those that are like it, the
    most alike first, each with how alike (ALIKE to 1.0).
    """

    columns: tuple[Held, ...]
    held: NDArray[np.bool_]
    counts: NDArray[np.int64]
    siblings: Mapping[str, tuple[tuple[str, float], ...]]
    _asked: dict[tuple[frozenset[Held], float], Mapping[Held, Share]] = field(default_factory=dict)

    def beside(self, seen: Collection[Held], *, least: float = 0.0) -> Mapping[Held, Share]:
        """Return what at LEAST that part of the pairs that hold all of SEEN hold too, with how many do.

        Empty where too few hold SEEN.
        """
        wanted = frozenset(seen), least
        if wanted not in self._asked:
            self._asked[wanted] = {held: share for held, share in self._beside(wanted[0]) if share.part >= least}
        return self._asked[wanted]

    def _beside(self, wanted: frozenset[Held]) -> Iterator[tuple[Held, Share]]:
        if not wanted or not wanted <= self._places.keys():
            return
        places = [self._places[held] for held in sorted(wanted)]
        rows = self.held[:, places].all(axis=1)
        pairs = int(self.counts[rows].sum())
        if pairs < _FEWEST:
            return
        for place, count in enumerate(self.counts[rows] @ self.held[rows]):
            if count and self.columns[place] not in wanted:
                yield self.columns[place], Share(float(count) / pairs, pairs)

    @cached_property
    def _places(self) -> Mapping[Held, int]:
        return {held: place for place, held in enumerate(self.columns)}


def held_together(policy: CompiledPolicy) -> HeldTogether:
    """Read what the domains of POLICY hold, at the booleans' stored values."""
    places: dict[Held, int] = {}
    pairs: dict[tuple[str, str], int] = {}
    domains = _domains(policy) - unconfined_domains(policy)
    for rule in policy.rules({TeRuleType.ALLOW}):
        if not rule.enabled or len(targets := policy.expand(rule.target)) > _MANY_TYPES:
            continue
        mask = 0
        for perm in rule.perms:
            mask |= 1 << places.setdefault((rule.tclass, perm), len(places))
        for source in policy.expand(rule.source) & domains:
            for target in targets:
                pair = (source, SELF if target == source else target)
                pairs[pair] = pairs.get(pair, 0) | mask
    counts: dict[int, int] = {}
    for mask in pairs.values():
        counts[mask] = counts.get(mask, 0) + 1
    distinct = sorted(counts)
    return HeldTogether(
        columns=tuple(places),
        held=_bits(distinct, len(places)),
        counts=np.array([counts[mask] for mask in distinct], dtype=np.int64),
        siblings=dict(_siblings(pairs, len(places))),
    )


def _domains(policy: CompiledPolicy) -> frozenset[str]:
    """Return the types that processes run in: each may do something to itself."""
    found: set[str] = set()
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "process"):
        found |= policy.expand(rule.source) & policy.expand(rule.target)
    return frozenset(found)


def _bits(masks: Collection[int], width: int) -> NDArray[np.bool_]:
    """Return a row for each of MASKS, whose bit N is column N of WIDTH."""
    octets = width // 8 + 1
    packed = np.frombuffer(b"".join(mask.to_bytes(octets, "little") for mask in masks), dtype=np.uint8)
    return np.unpackbits(packed.reshape(len(masks), octets), axis=1, count=width, bitorder="little").astype(bool)


def _siblings(
    pairs: Mapping[tuple[str, str], int], width: int
) -> Iterator[tuple[str, tuple[tuple[str, float], ...]]]:
    """Yield each type with those like it: what is held on both, of what is held on either (Jaccard)."""
    from scipy import sparse

    types = sorted({target for _, target in pairs} - {SELF})
    sources = sorted({source for source, _ in pairs})
    at = {name: row for row, name in enumerate(types)}
    of = {name: number for number, name in enumerate(sources)}
    asked = [(at[target], of[source], mask) for (source, target), mask in pairs.items() if target != SELF]
    if not asked:
        return
    which, columns = np.nonzero(_bits([mask for _, _, mask in asked], width))
    rows = np.array([row for row, _, _ in asked])[which]
    numbers = np.array([number for _, number, _ in asked])[which].astype(np.int64) * width + columns
    _, numbers = np.unique(numbers, return_inverse=True)
    matrix = sparse.csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, numbers)))
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    turned = matrix.T.tocsr()
    for start in range(0, len(types), _BLOCK):
        both = (matrix[start : start + _BLOCK] @ turned).toarray()
        for row, shared in enumerate(both, start):
            alike = shared / (sizes[row] + sizes - shared)
            alike[row] = 0.0
            near = np.flatnonzero(alike >= ALIKE)
            best = sorted((-float(alike[place]), types[place]) for place in near)[:_SIBLINGS]
            if best:
                yield types[row], tuple((name, -negative) for negative, name in best)


def dump(found: HeldTogether) -> bytes:
    """Return FOUND as bytes that `load` reads: arrays and texts, nothing that can be executed."""
    near = [(name, other, alike) for name, others in sorted(found.siblings.items()) for other, alike in others]
    file = io.BytesIO()
    np.savez_compressed(
        file,
        columns=np.array(found.columns, dtype=np.str_).reshape(-1, 2),
        held=np.packbits(found.held, axis=1),
        counts=found.counts,
        types=np.array([pair[:2] for pair in near], dtype=np.str_).reshape(-1, 2),
        alike=np.array([alike for _, _, alike in near]),
    )
    return file.getvalue()


def load(data: bytes) -> HeldTogether:
    """Read what `dump` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        columns = tuple((str(tclass), str(perm)) for tclass, perm in arrays["columns"])
        held = np.unpackbits(arrays["held"], axis=1, count=len(columns)).astype(bool)
        siblings: dict[str, tuple[tuple[str, float], ...]] = {}
        for (name, other), alike in zip(arrays["types"].tolist(), arrays["alike"].tolist(), strict=True):
            siblings[name] = (*siblings.get(name, ()), (other, alike))
        return HeldTogether(columns, held, arrays["counts"], siblings)
