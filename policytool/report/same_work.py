# SPDX-License-Identifier: GPL-2.0-or-later
"""The same work by one domain and by several: what a monolith used in a scenario, and what the daemons did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from policytool.model.daemon import Daemon
from policytool.model.observation import Observations

# What stands for the domain itself and for any of the daemons' domains, which differ between the two sides.
SELF, DAEMONS = "self", "(the daemons)"


class Did(NamedTuple):
    """What a domain did: to a type, or itself, or one of the daemons."""

    target: str
    tclass: str
    perm: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was done in one scenario: by the MONOLITH, and by each of the modular daemons, by their names."""

    name: str
    monolith: frozenset[Did]
    modular: Mapping[str, frozenset[Did]]

    @property
    def union(self) -> frozenset[Did]:
        """All that any of the daemons did."""
        return frozenset().union(*self.modular.values())

    @property
    def largest(self) -> tuple[str, frozenset[Did]]:
        """The daemon that did most, and what."""
        return max(self.modular.items(), key=lambda item: (len(item[1]), item[0]))


@dataclass(frozen=True, slots=True)
class SharedScenarios:
    """The SCENARIOS that both sides were recorded in, in the order of names; MONOLITH is its daemon's name."""

    monolith: str
    scenarios: tuple[Scenario, ...]

    @property
    def together(self) -> Scenario:
        """All scenarios as one."""
        monolith: frozenset[Did] = frozenset()
        modular: dict[str, frozenset[Did]] = {}
        for each in self.scenarios:
            monolith |= each.monolith
            for name, did in each.modular.items():
                modular[name] = modular.get(name, frozenset()) | did
        return Scenario("all of them", monolith, modular)


def same_work(
    monolith: Daemon,
    modular: Iterable[Daemon],
    alone: Iterable[tuple[str, Observations]],
    together: Iterable[tuple[str, Observations]],
) -> SharedScenarios:
    """Set what MONOLITH did in the scenarios of ALONE beside what the MODULAR daemons did in those of TOGETHER.

    A name that comes twice is one scenario, recorded twice. Scenarios that only one side has are left out, and of
    the others those daemons that did nothing.
    """
    modular = tuple(modular)
    everyone = frozenset(daemon.domain for daemon in (monolith, *modular))
    mine, theirs = _by_scenario(alone, [monolith], everyone), _by_scenario(together, modular, everyone)
    return SharedScenarios(
        monolith.name,
        tuple(
            Scenario(name, mine[name][monolith.name], {who: did for who, did in theirs[name].items() if did})
            for name in sorted(mine.keys() & theirs.keys())
            if mine[name][monolith.name] and any(theirs[name].values())
        ),
    )


def _by_scenario(
    parts: Iterable[tuple[str, Observations]], daemons: Iterable[Daemon], everyone: frozenset[str]
) -> Mapping[str, Mapping[str, frozenset[Did]]]:
    """Return what each of DAEMONS did in each scenario of PARTS."""
    names = {daemon.domain: daemon.name for daemon in daemons}
    found: dict[str, dict[str, set[Did]]] = {}
    for scenario, seen in parts:
        did = found.setdefault(scenario, {name: set() for name in names.values()})
        for source, target, tclass, perm in {vector.key for vector in seen.vectors}:
            if source in names:
                did[names[source]].add(Did(_target(source, target, everyone), tclass, perm))
    return {scenario: {name: frozenset(every) for name, every in did.items()} for scenario, did in found.items()}


def _target(source: str, target: str, everyone: frozenset[str]) -> str:
    if target == source:
        return SELF
    return DAEMONS if target in everyone else target
