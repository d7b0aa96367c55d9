# SPDX-License-Identifier: GPL-2.0-or-later
"""What flows in one policy and not in another, and flows that must not be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from policytool.model.way import StatedRule
from policytool.surface.flow_table import FlowTable

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DomainFlow:
    """The types whose information flows into DOMAIN, and those that its information flows to; each sorted."""

    policy: str
    domain: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowChange:
    """The flows that the policy AFTER has and BEFORE has not, and the other way round; each sorted."""

    before: str
    after: str
    added: tuple[Edge, ...]
    removed: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class ForbiddenFlow:
    """A flow of a policy that was required to be absent, and the rules that it stands on."""

    policy: str
    source: str
    target: str
    rules: tuple[StatedRule, ...]


def domain_flow(policy: str, table: FlowTable, domain: str) -> DomainFlow:
    """Return what flows into DOMAIN of POLICY, and out of it."""
    types = table.universe.types
    return DomainFlow(policy, domain, types(table.sources(domain)), types(table.targets(domain)))


def changed_edges(before: FlowTable, after: FlowTable, about: Collection[str] = ()) -> tuple[tuple[Edge, ...], ...]:
    """Return the flows that were added and those that were removed; with ABOUT only those from or to one of these.

    Both tables have to be of one universe.
    """
    wanted = before.universe.mask(about) if about else -1
    added: list[Edge] = []
    removed: list[Edge] = []
    for source in before.universe.names:
        old, new = before.targets(source), after.targets(source)
        if old == new:
            continue
        limit = -1 if source in about else wanted
        added += [(source, target) for target in before.universe.types(new & ~old & limit)]
        removed += [(source, target) for target in before.universe.types(old & ~new & limit)]
    return tuple(added), tuple(removed)


def forbidden_flows(policy: str, table: FlowTable, source: str, target: str) -> tuple[ForbiddenFlow, ...]:
    """Return the flows from SOURCE to TARGET, types or attributes, each with the rules that it stands on."""
    members = table.universe.mask(table.policy.expand(target))
    return tuple(
        ForbiddenFlow(policy, from_, to, table.rules(from_, to))
        for from_ in sorted(table.policy.expand(source))
        for to in table.universe.types(table.targets(from_) & members)
    )
