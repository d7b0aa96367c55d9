# SPDX-License-Identifier: GPL-2.0-or-later
"""GraphML, as all exports of graphs write it: scalar data only."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import networkx as nx


class GraphmlEdge(NamedTuple):
    """An edge: the names of its nodes, the key that tells it from others between them, and its data."""

    source: str
    target: str
    key: str
    data: Mapping[str, str | int]


def write_graphml(nodes: Iterable[tuple[str, str, str]], edges: Iterable[GraphmlEdge]) -> str:
    """Return the graph of NODES (name, kind and label of each) and EDGES, both in their order and escaped."""
    graph = nx.MultiDiGraph()
    for node, kind, label in nodes:
        graph.add_node(node, kind=kind, label=label)
    for edge in edges:
        graph.add_edge(edge.source, edge.target, key=edge.key, **edge.data)
    buffer = io.BytesIO()
    nx.write_graphml_xml(graph, buffer, prettyprint=True)
    return buffer.getvalue().decode("utf-8") + "\n"
