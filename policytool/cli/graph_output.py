# SPDX-License-Identifier: GPL-2.0-or-later
"""A graph in the format that is asked for: as it was seen, after every cure, and what differs between two."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytool.graph.difference import GraphDifference
    from policytool.graph.difference_export import Side
    from policytool.graph.minimal import CureGraph
    from policytool.graph.permission_graph import PermissionGraph


class GraphFormat(StrEnum):
    """The formats that a graph is written in."""

    JSON = "json"
    GRAPHML = "graphml"
    DOT = "dot"
    SVG = "svg"


def seen_text(built: PermissionGraph, format_: GraphFormat) -> str:
    """Return the graph of what was seen."""
    from policytool.graph import export
    from policytool.toolchain.graphviz import render_svg

    match format_:
        case GraphFormat.JSON:
            return export.to_json(built)
        case GraphFormat.GRAPHML:
            return export.to_graphml(built)
        case GraphFormat.DOT:
            return export.to_dot(built)
        case GraphFormat.SVG:
            return render_svg(export.to_dot(built))


def cured_text(shown: CureGraph, opened: Mapping[str, Mapping[str, tuple[str, ...]]], format_: GraphFormat) -> str:
    """Return a graph after triage; OPENED says by daemon which helpers alone open a node."""
    from policytool.graph import minimal_export
    from policytool.toolchain.graphviz import render_svg

    match format_:
        case GraphFormat.JSON:
            return minimal_export.to_json(shown, opened)
        case GraphFormat.GRAPHML:
            return minimal_export.to_graphml(shown)
        case GraphFormat.DOT:
            return minimal_export.to_dot(shown)
        case GraphFormat.SVG:
            return render_svg(minimal_export.to_dot(shown))


def difference_text(found: GraphDifference, before: Side, after: Side, format_: GraphFormat) -> str:
    """Return what differs between two graphs: as JSON, in dot, or else as SVG."""
    from policytool.graph import difference_export
    from policytool.toolchain.graphviz import render_svg

    if format_ is GraphFormat.JSON:
        return difference_export.to_json(found, before, after)
    dot = difference_export.to_dot(found, before, after)
    return dot if format_ is GraphFormat.DOT else render_svg(dot)
