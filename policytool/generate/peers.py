# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemons that are recorded together do alike: the habits of some say what another will do some day.

Daemons of one project share their libraries. What some of them were seen doing, the others may do as well, if not
in the scenarios at hand. A daemon's own types are compared by what is left of their names without the daemon's: `@`
stands for it, as in the difference of two graphs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policytool.model.access import AccessKey, AccessVector
from policytool.model.context import SecurityContext
from policytool.policy.held_together import Held

_OWN = "@"

# Fewer others than that say nothing about one more.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Doings:
    """What the OTHERS (so many) of one daemon were seen doing, in its name.

    `doing` says how many do what (target type, class, permission), `touching` how many do anything on a type;
    `usual` what part (0.0 to 1.0) of the types on which they do anything of a class see this permission of it.
    """

    others: int = 0
    doing: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    touching: Mapping[str, int] = field(default_factory=dict)
    usual: Mapping[Held, float] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether there are others enough to say anything."""
        return self.others >= FEWEST


@dataclass(frozen=True, slots=True)
class Peers:
    """What each daemon was seen doing, and in which scenarios: by what it did, in the name of `@`, by domain.

    `targets` has a context of each object, `commands` the ioctl commands that each scenario shows on it.
    """

    domains: frozenset[str] = frozenset()
    seen: Mapping[AccessKey, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    targets: Mapping[AccessKey, SecurityContext] = field(default_factory=dict)
    commands: Mapping[AccessKey, Mapping[str, frozenset[int]]] = field(default_factory=dict)

    def doings(self, domain: str, left_out: str | None = None) -> Doings:
        """Return what others than DOMAIN were seen doing, in other scenarios than the one LEFT_OUT."""
        gone = frozenset(() if left_out is None else (left_out,))
        doing: dict[tuple[str, str, str], int] = {}
        touching: dict[str, set[str]] = {}
        perms: dict[Held, int] = {}
        classes: dict[str, set[tuple[str, str]]] = {}
        for (_, alike, tclass, perm), domains in self.seen.items():
            others = [other for other, scenarios in domains.items() if other != domain and not scenarios <= gone]
            if others:
                target = named(alike, domain)
                doing[target, tclass, perm] = len(others)
                touching.setdefault(target, set()).update(others)
                perms[tclass, perm] = perms.get((tclass, perm), 0) + len(others)
                classes.setdefault(tclass, set()).update((other, target) for other in others)
        return Doings(
            len(self.domains - {domain}),
            doing,
            {target: len(others) for target, others in touching.items()},
            {held: count / len(classes[held[0]]) for held, count in perms.items()},
        )

    def context(self, domain: str, target: str, tclass: str, perm: str) -> SecurityContext | None:
        """Return a context of TARGET as another daemon met it, in the name of DOMAIN; None where none did."""
        return self.targets.get((_OWN, _alike(target, domain), tclass, perm))

    def shown(self, domain: str, target: str, tclass: str, left_out: str | None = None) -> frozenset[int]:
        """Return the ioctl commands that others show on TARGET, in the name of DOMAIN."""
        by_scenario = self.commands.get((_OWN, _alike(target, domain), tclass, "ioctl"), {})
        return frozenset[int]().union(
            *(commands for scenario, commands in by_scenario.items() if scenario != left_out)
        )


def peers(seen: Iterable[tuple[str, str, AccessVector]]) -> Peers:
    """Collect what was SEEN: the domain of a daemon, a scenario, and an access that the daemon makes."""
    found: dict[AccessKey, dict[str, set[str]]] = {}
    targets: dict[AccessKey, SecurityContext] = {}
    commands: dict[AccessKey, dict[str, frozenset[int]]] = {}
    domains = set()
    for domain, scenario, vector in seen:
        domains.add(domain)
        if vector.source.type_ == domain:
            _, target, tclass, perm = vector.key
            key = (_OWN, _alike(target, domain), tclass, perm)
            found.setdefault(key, {}).setdefault(domain, set()).add(scenario)
            targets.setdefault(key, vector.target)
            if vector.xperms:
                shown = commands.setdefault(key, {})
                shown[scenario] = shown.get(scenario, frozenset()) | vector.xperms
    return Peers(
        frozenset(domains),
        {key: {domain: frozenset(names) for domain, names in of.items()} for key, of in found.items()},
        targets,
        commands,
    )


def _alike(type_: str, domain: str) -> str:
    stem = domain.removesuffix("_t")
    return f"{_OWN}{type_.removeprefix(stem)}" if type_.startswith(f"{stem}_") else type_


def named(alike: str, domain: str) -> str:
    """Return the type that ALIKE stands for where DOMAIN is `@`."""
    return alike.replace(_OWN, domain.removesuffix("_t"), 1) if alike.startswith(_OWN) else alike
