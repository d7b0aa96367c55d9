# SPDX-License-Identifier: GPL-2.0-or-later
"""The graph after triage: every access under the new types, on an edge that carries its cure.

Nodes are domains and objects, named as in the graph of what was seen (permission_graph.py). An edge leads from a
domain to an object and has the accesses with one cure; the cure is its key. The minimal graph is the part that
rules cure. A module of profile `exact` is made of it: each edge is one allow rule, and there are no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import networkx as nx

from policytool.graph.permission_graph import domain_node, merge_evidence, object_node
from policytool.model.access import AccessVector, Evidence
from policytool.model.cure import Cure
from policytool.model.proposal import Proposal


class CuredAccess(Protocol):
    """An access with its cure; generate.triage.Triaged is one."""

    @property
    def vector(self) -> AccessVector:
        """The access."""

    @property
    def cure(self) -> Cure:
        """Its one cure."""

    @property
    def reason(self) -> str:
        """Why it has that cure, "" where nothing is to be said."""

    @property
    def id(self) -> str:
        """What names a refusal that a person may accept, "" if there is none."""

    @property
    def proposed(self) -> tuple[Proposal, ...]:
        """Cures that may serve better."""


@dataclass(frozen=True, slots=True)
class CureEdge:
    """What a domain does to an object and has one cure: node names, cure, and the accesses in their order."""

    source: str
    target: str
    cure: Cure
    accesses: tuple[CuredAccess, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """(source type, target type, class): what an allow rule is told apart by."""
        source, target, tclass, _ = self.accesses[0].vector.key
        return (source, target, tclass)

    @property
    def perms(self) -> tuple[str, ...]:
        """The permissions on the edge, sorted."""
        return tuple(sorted({access.vector.perm for access in self.accesses}))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the accesses have their cure, sorted."""
        return tuple(sorted({access.reason for access in self.accesses if access.reason}))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of refusals, sorted."""
        return tuple(sorted({access.id for access in self.accesses if access.id}))

    @property
    def vectors(self) -> tuple[AccessVector, ...]:
        """The access vectors, each once."""
        return tuple(dict.fromkeys(access.vector for access in self.accesses))

    @property
    def evidence(self) -> Evidence:
        """The evidence of all vectors of the edge together."""
        return merge_evidence(self.vectors)


@dataclass(frozen=True, slots=True)
class CureGraph:
    """A frozen networkx graph, or a view of one, and the names of the traces that it comes from."""

    graph: nx.MultiDiGraph
    traces: tuple[str, ...] = ()

    @property
    def cures(self) -> tuple[Cure, ...]:
        """The cures that edges have, in the order of Cure."""
        found = {key for *_, key in self.graph.edges(keys=True)}
        return tuple(cure for cure in Cure if cure in found)

    def edges(self, *cures: Cure) -> Iterator[CureEdge]:
        """Yield the edges with CURES (all if none is given) by source type, target type, class and cure."""
        wanted = frozenset(cures or Cure)
        for source, target, key, accesses in self.graph.edges(keys=True, data="accesses"):
            if key in wanted:
                yield CureEdge(source, target, Cure(key), accesses)

    def cured_by(self, *cures: Cure) -> CureGraph:
        """Return the part that has CURES: those edges, and the nodes that they join."""
        kept = frozenset(cure.value for cure in cures)
        ends = {node for *pair, key in self.graph.edges(keys=True) if key in kept for node in pair}
        view = nx.subgraph_view(
            self.graph, filter_node=ends.__contains__, filter_edge=lambda source, target, key: key in kept
        )
        return CureGraph(view, self.traces)

    def minimal(self) -> CureGraph:
        """Return the minimal permission graph: the edges that rules cure."""
        return self.cured_by(Cure.ALLOW)


def after_triage(accesses: Iterable[CuredAccess], traces: tuple[str, ...] = ()) -> CureGraph:
    """Build the graph of ACCESSES. Nodes and edges are in order, so that nobody has to sort them again."""
    edges: dict[tuple[str, str, str, Cure], list[CuredAccess]] = {}
    for access in accesses:
        source, target, tclass, _ = access.vector.key
        edges.setdefault((source, target, tclass, access.cure), []).append(access)
    graph = nx.MultiDiGraph()
    for type_ in sorted({source for source, _, _, _ in edges}):
        graph.add_node(domain_node(type_), kind="domain", name=type_)
    for type_, tclass in sorted({(target, tclass) for _, target, tclass, _ in edges}):
        graph.add_node(object_node(type_, tclass), kind="object", name=type_, tclass=tclass)
    for (source, target, tclass, cure), group in sorted(edges.items(), key=lambda item: item[0]):
        graph.add_edge(domain_node(source), object_node(target, tclass), key=cure.value, accesses=tuple(group))
    return CureGraph(nx.freeze(graph), traces)
