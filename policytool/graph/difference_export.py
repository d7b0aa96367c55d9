# SPDX-License-Identifier: GPL-2.0-or-later
"""The difference of two graphs as text: node-link JSON, and dot with a colour and a sign for each change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from policytool.graph.difference import ChangedEdge, EdgeChange, GraphDifference
from policytool.graph.drawing import BLUE, GREEN, HEAD, VERMILION, edge_statement, legend, node_statement
from policytool.model.printable import printable

# The colour and the style of edges, which tells them apart in print.
_LOOKS: Mapping[EdgeChange, tuple[str, str]] = {
    EdgeChange.ADDED: (GREEN, "bold"),
    EdgeChange.REMOVED: (VERMILION, "dashed"),
    EdgeChange.CHANGED: (BLUE, "solid"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of two graphs that were compared: the traces it is of, and the domain it is around ("": all)."""

    traces: tuple[str, ...]
    domain: str

    @property
    def title(self) -> str:
        """What the graph is of, in one line."""
        return " ".join([*self.traces, *([self.domain] if self.domain else [])])


def to_document(found: GraphDifference, before: Side, after: Side) -> dict[str, object]:
    """Return the node-link form that networkx.node_link_graph reads (`edges="links"`)."""
    return {
        "directed": True,
        "multigraph": True,
        "graph": {
            "before": _side(before),
            "after": _side(after),
            "counts": {**{change.value: found.count(change) for change in EdgeChange}, "same": found.same},
        },
        "nodes": [
            {"id": printable(node), **{key: printable(value) for key, value in data.items()}}
            for node, data in found.nodes.items()
        ],
        "links": [_link(edge) for edge in found.edges],
    }


def to_json(found: GraphDifference, before: Side, after: Side) -> str:
    """Return the node-link form as JSON text."""
    return json.dumps(to_document(found, before, after), indent=1, sort_keys=True) + "\n"


def to_dot(found: GraphDifference, before: Side, after: Side) -> str:
    """Return the difference in Graphviz' language: a permission has + where it is new, - where it is gone."""
    lines = [*HEAD]
    lines += [node_statement(node, data) for node, data in found.nodes.items()]
    for edge in found.edges:
        colour, style = _LOOKS[edge.change]
        signed = [*(f"+{perm}" for perm in edge.added), *(f"-{perm}" for perm in edge.removed)]
        label = f"{edge.key}: {' '.join(signed)}"
        lines.append("  " + edge_statement(edge.source, edge.target, label, colour, style))
    looks = {f"{change.value} ({found.count(change)})": look for change, look in _LOOKS.items()}
    lines += legend(f"from {before.title} to {after.title}", looks)
    return "\n".join([*lines, "}"]) + "\n"


def _side(side: Side) -> dict[str, object]:
    return {"traces": [printable(trace) for trace in side.traces], "domain": side.domain or None}


def _link(edge: ChangedEdge) -> dict[str, object]:
    return {
        "source": printable(edge.source),
        "target": printable(edge.target),
        "key": edge.key,
        "change": edge.change.value,
        "added": list(edge.added),
        "removed": list(edge.removed),
        "kept": list(edge.kept),
    }
