# SPDX-License-Identifier: GPL-2.0-or-later
"""What all drawings of graphs in Graphviz' language have in common. All names are escaped: a log wrote them."""

from __future__ import annotations

from collections.abc import Mapping

from policytool.model.printable import printable

HEAD = ("digraph permissions {", "  rankdir=LR;", '  node [fontname="sans-serif", fontsize=10];')

_SHAPES = {"domain": "box", "object": "ellipse", "executable": "note"}

# Okabe and Ito's colours, which people tell apart who see few colours.
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
ORANGE, SKY, BLACK, GREY = "#e69f00", "#56b4e9", "#000000", "#999999"


def quote(text: str) -> str:
    """Return TEXT as a string of Graphviz."""
    # A label gives `\n`, `\N` and the like a meaning (escString), so each backslash of the text is doubled.
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def node_statement(node: str, data: Mapping[str, str]) -> str:
    """Return the statement that draws NODE, which has the attributes DATA."""
    label = data["name"] if data["kind"] != "object" else f"{data['name']}:{data['tclass']}"
    return f"  {quote(node)} [label={quote(label)}, shape={_SHAPES[data['kind']]}];"


def edge_statement(source: str, target: str, label: str, colour: str, style: str) -> str:
    """Return the statement that draws an edge in COLOUR; STYLE tells it from others where there are no colours."""
    look = f'color="{colour}", fontcolor="{colour}", style={style}, fontname="sans-serif", fontsize=9'
    return f"{quote(source)} -> {quote(target)} [label={quote(label)}, {look}];"


def legend(title: str, looks: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return the statements of a legend: LOOKS has the colour and the style of the edges of each name."""
    lines = ["  subgraph cluster_legend {", f'    label={quote(title)}; fontname="sans-serif"; fontsize=10;']
    for name, (colour, style) in looks.items():
        # No node of a graph begins like these.
        ends = [f"legend:{end}:{name}" for end in ("from", "to")]
        lines += [f'    {quote(end)} [label="", shape=point, color="{colour}"];' for end in ends]
        lines.append("    " + edge_statement(ends[0], ends[1], name, colour, style))
    return [*lines, "  }"]
