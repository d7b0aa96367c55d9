# SPDX-License-Identifier: GPL-2.0-or-later
"""The domains that a compromised daemon can enter, in how many steps and how; and which rules let it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from policytool.errors import InputError, UsageError
from policytool.graph.fewest_rules import RuleCut, fewest_rules
from policytool.graph.reachable import ReachGraph
from policytool.surface.domain_reach import DomainReach, Hop, Reached
from policytool.surface.domain_transitions import DomainTransitions
from policytool.surface.ways import Ways
from policytool.toolchain.base import Base
from policytool.workflow.compare import MONOLITH
from policytool.workflow.opened import OpenedPolicy, open_policy


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

    def cut(self, source: str, target: str) -> RuleCut:
        """Return the fewest rules whose removal keeps SOURCE from entering TARGET, over however many steps."""
        start, end = self._resolve(source), self._resolve(target)
        if start == end:
            raise UsageError(f"{source} is {target} already")
        ways = Ways(self.opened.policy, self.in_force)
        return fewest_rules(ways.into_domains(), start, end, ways.breadth)

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


def reach_of(
    policies: Sequence[OpenedPolicy], domains: Sequence[str], steps: int | None = None
) -> tuple[DomainReach, ...]:
    """Return the reach of DOMAINS in each of POLICIES; without any, of those that its modules are about.

    Raise UsageError when a policy is left with no domain.
    """
    rows: list[DomainReach] = []
    for opened in policies:
        asked = domains or sorted(opened.domains)
        if not asked:
            raise UsageError(f"{opened.name} does not say which domains it is about; name them with -d TYPE")
        transitions = PolicyReach(opened)
        rows += [transitions.reach(domain, steps) for domain in asked]
    return tuple(rows)


def monolith_reach(base: Base, steps: int | None = None) -> tuple[DomainReach, ...]:
    """Return the reach of the domain that the modular daemons are to replace, if BASE has it."""
    plain = open_policy(None, base)
    return (PolicyReach(plain).reach(MONOLITH, steps),) if plain.policy.resolve(MONOLITH) else ()


def _graph(transitions: DomainTransitions) -> ReachGraph:
    return ReachGraph((source, way.target) for source, ways in transitions.every.items() for way in ways)
