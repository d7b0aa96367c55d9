# SPDX-License-Identifier: GPL-2.0-or-later
"""Where everything of a module's graph stands: its objects in columns, grouped by whose they are, on one screen.

A line of a column is a target type and, behind it, the classes that something was done to: each is an edge.
Lengths are in pixels of an unscaled drawing. Widths of texts are estimated, and the drawing then makes them fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from policytool.model.cure import Cure
from policytool.report.page.edges import DrawnEdge, ObjectGroup
from policytool.report.page.palette import text_width

COLUMN, LINE, TOP, MARGIN = 290, 17, 64, 16
_GAP, _INDENT, _MARK = 14, 30, 13
# A screen is about so many times as wide as high.
_ASPECT = 1.75
_FEWEST_LINES = 14
# A class is written smaller.
CLASS_SIZE = 11 / 12


@dataclass(frozen=True, slots=True)
class Token:
    """An edge where it is drawn: so many pixels right of its column's left side, in a line of its row."""

    edge: DrawnEdge
    x: float
    line: int


@dataclass(slots=True)
class Row:
    """A line of a column, or several: a heading of a group, or a type with its edges."""

    text: str
    heading: bool = False
    tokens: list[Token] = field(default_factory=list)
    column: int = 0
    first: int = 0

    @property
    def lines(self) -> int:
        """How many lines it takes; a heading has one free above it."""
        return 2 if self.heading else 1 + max((token.line for token in self.tokens), default=0)


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows in their places, and how many columns and lines they take."""

    rows: tuple[Row, ...]
    columns: int
    lines: int

    @property
    def width(self) -> int:
        """The width of all columns."""
        return self.columns * COLUMN + MARGIN

    @property
    def height(self) -> int:
        """The height, with what stands above the columns."""
        return TOP + self.lines * LINE + MARGIN


def laid_out(edges: Sequence[DrawnEdge], lines: int = 0) -> Layout:
    """Place EDGES, sorted by whose their object is; in columns of so many LINES, or as suits a screen (0)."""
    rows = list(_rows(edges))
    total = sum(row.lines for row in rows)
    most = lines or max(_FEWEST_LINES, round((total * COLUMN / (_ASPECT * LINE)) ** 0.5) + 1)
    placed: list[Row] = []
    column = at = deepest = 0
    title = ""
    for number, row in enumerate(rows):
        # A heading stays with what it heads.
        needed = row.lines + (rows[number + 1].lines if row.heading else 0)
        if at and at + needed > most:
            column, at = column + 1, 0
            if not row.heading:
                again = Row(f"{title}, continued", heading=True, column=column)
                placed.append(again)
                at = again.lines
        if row.heading:
            title = row.text.rpartition(" (")[0]
        row.column, row.first = column, at
        placed.append(row)
        at += row.lines
        deepest = max(deepest, at)
    return Layout(tuple(placed), column + 1, deepest)


def _rows(edges: Iterable[DrawnEdge]) -> Iterable[Row]:
    for whose, group in groupby(edges, key=lambda edge: edge.whose):
        members = list(group)
        kinds = len({(edge.source, edge.target) for edge in members})
        yield Row(f"{whose.value} ({kinds})", heading=True)
        for (source, target), own in groupby(members, key=lambda edge: (edge.source, edge.target)):
            if whose is ObjectGroup.OTHERS:
                name = f"{source} > {'self' if source == target else target}"
            else:
                name = "self" if source == target else target
            row = Row(name)
            _fill(row, list(own))
            yield row


def _fill(row: Row, edges: Sequence[DrawnEdge]) -> None:
    x, line = _GAP + text_width(row.text) + 8, 0
    for edge in edges:
        width = _MARK + text_width(edge.tclass) * CLASS_SIZE
        if x + width > COLUMN - 6:
            x, line = float(_INDENT), line + 1
        row.tokens.append(Token(edge, x, line))
        x += width + 7


def worst(cures: Iterable[Cure]) -> Cure:
    """Return the one of CURES that a person should look at first."""
    return min(cures, key=_SERIOUS.index)


_SERIOUS = (
    Cure.REFUSED, Cure.CONSTRAINT, Cure.UNMAPPED, Cure.LABEL, Cure.BOOLEAN, Cure.DONTAUDIT, Cure.ALLOW,
    Cure.PRIVATE_TYPE, Cure.TRANSITION, Cure.GRANTED,
)  # fmt: skip
