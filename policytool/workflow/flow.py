# SPDX-License-Identifier: GPL-2.0-or-later
"""Direct flows of information: of domains, the difference of two policies, and those that must not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policytool.errors import InputError, UsageError
from policytool.policy.compiled import flow_weights
from policytool.surface.flow_change import (
    DomainFlow,
    FlowChange,
    ForbiddenFlow,
    changed_edges,
    domain_flow,
    forbidden_flows,
)
from policytool.surface.flow_table import FlowTable
from policytool.surface.grants import Universe
from policytool.workflow.opened import OpenedPolicy


@dataclass(frozen=True, slots=True)
class FlowAnswer:
    """The flows of domains, how others differ from the first policy, and flows that were required to be absent."""

    rows: tuple[DomainFlow, ...]
    changes: tuple[FlowChange, ...]
    forbidden: tuple[ForbiddenFlow, ...]


def flows_of(
    policies: Sequence[OpenedPolicy], domains: Sequence[str], weight: int, absent: Sequence[tuple[str, str]]
) -> FlowAnswer:
    """Return the direct flows of DOMAINS in POLICIES that weigh at least WEIGHT.

    Without DOMAINS the rows are of those that each policy's modules are about, and changes are of all types. ABSENT
    are pairs of types or attributes between which nothing may flow. Raise InputError for a name that a policy does
    not have, UsageError when there is nothing to tell.
    """
    universe = Universe.of(type_ for opened in policies for type_ in opened.policy.types)
    weights = flow_weights()
    tables = [FlowTable(opened.policy, weights, weight, universe) for opened in policies]
    rows: list[DomainFlow] = []
    forbidden: list[ForbiddenFlow] = []
    for opened, table in zip(policies, tables, strict=True):
        asked = [_resolved(opened, name) for name in domains] or sorted(opened.domains)
        rows += [domain_flow(opened.name, table, domain) for domain in asked]
        for source, target in absent:
            for name in (source, target):
                if not opened.policy.expand(name):
                    raise InputError(f"{opened.policy.path} has no type or attribute {name}")
            forbidden += forbidden_flows(opened.name, table, source, target)
    if not rows and not absent and len(policies) < 2:
        raise UsageError(f"{policies[0].name} does not say which domains it is about; name them with -d TYPE")
    first, *others = zip(policies, tables, strict=True)
    changes = [
        FlowChange(first[0].name, opened.name, *changed_edges(first[1], table, domains)) for opened, table in others
    ]
    return FlowAnswer(tuple(rows), tuple(changes), tuple(forbidden))


def _resolved(opened: OpenedPolicy, name: str) -> str:
    type_ = opened.policy.resolve(name)
    if type_ is None:
        raise InputError(f"{opened.policy.path} has no type {name}")
    return type_
