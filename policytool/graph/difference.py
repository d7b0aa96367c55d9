# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between two graphs: of two traces, of two daemons, or both.

Where two daemons are compared, their own names are made alike first: `@` stands for the name of the daemon, so that
virtqemud_runtime_t and virtsecretd_runtime_t are both @_runtime_t. No type of a policy has an @ in its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import networkx as nx

from policytool.graph.minimal import CureEdge, CureGraph
from policytool.graph.permission_graph import Edge, PermissionGraph, domain_node, executable_node, object_node
from policytool.model.daemon import Daemon

Rename = Callable[[str], str]


class EdgeChange(StrEnum):
    """How an edge differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ChangedEdge:
    """An edge that differs: node names, key, and the permissions that one graph has and the other has not."""

    source: str
    target: str
    key: str
    change: EdgeChange
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphDifference:
    """What differs, sorted; the attributes of the nodes that it joins; how many edges are the same in both."""

    edges: tuple[ChangedEdge, ...]
    nodes: Mapping[str, Mapping[str, str]]
    same: int

    def count(self, change: EdgeChange) -> int:
        """Return how many edges differ so."""
        return sum(edge.change is change for edge in self.edges)


def difference(before: nx.MultiDiGraph, after: nx.MultiDiGraph) -> GraphDifference:
    """Return what differs from BEFORE to AFTER, both of which `comparable` made."""
    # networkx compares graphs of the same nodes.
    old, new = nx.MultiDiGraph(before), nx.MultiDiGraph(after)
    old.add_nodes_from(after.nodes(data=True))
    new.add_nodes_from(before.nodes(data=True))
    none = frozenset[str]()
    edges = [_edge(place, EdgeChange.ADDED, none, _perms(new, place)) for place in nx.difference(new, old).edges]
    edges += [_edge(place, EdgeChange.REMOVED, _perms(old, place), none) for place in nx.difference(old, new).edges]
    both = nx.intersection(old, new).edges
    common = [_edge(place, EdgeChange.CHANGED, _perms(old, place), _perms(new, place)) for place in both]
    changed = [edge for edge in common if edge.added or edge.removed]
    found = tuple(sorted([*edges, *changed], key=lambda edge: (edge.source, edge.target, edge.key)))
    ends = sorted({node for edge in found for node in (edge.source, edge.target)})
    return GraphDifference(found, {node: new.nodes[node] for node in ends}, len(common) - len(changed))


def comparable(graph: PermissionGraph | CureGraph, daemon: Daemon | None = None) -> nx.MultiDiGraph:
    """Return GRAPH with only the permissions on its edges; names of DAEMON's own become alike for all daemons."""
    rename = _namer(daemon) if daemon else _as_it_is
    plain = nx.MultiDiGraph()
    names = {}
    for node, data in graph.graph.nodes(data=True):
        shown = {key: rename(value) if key == "name" else value for key, value in data.items() if key != "active"}
        names[node] = _node(shown)
        plain.add_node(names[node], **shown)
    for edge in graph.edges():
        source, target, key = names[edge.source], names[edge.target], _key(edge)
        perms = frozenset(edge.perms)
        if plain.has_edge(source, target, key):
            perms |= plain.edges[source, target, key]["perms"]
        plain.add_edge(source, target, key=key, perms=perms)
    return plain


def _namer(daemon: Daemon) -> Rename:
    """Return what gives DAEMON's own types and programs their names without its name."""
    alike = {daemon.domain: "@_t", daemon.exec_type: "@_exec_t"} | dict.fromkeys(daemon.executables, "@")
    stems = (f"{daemon.domain.removesuffix('_t')}_", f"{daemon.name}_")

    def rename(name: str) -> str:
        if name in alike:
            return alike[name]
        return next((f"@_{name.removeprefix(stem)}" for stem in stems if name.startswith(stem)), name)

    return rename


def _as_it_is(name: str) -> str:
    return name


def _node(data: Mapping[str, str]) -> str:
    match data["kind"]:
        case "domain":
            return domain_node(data["name"])
        case "object":
            return object_node(data["name"], data["tclass"])
        case _:
            return executable_node(data["name"])


def _key(edge: Edge | CureEdge) -> str:
    return edge.cure.value if isinstance(edge, CureEdge) else edge.kind.value


def _perms(graph: nx.MultiDiGraph, place: tuple[str, str, str]) -> frozenset[str]:
    found: frozenset[str] = graph.edges[place]["perms"]
    return found


def _edge(
    place: tuple[str, str, str], change: EdgeChange, before: frozenset[str], after: frozenset[str]
) -> ChangedEdge:
    source, target, key = place
    added, removed, kept = (tuple(sorted(perms)) for perms in (after - before, before - after, before & after))
    return ChangedEdge(source, target, key, change, added, removed, kept)
