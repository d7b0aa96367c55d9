# SPDX-License-Identifier: GPL-2.0-or-later
"""The headline: what each domain may do, and which domains it can enter, beside what they replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policytool.report.page.facts import DomainFacts, DomainKind
from policytool.report.page.figure import Figure, values
from policytool.report.page.palette import INK, LOOKS, PAPER, Spec

_WIDTH, _STEP = 250, 21
# Room beyond the largest value for its number.
_ROOM = 12
# 1k and 1M, but no 1m for what is below one on an axis that has a zero.
_TICK = "datum.value >= 1000 ? format(datum.value, '~s') : format(datum.value, 'd')"


def surface_figure(domains: Sequence[DomainFacts]) -> Figure:
    """Return the figure of the surfaces of DOMAINS, in their order from above."""
    rows = [(each.name, each.row.stored, each.kind) for each in domains]
    most = max(count for _, count, _ in rows)
    least = min(count for _, count, _ in rows)
    scale = {"type": "log", "domain": [10 ** (len(str(max(least, 1))) - 1), most * _ROOM], "nice": False}
    return Figure(
        "surface",
        "What each may do",
        "Permissions that the policy grants a domain: (target type, class, permission). Logarithmic scale.",
        "policytool compare DIR: allow rules of the linked policy, attributes written out on both sides, booleans"
        " at their stored values",
        _dots(rows, scale, "permissions, logarithmic scale", _powers(least, most)),
        ("domain", "permissions", "of them floor", "used", "excess", "target types", "capabilities", "share"),
        tuple(_cells(each) for each in domains),
        frozenset(range(1, 8)),
    )


def reach_figure(domains: Sequence[DomainFacts]) -> Figure:
    """Return the figure of the reach of DOMAINS, in their order from above."""
    rows = [(each.name, len(each.reach.reached), each.kind) for each in domains]
    most = max(1, *(count for _, count, _ in rows))
    # Logarithmic, but for the part below 1, so that none has its place.
    scale = {"type": "symlog", "constant": 1, "domain": [0, most * _ROOM], "nice": False}
    return Figure(
        "reach",
        "Where a compromised one gets",
        "Other domains that it can enter, by running programs or changing its own, in any number of steps."
        " Logarithmic scale, with 0 at the left.",
        "policytool reach DIR: transitions as setools' analysis has them, booleans at their stored values",
        _dots(rows, scale, "other domains, logarithmic scale", [0, *_powers(1, most)]),
        ("domain", "1 step", "2 steps", "any number", "all rules", "of all domains"),
        tuple(
            (
                each.name,
                each.reach.within(1),
                each.reach.within(2),
                len(each.reach.reached),
                each.reach.every_rule,
                f"{each.reach.share:.1%}",
            )
            for each in domains
        ),
        frozenset(range(1, 6)),
    )


def _cells(each: DomainFacts) -> tuple[object, ...]:
    row = each.row
    used, excess = ("-" if figure is None else figure for figure in (row.used, row.excess))
    return each.name, row.stored, row.floor, used, excess, row.object_types, row.capabilities, f"{row.share:.2%}"


def _powers(least: int, most: int) -> list[int]:
    return [10**power for power in range(len(str(max(least, 1))) - 1, len(str(most)))]


def _dots(rows: Sequence[tuple[str, int, DomainKind]], scale: Spec, title: str, ticks: list[int]) -> Spec:
    data = [
        {"domain": name, "count": count, "text": f"{count:,}" if count else "none", "kind": kind.value}
        for name, count, kind in rows
    ]
    for row in data:
        row["says"] = f"{row['domain']}: {row['text']}"
    shown = [kind for kind in DomainKind if any(each is kind for _, _, each in rows)]
    names = [kind.value for kind in shown]
    colour, shape = ({"domain": names, "range": [LOOKS[kind][part] for kind in shown]} for part in (0, 1))
    return {
        "data": values(data),
        "width": _WIDTH,
        "height": {"step": _STEP},
        "encoding": {
            "y": {
                "field": "domain",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"grid": True, "ticks": False, "domain": False, "labelPadding": 10},
            },
            "x": {
                "field": "count",
                "type": "quantitative",
                "scale": scale,
                "title": title,
                "axis": {"values": ticks, "labelExpr": _TICK},
            },
        },
        "layer": [
            # Paper under the number, so that no line crosses it; and under the mark.
            _label(color=PAPER, stroke=PAPER, strokeWidth=5),
            {
                "mark": {"type": "point", "filled": True, "size": 95, "opacity": 1},
                "encoding": {
                    "color": _key("kind", colour),
                    "shape": _key("kind", shape),
                    "description": {"field": "says"},
                },
            },
            _label(color=INK),
        ],
    }


def _label(**look: object) -> Spec:
    return {
        "mark": {"type": "text", "align": "left", "dx": 9, "fontSize": 12, **look},
        "encoding": {"text": {"field": "text"}},
    }


def _key(field: str, scale: Mapping[str, object]) -> Spec:
    legend = {"title": None, "orient": "top", "direction": "vertical", "columns": 1, "symbolSize": 95}
    return {"field": field, "type": "nominal", "scale": scale, "legend": legend}
