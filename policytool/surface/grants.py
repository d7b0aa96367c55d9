# SPDX-License-Identifier: GPL-2.0-or-later
"""A set of (target type, class, permission) that costs little even when it has two million members.

For each (class, permission) the target types are one integer with a bit for each type, so counting, union and
difference are a few thousand operations on long integers, and the triples are only made when iterated over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class Universe:
    """The types that the bits of some grants stand for: bit N is NAMES[N].

    The order is free; policies with the same types get the same one from `of`, and then share their masks.
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Universe:
        """Make the universe of NAMES."""
        return cls(tuple(sorted(set(names))))

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The bit number of every type."""
        return {name: number for number, name in enumerate(self.names)}

    def mask(self, names: Iterable[str]) -> int:
        """Return the bits of NAMES; names that are not types of this universe are left out."""
        # Setting bits in bytes is linear; or-ing integers of thousands of bits together is not.
        octets = bytearray(len(self.names) // 8 + 1)
        for name in names:
            number = self.positions.get(name)
            if number is not None:
                octets[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(octets, "little")

    def types(self, mask: int) -> tuple[str, ...]:
        """Return the types whose bits are set, sorted."""
        found = []
        while mask:
            low = mask & -mask
            found.append(self.names[low.bit_length() - 1])
            mask ^= low
        return tuple(sorted(found))


@dataclass(frozen=True)
class Grants:
    """An immutable set of triples. Two are equal when they hold the same triples, whatever their universes."""

    universe: Universe
    masks: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, triples: Iterable[Triple]) -> Grants:
        """Make grants of a few TRIPLES."""
        every = sorted(set(triples))
        universe = Universe.of(type_ for type_, _, _ in every)
        targets: dict[tuple[str, str], list[str]] = {}
        for type_, tclass, perm in every:
            targets.setdefault((tclass, perm), []).append(type_)
        return cls(universe, {key: universe.mask(names) for key, names in targets.items()})

    def __len__(self) -> int:
        return sum(mask.bit_count() for mask in self.masks.values())

    def __bool__(self) -> bool:
        return any(self.masks.values())

    def __contains__(self, triple: object) -> bool:
        if not (isinstance(triple, tuple) and len(triple) == 3):
            return False
        type_, tclass, perm = triple
        number = self.universe.positions.get(type_)
        return number is not None and bool(self.masks.get((tclass, perm), 0) >> number & 1)

    def __iter__(self) -> Iterator[Triple]:
        """Yield the triples, sorted by class, permission and type."""
        for (tclass, perm), mask in sorted(self.masks.items()):
            for type_ in self.universe.types(mask):
                yield type_, tclass, perm

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grants):
            return NotImplemented
        return not self - other and not other - self

    # Equal grants may have different universes, so a cheap hash would be wrong; nobody needs one.
    __hash__ = None  # type: ignore[assignment]

    def __sub__(self, other: Grants) -> Grants:
        theirs = other.aligned(self.universe)
        left = {key: mask & ~theirs.get(key, 0) for key, mask in self.masks.items()}
        return Grants(self.universe, {key: mask for key, mask in left.items() if mask})

    def __and__(self, other: Grants) -> Grants:
        theirs = other.aligned(self.universe)
        both = {key: mask & theirs.get(key, 0) for key, mask in self.masks.items()}
        return Grants(self.universe, {key: mask for key, mask in both.items() if mask})

    def aligned(self, universe: Universe) -> Mapping[tuple[str, str], int]:
        """Return the masks as those of another universe; types that it does not have are left out."""
        if universe is self.universe or universe.names == self.universe.names:
            return self.masks
        # A domain has thousands of (class, permission) pairs but few distinct sets of targets.
        known: dict[int, int] = {}
        for mask in self.masks.values():
            if mask not in known:
                known[mask] = universe.mask(self.universe.types(mask))
        return {key: known[mask] for key, mask in self.masks.items()}

    def renamed(self, old: str, new: str) -> Grants:
        """Return the same grants with those on type OLD said of NEW instead (and those on NEW, of OLD)."""
        swap = {old: new, new: old}
        return Grants(Universe(tuple(swap.get(name, name) for name in self.universe.names)), self.masks)

    def mask(self, tclass: str, perm: str) -> int:
        """Return the targets of one permission, as bits of the universe."""
        return self.masks.get((tclass, perm), 0)

    def targets(self, tclass: str, perm: str) -> tuple[str, ...]:
        """Return the types on which PERM is held for objects of TCLASS, sorted."""
        return self.universe.types(self.mask(tclass, perm))

    @property
    def types(self) -> tuple[str, ...]:
        """The types on which anything at all is held, sorted."""
        every = 0
        for mask in self.masks.values():
            every |= mask
        return self.universe.types(every)

    def by_target(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Return the same triples as (target type, class, permissions), sorted: as rules would say it."""
        groups: dict[tuple[str, str], list[str]] = {}
        for type_, tclass, perm in self:
            groups.setdefault((type_, tclass), []).append(perm)
        return tuple((type_, tclass, tuple(perms)) for (type_, tclass), perms in sorted(groups.items()))
