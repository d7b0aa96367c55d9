# SPDX-License-Identifier: GPL-2.0-or-later
"""The permission graph: who was seen doing what to what, as a networkx multigraph with evidence on every edge.

Nodes are domains (`domain:TYPE`), objects (`object:TYPE:CLASS`) and executables (`executable:PATH`). Edges, told
apart by their key, are

- `access`      domain → object, with the access vectors that were seen;
- `executes`    domain → executable, a program run without a change of domain, or the entry into a new one;
- `transition`  domain → domain, a process transition;
- `calls`       domain → domain, a connection to a socket or a message: one daemon using another;
- `runs`        executable → executable, one program running another, where the log tells who ran whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import networkx as nx

from policytool.model.access import AccessVector, Evidence
from policytool.model.execution import Execution
from policytool.model.observation import Observations

# A permission that is a call from one process to another: (class, permission). The classes are those of
# security/selinux/include/classmap.h and, for dbus, of the D-Bus daemon's object manager.
_CALLS = frozenset({("unix_stream_socket", "connectto"), ("unix_dgram_socket", "sendto"), ("dbus", "send_msg")})

# What the kernel asks of the program file when it is run: with a change of domain, and without.
_EXECUTES = frozenset({"execute_no_trans", "entrypoint"})


_SYSTEM_ROLE = "system_r"


class EdgeKind(StrEnum):
    """The kinds of edges; the value is the edge's key in the multigraph."""

    ACCESS = "access"
    EXECUTES = "executes"
    TRANSITION = "transition"
    CALLS = "calls"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge: node names, kind, and the access vectors that prove it, sorted."""

    source: str
    target: str
    kind: EdgeKind
    vectors: tuple[AccessVector, ...]

    @property
    def perms(self) -> tuple[str, ...]:
        """The permissions on the edge, sorted."""
        return tuple(sorted({vector.perm for vector in self.vectors}))

    @property
    def evidence(self) -> Evidence:
        """The evidence of all vectors of the edge together."""
        return merge_evidence(self.vectors)


def merge_evidence(vectors: Iterable[AccessVector]) -> Evidence:
    """Join the evidence of one or more VECTORS."""
    first, *others = (vector.evidence for vector in vectors)
    return first.merge(*others)


def domain_node(type_: str) -> str:
    """Name the node of a domain."""
    return f"domain:{type_}"


def object_node(type_: str, tclass: str) -> str:
    """Name the node of an object."""
    return f"object:{type_}:{tclass}"


def executable_node(path: str) -> str:
    """Name the node of a program file."""
    return f"executable:{path}"


@dataclass(frozen=True, slots=True)
class PermissionGraph:
    """A frozen networkx graph, the names of the traces it was built from, and who ran whom in them."""

    graph: nx.MultiDiGraph
    traces: tuple[str, ...] = ()
    executions: tuple[Execution, ...] = ()

    def edges(self, *kinds: EdgeKind) -> Iterator[Edge]:
        """Yield the edges of the given KINDS (all if none is given) in a fixed order."""
        wanted = frozenset(kinds or EdgeKind)
        for source, target, key, vectors in sorted(self.graph.edges(keys=True, data="vectors"), key=_edge_order):
            if key in wanted:
                yield Edge(source, target, EdgeKind(key), vectors)

    def vectors(self) -> tuple[AccessVector, ...]:
        """Return every access vector of the graph, sorted."""
        found = (vector for edge in self.edges(EdgeKind.ACCESS) for vector in edge.vectors)
        return tuple(sorted(found, key=lambda vector: vector.sort_key))

    def domains(self) -> tuple[str, ...]:
        """Return the types that were seen as a source, sorted."""
        nodes = self.graph.nodes(data="active")
        return tuple(sorted(node.partition(":")[2] for node, active in nodes if active))

    def entered_from(self, domain: str) -> tuple[str, ...]:
        """Return the domains of the system from which DOMAIN was entered by a process transition, sorted.

        A user's (unconfined_t, sysadm_t) is not among them: somebody who tried the program out with runcon.
        """
        edges = (edge for edge in self.edges(EdgeKind.TRANSITION) if edge.target == domain_node(domain))
        sources = (vector.source for edge in edges for vector in edge.vectors)
        return tuple(sorted({source.type_ for source in sources if source.role == _SYSTEM_ROLE}))

    def around(self, types: Iterable[str]) -> PermissionGraph:
        """Return the part that touches TYPES in either direction: what they did and what was done to them."""
        wanted = frozenset(types)
        vectors = [v for v in self.vectors() if v.source.type_ in wanted or v.target.type_ in wanted]
        kept = tuple(execution for execution in self.executions if execution.domain in wanted)
        return build(Observations(vectors=tuple(vectors), traces=self.traces, executions=kept))


def _runs(
    executions: Iterable[Execution], vectors: Iterable[AccessVector]
) -> Iterator[tuple[str, str, AccessVector]]:
    """Yield (caller, program, vector) for each execution that a vector proves, with those uses of it alone."""
    callers: dict[tuple[str, str], list[str]] = {}
    for execution in executions:
        callers.setdefault((execution.domain, execution.program), []).append(execution.caller)
    for vector in vectors:
        if vector.tclass != "file" or vector.perm not in _EXECUTES:
            continue
        for program in sorted({use.program for use, _ in vector.evidence.uses}):
            found = callers.get((vector.source.type_, program), [])
            uses = tuple((use, count) for use, count in vector.evidence.uses if use.program == program)
            part = replace(vector.evidence, count=sum(count for _, count in uses), uses=uses)
            for caller in found:
                yield caller, program, replace(vector, evidence=part)


def build(observations: Observations) -> PermissionGraph:
    """Build the graph of everything in OBSERVATIONS; equal observations give equal graphs."""
    edges: dict[tuple[str, str, EdgeKind], list[AccessVector]] = {}
    graph = nx.MultiDiGraph()
    for vector in observations.vectors:
        source = domain_node(vector.source.type_)
        graph.add_node(source, kind="domain", name=vector.source.type_, active=True)
        for target, kind, attributes in _targets(vector):
            if target not in graph:
                graph.add_node(target, active=False, **attributes)
            edges.setdefault((source, target, kind), []).append(vector)
    for caller, program, vector in _runs(observations.executions, observations.vectors):
        for path in (caller, program):
            if executable_node(path) not in graph:
                graph.add_node(executable_node(path), active=False, kind="executable", name=path)
        edges.setdefault((executable_node(caller), executable_node(program), EdgeKind.RUNS), []).append(vector)
    for (source, target, kind), vectors in sorted(edges.items()):
        ordered = tuple(sorted(vectors, key=lambda vector: vector.sort_key))
        graph.add_edge(source, target, key=kind.value, vectors=ordered)
    return PermissionGraph(nx.freeze(graph), observations.traces, observations.executions)


def _targets(vector: AccessVector) -> Iterator[tuple[str, EdgeKind, dict[str, str]]]:
    type_, tclass, perm = vector.target.type_, vector.tclass, vector.perm
    yield object_node(type_, tclass), EdgeKind.ACCESS, {"kind": "object", "name": type_, "tclass": tclass}
    if tclass == "file" and perm in _EXECUTES:
        for path in sorted({use.path for use, _ in vector.evidence.uses if use.path}):
            yield executable_node(path), EdgeKind.EXECUTES, {"kind": "executable", "name": path}
    if type_ == vector.source.type_:
        return
    if (tclass, perm) == ("process", "transition"):
        yield domain_node(type_), EdgeKind.TRANSITION, {"kind": "domain", "name": type_}
    elif (tclass, perm) in _CALLS:
        yield domain_node(type_), EdgeKind.CALLS, {"kind": "domain", "name": type_}


def _edge_order(edge: tuple[str, str, str, object]) -> tuple[str, str, str]:
    return edge[:3]
