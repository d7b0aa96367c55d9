# SPDX-License-Identifier: GPL-2.0-or-later
"""The graph after triage as text: node-link JSON, GraphML and dot, every edge with its cure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from policytool.graph.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    HEAD,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    edge_statement,
    legend,
    node_statement,
)
from policytool.graph.export import perms_document
from policytool.graph.graphml import GraphmlEdge, write_graphml
from policytool.graph.minimal import CureEdge, CureGraph
from policytool.model.cure import Cure
from policytool.model.printable import printable

# The colour and the style of the edges with each cure; rules are what stands out.
_LOOKS: Mapping[Cure, tuple[str, str]] = {
    Cure.ALLOW: (BLUE, "bold"),
    Cure.GRANTED: (GREY, "solid"),
    Cure.TRANSITION: (GREEN, "dashed"),
    Cure.PRIVATE_TYPE: (PURPLE, "dashed"),
    Cure.LABEL: (PURPLE, "dotted"),
    Cure.BOOLEAN: (SKY, "dashed"),
    Cure.DONTAUDIT: (ORANGE, "dashed"),
    Cure.CONSTRAINT: (BLACK, "dotted"),
    Cure.UNMAPPED: (BLACK, "dashed"),
    Cure.REFUSED: (VERMILION, "bold"),
}

# By daemon's domain: which helpers alone open a node (graph.opened_by).
OpenedBy = Mapping[str, Mapping[str, tuple[str, ...]]]


def to_document(graph: CureGraph, opened: OpenedBy) -> dict[str, object]:
    """Return the node-link form that networkx.node_link_graph reads (`edges="links"`), evidence included."""
    return {
        "directed": True,
        "multigraph": True,
        "graph": {
            "traces": [printable(trace) for trace in graph.traces],
            "daemons": sorted(opened),
            "cures": [cure.value for cure in graph.cures],
        },
        "nodes": [
            {"id": node, **data, **_helpers(node, opened)} for node, data in sorted(graph.graph.nodes(data=True))
        ],
        "links": [_link(edge) for edge in graph.edges()],
    }


def to_json(graph: CureGraph, opened: OpenedBy) -> str:
    """Return the node-link form as JSON text."""
    return json.dumps(to_document(graph, opened), indent=1, sort_keys=True) + "\n"


def to_graphml(graph: CureGraph) -> str:
    """Return GraphML with scalar data only: permissions joined by blanks, and the number of decisions."""
    nodes = ((node, data["kind"], data["name"]) for node, data in sorted(graph.graph.nodes(data=True)))
    edges = (
        GraphmlEdge(
            edge.source,
            edge.target,
            edge.cure.value,
            {"cure": edge.cure.value, "perms": " ".join(edge.perms), "count": edge.evidence.count},
        )
        for edge in graph.edges()
    )
    return write_graphml(nodes, edges)


def to_dot(graph: CureGraph) -> str:
    """Return the graph in Graphviz' language, with a legend where it has more than one cure."""
    lines = [*HEAD]
    lines += [node_statement(node, data) for node, data in sorted(graph.graph.nodes(data=True))]
    for edge in graph.edges():
        colour, style = _LOOKS[edge.cure]
        lines.append("  " + edge_statement(edge.source, edge.target, " ".join(edge.perms), colour, style))
    if len(graph.cures) > 1:
        lines += legend("cures", {cure.value: _LOOKS[cure] for cure in graph.cures})
    return "\n".join([*lines, "}"]) + "\n"


def _helpers(node: str, opened: OpenedBy) -> dict[str, object]:
    found = {domain: list(helpers[node]) for domain, helpers in sorted(opened.items()) if node in helpers}
    return {"opened_by": found} if found else {}


def _link(edge: CureEdge) -> dict[str, object]:
    return {
        "source": edge.source,
        "target": edge.target,
        "key": edge.cure.value,
        "count": edge.evidence.count,
        "perms": perms_document(edge.vectors),
        "reasons": [printable(reason) for reason in edge.reasons],
        "ids": list(edge.ids),
    }
