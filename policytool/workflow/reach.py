# SPDX-License-Identifier: GPL-2.0-or-later
"""The domains that a compromised daemon can enter, in how many steps and how; and which rules let it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from policytool.errors import InputError, UsageError
from policytool.graph.fewest_rules import fewest_rules
from policytool.graph.reachable import ReachGraph
from policytool.model.way import Way
from policytool.policy.compiled import flow_weights
from policytool.surface.domain_reach import DomainReach, Hop, Reached, WayTo
from policytool.surface.domain_transitions import DomainTransitions
from policytool.surface.ways import Ways
from policytool.toolchain.base import Base
from policytool.workflow.compare import MONOLITH
from policytool.workflow.opened import OpenedPolicy, open_policy

# What setools' permission map weighs less carries a bit at a time: that something was created, or removed.
LEAST_WEIGHT = 3


class PolicyReach:
    """The transitions of one policy, at the booleans' values and by every rule, each read when first asked for."""

    def __init__(self, opened: OpenedPolicy) -> None:
        self.opened = opened
        self.in_force = DomainTransitions(opened.policy)
        self._graph = _graph(self.in_force)
        self._by_every_rule = _graph(DomainTransitions(opened.policy, every_rule=True))

    def reach(self, name: str, steps: int | None = None) -> DomainReach:
        """Return what the domain NAME (or an alias of it) can enter in at most so many STEPS; None: any number.

        Raise InputError when the policy has no such type.
        """
        domain = self._resolve(name)
        paths = self._graph.paths(domain, steps)
        reached = sorted(
            (Reached(target, self._hops(path)) for target, path in paths.items()),
            key=lambda target: (len(target.path), target.domain),
        )
        others = self.opened.processes | {target.domain for target in reached}
        every = len(self._by_every_rule.paths(domain, steps))
        return DomainReach(self.opened.name, domain, tuple(reached), every, len(others - {domain}))

    def way_to(self, name: str, target: str, *, writes: bool = False, cut: bool = False) -> WayTo:
        """Return how the domain NAME comes to enter TARGET; with WRITES, to write to it, itself or what it enters.

        With CUT also the fewest rules without which it does not.
        """
        domain, end = self._resolve(name), self._resolve(target)
        last = self._writing(end) if writes else []
        goals = {way.source for way in last} if writes else {end}
        near = (entered for entered in self.reach(domain).reached if entered.domain in goals)
        reached = Reached(domain, ()) if domain in goals else next(near, None)
        if not cut or reached is None:
            return WayTo(self.opened.name, domain, end, writes, reached)
        ways = (*self._ways.into_domains(), *last)
        found = fewest_rules(ways, domain, _goal(end) if writes else end, self._ways.breadth)
        return WayTo(self.opened.name, domain, end, writes, reached, found.rules, found.optimal)

    @cached_property
    def _ways(self) -> Ways:
        return Ways(self.opened.policy, self.in_force)

    def _writing(self, target: str) -> list[Way]:
        return list(self._ways.into_type(target, _goal(target), flow_weights(), LEAST_WEIGHT))

    def _hops(self, path: Sequence[str]) -> tuple[Hop, ...]:
        return tuple(
            Hop(source, target, tuple(way for way in self.in_force.every[source] if way.target == target))
            for source, target in pairwise(path)
        )

    def _resolve(self, name: str) -> str:
        type_ = self.opened.policy.resolve(name)
        if type_ is None:
            raise InputError(f"{self.opened.policy.path} has no type {name}")
        return type_


def ways_to(
    policies: Sequence[OpenedPolicy], domains: Sequence[str], target: str, *, writes: bool, cut: bool
) -> tuple[WayTo, ...]:
    """Return how each of DOMAINS comes to enter TARGET or, with WRITES, to write to it; with CUT, what lets it.

    Without DOMAINS it is those that each policy's modules are about.
    """
    return tuple(
        analysis.way_to(domain, target, writes=writes, cut=cut)
        for opened in policies
        for analysis in (PolicyReach(opened),)
        for domain in _asked(opened, domains)
        if domain != target
    )


def reach_of(
    policies: Sequence[OpenedPolicy], domains: Sequence[str], steps: int | None = None
) -> tuple[DomainReach, ...]:
    """Return the reach of DOMAINS in each of POLICIES; without any, of those that its modules are about.

    Raise UsageError when a policy is left with no domain.
    """
    rows: list[DomainReach] = []
    for opened in policies:
        analysis = PolicyReach(opened)
        rows += [analysis.reach(domain, steps) for domain in _asked(opened, domains)]
    return tuple(rows)


def monolith_reach(base: Base, steps: int | None = None) -> tuple[DomainReach, ...]:
    """Return the reach of the domain that the modular daemons are to replace, if BASE has it."""
    plain = open_policy(None, base)
    return (PolicyReach(plain).reach(MONOLITH, steps),) if plain.policy.resolve(MONOLITH) else ()


def _asked(opened: OpenedPolicy, domains: Sequence[str]) -> Sequence[str]:
    asked = domains or sorted(opened.domains)
    if not asked:
        raise UsageError(f"{opened.name} does not say which domains it is about; name them with -d TYPE")
    return asked


def _goal(type_: str) -> str:
    # No type can have a name with a space in it.
    return f"write {type_}"


def _graph(transitions: DomainTransitions) -> ReachGraph:
    return ReachGraph((source, way.target) for source, ways in transitions.every.items() for way in ways)
