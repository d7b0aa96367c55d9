# SPDX-License-Identifier: GPL-2.0-or-later
"""A module's graph as SVG: a trunk from the domain along each column, a branch to each object, every edge a link.

Own code, since the libraries for it draw something else: docs/decisions/graphs-as-trees.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from xml.etree import ElementTree

from policytool.model.cure import Cure
from policytool.model.printable import printable
from policytool.report.page.edges import DrawnEdge
from policytool.report.page.graph_layout import COLUMN, LINE, MARGIN, TOP, Layout, Row, laid_out, worst
from policytool.report.page.palette import BLUE, FAINT, FONT, GREEN, GREY, INK, PAPER, PURPLE, VERMILION, text_width
from policytool.report.page.palette import LINE as FAINT_LINE

_SVG = "http://www.w3.org/2000/svg"

# The colour of a cure, and the form of its mark, which tells it without colours.
_DOT = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
_RING = "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z"
_CROSS = "M-3.5 -3.5L3.5 3.5M-3.5 3.5L3.5 -3.5"
_SQUARE = "M-3.5 -3.5h7v7h-7z"
_TRIANGLE = "M0 -4L4 3.5H-4z"
LOOKS: dict[Cure, tuple[str, str, bool]] = {
    Cure.ALLOW: (BLUE, _DOT, True),
    Cure.REFUSED: (VERMILION, _CROSS, False),
    Cure.UNMAPPED: (PURPLE, _TRIANGLE, True),
    Cure.CONSTRAINT: (VERMILION, _SQUARE, True),
    Cure.LABEL: (PURPLE, _SQUARE, True),
    Cure.BOOLEAN: (GREEN, _TRIANGLE, True),
    Cure.DONTAUDIT: (GREY, _CROSS, False),
    Cure.TRANSITION: (GREEN, _SQUARE, True),
    Cure.PRIVATE_TYPE: (GREEN, _DOT, True),
    Cure.GRANTED: (GREY, _RING, False),
}


def graph_svg(domain: str, edges: Sequence[DrawnEdge], anchor: str, *, inline: bool) -> str:
    """Return the graph of DOMAIN with EDGES; edge N is a link to `#ANCHOR-N`.

    What the base grants stands right of the rest, in a group of its own that the view does not show at first.
    INLINE leaves out what a file needs: its namespace, a title, white paper.
    """
    shown = [edge for edge in edges if edge.cure is not Cure.GRANTED]
    folded = [edge for edge in edges if edge.cure is Cure.GRANTED]
    main = laid_out(shown)
    height = main.height if inline else main.height + LINE
    more = laid_out(folded, main.lines) if folded else None
    root = ElementTree.Element("svg", {"viewBox": f"0 0 {main.width} {height}", "font-size": "12"})
    if not inline:
        root.attrib |= {"xmlns": _SVG, "font-family": FONT, "width": str(main.width), "height": str(height)}
        _add(root, "title").text = printable(f"What {domain} was seen to do, and what it needs")
        _add(root, "rect", width="100%", height="100%", fill=PAPER)
        _legend(root, {edge.cure for edge in shown}, main.height)
    _tree(root, main, anchor, inline=inline)
    _root(root, domain, main)
    if more and inline:
        root.attrib["data-wide"] = f"0 0 {main.width + more.width} {max(main.height, more.height)}"
        group = _add(root, "g", transform=f"translate({main.width} 0)", **{"class": "granted"})
        _bus(group, more, -COLUMN + MARGIN)
        _tree(group, more, anchor, inline=inline)
    data: bytes = ElementTree.tostring(root, encoding="us-ascii")
    return data.decode()


def legend_svg(cure: Cure) -> str:
    """Return the mark of CURE as a small drawing, for a legend."""
    root = ElementTree.Element(
        "svg", {"viewBox": "-6 -6 12 12", "width": "12", "height": "12", "aria-hidden": "true"}
    )
    _mark(root, cure, 0, 0)
    data: bytes = ElementTree.tostring(root, encoding="us-ascii")
    return data.decode()


def _root(root: ElementTree.Element, domain: str, layout: Layout) -> None:
    width = 24 + text_width(printable(domain)) * 14 / 12
    _bus(root, layout, 0)
    _add(root, "rect", x=MARGIN, y=6, width=round(width, 1), height=26, rx=5, fill=INK)
    _write(root, domain, MARGIN + 12, 24, 14, fill=PAPER)


def _legend(root: ElementTree.Element, cures: Collection[Cure], y: float) -> None:
    """Say what the marks of a file's graph mean; the page has a legend of its own."""
    x = float(MARGIN)
    for cure in sorted(cures, key=list(Cure).index):
        _mark(root, cure, x + 5, y)
        _write(root, cure.value, x + 13, y + 4, fill=FAINT)
        x += 13 + text_width(cure.value) + 18


def _bus(parent: ElementTree.Element, layout: Layout, start: int) -> None:
    """Draw the line from the domain along all columns, from START on."""
    last = (layout.columns - 1) * COLUMN + MARGIN
    path = f"M{MARGIN + start} 44H{last}" + ("M16 32V44" if not start else "")
    path += "".join(
        f"M{column * COLUMN + MARGIN} 44V{_bottom(layout.rows, column)}" for column in range(layout.columns)
    )
    _add(parent, "path", d=path, fill="none", stroke=FAINT_LINE, **{"stroke-width": "2"})


def _bottom(rows: Iterable[Row], column: int) -> int:
    # Down to the last branch; headings have none.
    last = max((row.first for row in rows if row.column == column and not row.heading), default=0)
    return TOP + last * LINE + LINE // 2


def _tree(parent: ElementTree.Element, layout: Layout, anchor: str, *, inline: bool) -> None:
    for row in layout.rows:
        x, y = row.column * COLUMN + MARGIN, TOP + row.first * LINE + LINE // 2
        if row.heading:
            _write(parent, row.text, x + 8, y + LINE, fill=FAINT)
            continue
        cure = worst(token.edge.cure for token in row.tokens)
        many = sum(len(token.edge.perms) for token in row.tokens)
        branch = {"stroke-width": "1" if many < 4 else "2" if many < 10 else "3.5"}
        if cure in (Cure.GRANTED, Cure.DONTAUDIT):
            branch["stroke-dasharray"] = "3 2"
        _add(parent, "path", d=f"M{x} {y}h11", fill="none", stroke=LOOKS[cure][0], **branch)
        _write(parent, row.text, x + 14, y + 4, fill=INK, name="name" if inline else "")
        for token in row.tokens:
            _edge(parent, token.edge, x + token.x, y + token.line * LINE, anchor, inline=inline)


def _edge(parent: ElementTree.Element, edge: DrawnEdge, x: float, y: float, anchor: str, *, inline: bool) -> None:
    link = {"href": f"#{anchor}-{edge.number}", "class": "edge"}
    where = _add(parent, "a", **link) if inline else _add(parent, "g")
    _add(where, "title").text = printable(
        f"{edge.label} {{ {' '.join(sorted(perm for perm, _ in edge.perms))} }}: {edge.cure.value}"
    )
    _mark(where, edge.cure, x + 5, y)
    _write(where, edge.tclass, x + 12, y + 4, 11, fill=LOOKS[edge.cure][0])


def _mark(parent: ElementTree.Element, cure: Cure, x: float, y: float) -> None:
    colour, path, filled = LOOKS[cure]
    look = {"fill": colour} if filled else {"fill": "none", "stroke": colour, "stroke-width": "1.6"}
    place = {} if x == y == 0 else {"transform": f"translate({round(x, 1)} {round(y, 1)})"}
    _add(parent, "path", d=path, **look, **place)


def _write(
    parent: ElementTree.Element, text: str, x: float, y: float, size: float = 12, *, fill: str, name: str = ""
) -> None:
    """Write TEXT as wide as it was taken to be when it was placed, whatever font there is."""
    shown = printable(text)
    width = round(text_width(shown) * size / 12, 1)
    look: dict[str, object] = {"fill": fill, "textLength": width, "lengthAdjust": "spacingAndGlyphs"}
    look |= {"font-size": size} if size != 12 else {}
    look |= {"class": name} if name else {}
    _add(parent, "text", x=round(x, 1), y=round(y, 1), **look).text = shown


def _add(parent: ElementTree.Element, tag: str, **attributes: object) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
