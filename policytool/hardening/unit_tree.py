# SPDX-License-Identifier: GPL-2.0-or-later
"""What a daemon starts: the domains that are entered from its own, which inherit what systemd takes from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policytool.model.access import AccessVector


@dataclass(frozen=True, slots=True)
class Descendant:
    """A domain that was entered from the daemon's, directly or not.

    `confined_apart` says that it runs with categories of its own (sVirt): a guest or a container, which does what
    its owner makes it do, and not what a recording has shown. `recorded` says that the recording shows what it did.
    """

    domain: str
    entered_from: tuple[str, ...]
    confined_apart: bool
    recorded: bool


@dataclass(frozen=True, slots=True)
class UnitTree:
    """The daemon's DOMAIN, its descendants by domain, and every entry (source, target) into any of them."""

    domain: str
    descendants: tuple[Descendant, ...]
    entries: tuple[tuple[str, str], ...]
    recorded: bool

    @property
    def domains(self) -> frozenset[str]:
        """All domains that inherit from the daemon's unit, its own among them."""
        return frozenset({self.domain, *(descendant.domain for descendant in self.descendants)})

    @property
    def guests(self) -> tuple[str, ...]:
        """The domains that are confined apart."""
        return tuple(descendant.domain for descendant in self.descendants if descendant.confined_apart)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The descendants that were not recorded."""
        return tuple(descendant.domain for descendant in self.descendants if not descendant.recorded)


def unit_tree(domain: str, vectors: Iterable[AccessVector]) -> UnitTree:
    """Return what was seen to be started from DOMAIN in VECTORS.

    A domain counts as recorded if a complete recording shows an access of it to its own type: what a recorded
    domain does to itself is always logged, and of one that was not recorded only what it did to those that were.
    """
    entered: dict[str, set[str]] = {}
    apart: set[str] = set()
    recorded: set[str] = set()
    for vector in vectors:
        source, target = vector.source, vector.target
        if vector.complete and source.type_ == target.type_:
            recorded.add(source.type_)
        if (vector.tclass, vector.perm) in {("process", "transition"), ("process", "dyntransition")}:
            entered.setdefault(source.type_, set()).add(target.type_)
            if ":c" in target.range_ and ":c" not in source.range_:
                apart.add(target.type_)
    found = {domain}
    waiting = [domain]
    while waiting:
        new = entered.get(waiting.pop(), set()) - found
        found |= new
        waiting += sorted(new)
    return UnitTree(
        domain,
        tuple(
            Descendant(
                name,
                tuple(sorted(source for source in found if name in entered.get(source, ()))),
                name in apart,
                name in recorded,
            )
            for name in sorted(found - {domain})
        ),
        tuple(
            sorted(
                (source, target)
                for source, targets in entered.items()
                for target in targets & found
                if source in found or target == domain
            )
        ),
        domain in recorded,
    )
