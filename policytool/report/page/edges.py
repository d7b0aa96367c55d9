# SPDX-License-Identifier: GPL-2.0-or-later
"""The edges of a module's graph: who did what to which object, with one cure; and whose the object is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.access import Use
from policytool.model.cure import Cure

# Uses that an edge shows: of whom was it seen, by which call, where.
_MOST_USES = 4
# Classes of what the kernel lets a process do, and not of the process.
_POWERS = ("capability", "cap_userns", "cap2_userns")


class ObjectGroup(StrEnum):
    """Whose the objects of a graph are; or it is somebody else who does something."""

    OWN = "its own"
    FAMILY = "its siblings'"
    SYSTEM = "the system's"
    KERNEL = "the kernel's"
    OTHERS = "what others do"


@dataclass(frozen=True, slots=True)
class TypeOwners:
    """Whose a type is: each domain's own, of the family of domains, or the kernel's.

    `family` is what the other modules and the base's modules for the same domains declare; these are named in
    `family_modules`. Whatever is nowhere here is the system's.
    """

    own: Mapping[str, frozenset[str]]
    family: frozenset[str]
    family_modules: tuple[str, ...]
    kernel: frozenset[str]

    def of(self, domain: str, source: str, target: str, tclass: str) -> ObjectGroup:
        """Return whose TARGET is, from the point of view of DOMAIN."""
        if source != domain:
            return ObjectGroup.OTHERS
        if target == domain:
            return ObjectGroup.KERNEL if tclass.startswith(_POWERS) else ObjectGroup.OWN
        if target in self.own.get(domain, ()):
            return ObjectGroup.OWN
        if target in self.family:
            return ObjectGroup.FAMILY
        return ObjectGroup.KERNEL if target in self.kernel else ObjectGroup.SYSTEM


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """All that SOURCE was seen to do to TARGET of TCLASS and that has one CURE.

    `number` tells it from the module's others. `perms` are the permissions with how often each was seen, `uses` the
    most frequent ones of all of them together, `support` in how many scenarios the best known permission was seen.
    """

    number: int
    source: str
    target: str
    tclass: str
    cure: Cure
    whose: ObjectGroup
    perms: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...]
    ids: tuple[str, ...]
    uses: tuple[tuple[Use, int], ...]
    support: str = ""

    @property
    def label(self) -> str:
        """What it leads to, as a rule names it; with the source where that is not the module's domain."""
        target = "self" if self.source == self.target else self.target
        start = f"{self.source} " if self.whose is ObjectGroup.OTHERS else ""
        return f"{start}{target}:{self.tclass}"


def edges_of(evidence: ModuleEvidence, owners: TypeOwners) -> tuple[DrawnEdge, ...]:
    """Return the edges of a module, by whose the object is and by name; what the base grants is among them."""
    groups: dict[tuple[str, str, str, Cure], list[ExplainedAccess]] = {}
    for access in evidence.accesses:
        source, target, tclass, _ = access.key
        groups.setdefault((source, target, tclass, access.cure), []).append(access)
    order = list(ObjectGroup)
    placed = sorted(
        (order.index(owners.of(evidence.domain, *key[:3])), key[0] != evidence.domain, *key) for key in groups
    )
    found = []
    for number, (whose, _, source, target, tclass, cure) in enumerate(placed):
        accesses = groups[source, target, tclass, cure]
        found.append(
            DrawnEdge(
                number,
                source,
                target,
                tclass,
                cure,
                order[whose],
                tuple(sorted(_counts(accesses).items(), key=lambda item: (-item[1], item[0]))),
                tuple(sorted({access.reason for access in accesses if access.reason})),
                tuple(sorted({access.id for access in accesses if access.id})),
                _uses(accesses),
                _support(accesses, evidence.scenarios),
            )
        )
    return tuple(found)


def _support(accesses: Iterable[ExplainedAccess], scenarios: int) -> str:
    told = [access.support for access in accesses if access.support]
    return max(told, key=lambda support: support.scenarios).text(scenarios) if told else ""


def _counts(accesses: Iterable[ExplainedAccess]) -> dict[str, int]:
    found: dict[str, int] = {}
    for access in accesses:
        perm = access.key[3]
        found[perm] = found.get(perm, 0) + access.evidence.count
    return found


def _uses(accesses: Iterable[ExplainedAccess]) -> tuple[tuple[Use, int], ...]:
    """Return the most frequent uses; one that several permissions have counts once, as often as any of them."""
    counts: dict[Use, int] = {}
    for access in accesses:
        for use, count in access.evidence.shown():
            counts[use] = max(counts.get(use, 0), count)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_USES])
