# SPDX-License-Identifier: GPL-2.0-or-later
"""Privilege surfaces side by side, and what one has that another has not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policytool.surface.grants import Grants
from policytool.surface.surface import PrivilegeSurface


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """The figures of one domain. All but `every` are at the booleans' stored values.

    `stored`, `every` and `floor` are numbers of (target type, class, permission); `share` is `stored` over that
    of the baseline, 0.0 to 1.0 and above, and `floor_share` is `floor` over `stored`. `capabilities` counts
    those of the initial namespace, `dangers` holds the names of the lines in surface.danger. `used` and `excess`
    are those of surface.parts, None where it is not known what was used.
    """

    domain: str
    stored: int
    every: int
    floor: int
    floor_share: float
    rules: int
    object_types: int
    capabilities: int
    transitions: int
    dangers: tuple[str, ...]
    share: float
    permissive: bool
    used: int | None = None
    excess: int | None = None


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row, the policy that it is of as it was named, and a short name for it."""

    policy: str
    row: ComparisonRow
    short: str


@dataclass(frozen=True, slots=True)
class GrantChange:
    """What was added to or removed from the permissions on one (target type, class)."""

    target: str
    tclass: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SurfaceDiff:
    """How one surface became another, in triples at the booleans' stored values.

    `changes` is sorted by target and class; `dangers` names the dangerous lines that are new. `switchable` counts
    the triples that are new when every conditional rule is counted, `permissive` says that the domain became so.
    """

    before: str
    after: str
    added: int
    removed: int
    changes: tuple[GrantChange, ...]
    dangers: tuple[str, ...]
    switchable: int = 0
    permissive: bool = False

    @property
    def grew(self) -> bool:
        """Whether the domain may do anything that it might not before, whatever it lost."""
        return self.added > 0 or self.switchable > 0 or self.permissive


def compare(surfaces: Iterable[PrivilegeSurface], baseline: PrivilegeSurface) -> tuple[ComparisonRow, ...]:
    """Return one row for each of SURFACES, in their order, measured against BASELINE.

    They may come from different policies.
    """
    whole = len(baseline.stored)
    return tuple(_row(surface, whole) for surface in surfaces)


def _row(surface: PrivilegeSurface, whole: int) -> ComparisonRow:
    stored, floor = len(surface.stored), len(surface.floor)
    return ComparisonRow(
        domain=surface.domain,
        stored=stored,
        every=len(surface.every),
        floor=floor,
        floor_share=floor / stored if stored else 0.0,
        rules=surface.rules,
        object_types=len(surface.object_types),
        capabilities=sum(tclass in ("capability", "capability2") for tclass, _ in surface.capabilities),
        transitions=len(surface.transitions),
        dangers=tuple(danger.name for danger in surface.dangers),
        share=stored / whole if whole else 0.0,
        permissive=surface.permissive,
    )


def diff(before: PrivilegeSurface, after: PrivilegeSurface) -> SurfaceDiff:
    """Return what AFTER holds and BEFORE does not, and the other way round; of one policy or of two.

    The domain's permissions on itself count as the same ones where the two domains have different names.
    """
    old, new, every = before.stored, after.stored, before.every
    if before.domain != after.domain:
        old = old.renamed(before.domain, after.domain)
        every = every.renamed(before.domain, after.domain)
    added, removed = new - old, old - new
    known = {danger.name for danger in before.dangers}
    return SurfaceDiff(
        before=before.domain,
        after=after.domain,
        added=len(added),
        removed=len(removed),
        changes=_changes(added, removed),
        dangers=tuple(danger.name for danger in after.dangers if danger.name not in known),
        switchable=len(after.every - every),
        permissive=after.permissive and not before.permissive,
    )


def _changes(added: Grants, removed: Grants) -> tuple[GrantChange, ...]:
    plus = {(target, tclass): perms for target, tclass, perms in added.by_target()}
    minus = {(target, tclass): perms for target, tclass, perms in removed.by_target()}
    return tuple(
        GrantChange(target, tclass, plus.get((target, tclass), ()), minus.get((target, tclass), ()))
        for target, tclass in sorted(plus.keys() | minus.keys())
    )
