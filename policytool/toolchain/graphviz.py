# SPDX-License-Identifier: GPL-2.0-or-later
"""Graphviz: a drawing of a graph in dot."""

from __future__ import annotations

from policytool.toolchain.run import run


def render_svg(dot: str) -> str:
    """Return the SVG that `dot` draws; raise MissingToolError when graphviz is not installed."""
    return run(["dot", "-Tsvg"], input=dot.encode()).text
