# SPDX-License-Identifier: GPL-2.0-or-later
"""The permission graph as text: node-link JSON, GraphML and dot. All names are escaped: a log wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from policytool.graph.drawing import HEAD, node_statement, quote
from policytool.graph.graphml import GraphmlEdge, write_graphml
from policytool.graph.permission_graph import Edge, EdgeKind, PermissionGraph, merge_evidence
from policytool.model.access import AccessVector
from policytool.model.printable import printable

_DOT_STYLES = {
    EdgeKind.ACCESS: "solid",
    EdgeKind.EXECUTES: "dashed",
    EdgeKind.TRANSITION: "bold",
    EdgeKind.CALLS: "dotted",
    EdgeKind.RUNS: "dashed",
}


def to_document(graph: PermissionGraph) -> dict[str, object]:
    """Return the node-link form that networkx.node_link_graph reads (`edges="links"`), evidence included."""
    nodes = [
        {"id": printable(node), **{key: printable(str(value)) for key, value in data.items() if key != "active"}}
        for node, data in sorted(graph.graph.nodes(data=True))
    ]
    return {
        "directed": True,
        "multigraph": True,
        "graph": {"traces": [printable(trace) for trace in graph.traces]},
        "nodes": nodes,
        "links": [_link(edge) for edge in graph.edges()],
    }


def to_json(graph: PermissionGraph) -> str:
    """Return the node-link form as JSON text."""
    return json.dumps(to_document(graph), indent=1, sort_keys=True) + "\n"


def to_graphml(graph: PermissionGraph) -> str:
    """Return GraphML with scalar data only: permissions joined by blanks, and the number of decisions."""
    nodes = (
        (printable(node), data["kind"], printable(data["name"]))
        for node, data in sorted(graph.graph.nodes(data=True))
    )
    edges = (
        GraphmlEdge(
            printable(edge.source),
            printable(edge.target),
            edge.kind.value,
            {"perms": " ".join(edge.perms), "count": edge.evidence.count},
        )
        for edge in graph.edges()
    )
    return write_graphml(nodes, edges)


def to_dot(graph: PermissionGraph) -> str:
    """Return the graph in Graphviz' language."""
    lines = [*HEAD]
    for node, data in sorted(graph.graph.nodes(data=True)):
        lines.append(node_statement(node, data))
    for edge in graph.edges():
        style = _DOT_STYLES[edge.kind]
        label = quote(" ".join(edge.perms))
        lines.append(f"  {quote(edge.source)} -> {quote(edge.target)} [label={label}, style={style}];")
    lines.append("}")
    return "\n".join(lines) + "\n"


def perms_document(vectors: Iterable[AccessVector]) -> dict[str, object]:
    """Return what is known of each permission in VECTORS: how often it was asked, with which result, by whom."""
    by_perm: dict[str, list[AccessVector]] = {}
    for vector in vectors:
        by_perm.setdefault(vector.perm, []).append(vector)
    perms: dict[str, object] = {}
    for perm, group in sorted(by_perm.items()):
        evidence = merge_evidence(group)
        perms[perm] = {
            "count": evidence.count,
            "results": sorted({vector.result.value for vector in group}),
            "uses": [
                {
                    "trace": printable(use.trace),
                    "program": printable(use.program),
                    "syscall": printable(use.syscall),
                    "path": printable(use.path),
                    "count": count,
                }
                for use, count in evidence.shown()
            ],
        }
    return perms


def _link(edge: Edge) -> dict[str, object]:
    return {
        "source": printable(edge.source),
        "target": printable(edge.target),
        "key": edge.kind.value,
        "count": edge.evidence.count,
        "perms": perms_document(edge.vectors),
    }
