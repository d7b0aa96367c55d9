# SPDX-License-Identifier: GPL-2.0-or-later
"""Heat maps: dangers and classes by domain, and how much of their surfaces each two domains share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policytool.report.page.facts import DomainFacts
from policytool.report.page.figure import Figure, values
from policytool.report.page.palette import COUNTS, ON_STEPS, SHARES, STEPS, Scale, Spec, short_number
from policytool.surface.danger import DANGERS
from policytool.surface.overlap import Overlap

# Classes that the map has rows for; what the others hold is one more row.
_MOST_CLASSES = 30
_OTHERS = "all other classes"

_CELL_WIDTH, _CELL_HEIGHT = 34, 20


@dataclass(frozen=True, slots=True)
class Cell:
    """A place of a heat map: the VALUE that its colour is of, the TEXT in it, what it SAYS when pointed at."""

    row: str
    column: str
    value: float
    text: str
    says: str


def danger_map(domains: Sequence[DomainFacts]) -> Figure:
    """Return which dangers each of DOMAINS has, and on how many types."""
    held = {each.name: {danger.name: danger for danger in each.surface.dangers} for each in domains}
    names = [danger.name for danger in DANGERS if any(danger.name in found for found in held.values())]
    names.sort(key=lambda name: (-sum(name in found for found in held.values()), name))
    why = {danger.name: danger.why for danger in DANGERS}
    cells = [
        Cell(
            name,
            column,
            found[name].targets,
            short_number(found[name].targets),
            f"{column}: {name} on {found[name].targets} types; it {why[name]}",
        )
        for column, found in held.items()
        for name in names
        if name in found
    ]
    return Figure(
        "dangers",
        "What can undo a confinement",
        "Permissions that a person should look at, by domain. The number is of the types on which the domain holds"
        " them; an empty place means that it does not.",
        "the list of dangers that policytool publishes (policytool/surface/danger.py), asked of each surface",
        heat_map(cells, names, list(held), COUNTS, "types"),
        ("danger", "what it does", *held),
        tuple(
            (name, why[name], *(found[name].targets if name in found else 0 for found in held.values()))
            for name in names
        ),
        frozenset(range(2, 2 + len(held))),
    )


def class_map(domains: Sequence[DomainFacts]) -> Figure:
    """Return how many permissions each of DOMAINS holds of each class of objects."""
    counts = {each.name: _by_class(each) for each in domains}
    totals: dict[str, int] = {}
    # By the domains that the page is about, and not by what they replace.
    for each in domains:
        for tclass in counts[each.name]:
            totals[tclass] = totals.get(tclass, 0) + 1
    smallest = {tclass: min(held.get(tclass, 0) for held in counts.values()) for tclass in totals}
    order = sorted(totals, key=lambda tclass: (-totals[tclass], -smallest[tclass], tclass))
    names, rest = order[:_MOST_CLASSES], order[_MOST_CLASSES:]
    if rest:
        names.append(_OTHERS)
        for held in counts.values():
            if together := sum(held.get(tclass, 0) for tclass in rest):
                held[_OTHERS] = together
    cells = [
        Cell(name, column, held[name], short_number(held[name]), f"{column}: {held[name]:,} permissions of {name}")
        for column, held in counts.items()
        for name in names
        if name in held
    ]
    return Figure(
        "classes",
        "On which kinds of objects",
        "How many (target type, permission) each domain holds of a class; those that most of them use come first.",
        "the surfaces of policytool compare DIR, by class",
        heat_map(cells, names, list(counts), COUNTS, "permissions"),
        ("class", *counts),
        tuple((name, *(held.get(name, 0) for held in counts.values())) for name in names),
        frozenset(range(1, 1 + len(counts))),
    )


def overlap_map(overlap: Overlap, names: Mapping[str, str]) -> Figure:
    """Return how much each two domains of OVERLAP share; NAMES has what they are called on the page, in order."""
    place = {domain: number for number, domain in enumerate(overlap.domains)}
    shown = [domain for domain in names if domain in place]
    cells = [
        Cell(
            names[domain],
            names[other],
            share,
            f"{share * 100:.0f}",
            f"{names[domain]} and {names[other]}: {share:.0%} of what either holds",
        )
        for domain in shown
        for other in shown
        if domain != other
        for share in (overlap.jaccard[place[domain]][place[other]],)
    ]
    labels = [names[domain] for domain in shown]
    return Figure(
        "overlap",
        "How much they have in common",
        f"Of what either of two domains holds, the part that both hold, in percent (Jaccard). All together hold"
        f" {overlap.union:,} permissions; {overlap.shared:,} are held by every one.",
        "policytool exposure DIR --overlap; what a domain may do to itself counts as the same",
        heat_map(cells, labels, labels, SHARES, "in common"),
        ("domain", *labels, "held by it alone"),
        tuple(
            (
                names[domain],
                *(f"{overlap.jaccard[place[domain]][place[other]]:.0%}" for other in shown),
                overlap.unique[place[domain]],
            )
            for domain in shown
        ),
        frozenset(range(1, 2 + len(shown))),
    )


def heat_map(cells: Iterable[Cell], rows: Sequence[str], columns: Sequence[str], scale: Scale, unit: str) -> Spec:
    """Return the specification of a heat map of CELLS, whose rows and columns are in their order."""
    data = [
        {
            "row": cell.row,
            "column": cell.column,
            "step": scale.names[scale.step(cell.value)],
            "text": cell.text,
            "says": cell.says,
            "ink": ON_STEPS[scale.step(cell.value)],
        }
        for cell in cells
    ]
    axis: Spec = {"title": None, "domain": False, "ticks": False, "grid": False, "labelPadding": 5}
    return {
        "data": values(data),
        "width": {"step": _CELL_WIDTH},
        "height": {"step": _CELL_HEIGHT},
        "encoding": {
            "y": {
                "field": "row",
                "type": "nominal",
                "scale": {"domain": list(rows), "paddingInner": 0.06},
                "axis": axis,
            },
            "x": {
                "field": "column",
                "type": "nominal",
                "scale": {"domain": list(columns), "paddingInner": 0.04},
                "axis": {**axis, "orient": "top", "labelAngle": -55, "labelAlign": "left"},
            },
        },
        "layer": [
            {
                "mark": "rect",
                "encoding": {
                    "color": {
                        "field": "step",
                        "type": "ordinal",
                        "scale": {"domain": list(scale.names), "range": list(STEPS)},
                        "legend": {
                            "title": unit,
                            "orient": "bottom",
                            "direction": "horizontal",
                            "columns": 5,
                            "columnPadding": 22,
                            "symbolType": "square",
                            "symbolSize": 180,
                            "symbolStrokeWidth": 0,
                        },
                    },
                    "description": {"field": "says"},
                },
            },
            {
                "mark": {"type": "text", "fontSize": 10},
                "encoding": {
                    "text": {"field": "text"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
        ],
    }


def _by_class(each: DomainFacts) -> dict[str, int]:
    found: dict[str, int] = {}
    for (tclass, _), mask in each.surface.stored.masks.items():
        if mask:
            found[tclass] = found.get(tclass, 0) + mask.bit_count()
    return found
