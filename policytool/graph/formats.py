# SPDX-License-Identifier: GPL-2.0-or-later
"""The permission graph as text: node-link JSON, GraphML and dot. All names are escaped: a log wrote them."""

from __future__ import annotations

import io
import json

import networkx as nx

from policytool.graph.permission_graph import Edge, EdgeKind, PermissionGraph, merge_evidence
from policytool.model.printable import printable

_DOT_SHAPES = {"domain": "box", "object": "ellipse", "executable": "note"}
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
    plain = nx.MultiDiGraph()
    for node, data in sorted(graph.graph.nodes(data=True)):
        plain.add_node(printable(node), kind=data["kind"], label=printable(data["name"]))
    for edge in graph.edges():
        plain.add_edge(
            printable(edge.source),
            printable(edge.target),
            key=edge.kind.value,
            perms=" ".join(edge.perms),
            count=edge.evidence.count,
        )
    buffer = io.BytesIO()
    nx.write_graphml_xml(plain, buffer, prettyprint=True)
    return buffer.getvalue().decode("utf-8") + "\n"


def to_dot(graph: PermissionGraph) -> str:
    """Return the graph in Graphviz' language."""
    lines = ["digraph permissions {", "  rankdir=LR;", '  node [fontname="sans-serif", fontsize=10];']
    for node, data in sorted(graph.graph.nodes(data=True)):
        label = data["name"] if data["kind"] != "object" else f"{data['name']}:{data['tclass']}"
        lines.append(f"  {_quote(node)} [label={_quote(label)}, shape={_DOT_SHAPES[data['kind']]}];")
    for edge in graph.edges():
        style = _DOT_STYLES[edge.kind]
        label = _quote(" ".join(edge.perms))
        lines.append(f"  {_quote(edge.source)} -> {_quote(edge.target)} [label={label}, style={style}];")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _link(edge: Edge) -> dict[str, object]:
    perms: dict[str, object] = {}
    for perm in edge.perms:
        vectors = [vector for vector in edge.vectors if vector.perm == perm]
        evidence = merge_evidence(vectors)
        perms[perm] = {
            "count": evidence.count,
            "results": sorted({vector.result.value for vector in vectors}),
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
    return {
        "source": printable(edge.source),
        "target": printable(edge.target),
        "key": edge.kind.value,
        "count": edge.evidence.count,
        "perms": perms,
    }


def _quote(text: str) -> str:
    # A label gives `\n`, `\N` and the like a meaning (escString), so each backslash of the text is doubled.
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
