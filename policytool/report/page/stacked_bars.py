# SPDX-License-Identifier: GPL-2.0-or-later
"""Bars of counts, a bar for each domain, in parts that a colour tells apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from policytool.report.page.figure import values
from policytool.report.page.palette import Spec


def stacked_bars(
    counts: Mapping[str, Sequence[int]],
    colours: Mapping[str, str],
    title: str,
    says: Callable[[int, str], str],
    legend: str | None = None,
) -> Spec:
    """Return bars of COUNTS, by domain; each count is of one of COLOURS, by their names, in that order.

    TITLE is that of the numbers, LEGEND that of the colours; SAYS tells what a count of a colour means.
    """
    rows = [
        {
            "domain": domain,
            "count": count,
            "part": part,
            "place": place,
            "says": f"{domain}: {says(count, part)}",
        }
        for domain, numbers in counts.items()
        for place, (part, count) in enumerate(zip(colours, numbers, strict=True))
        if count
    ]
    return {
        "data": values(rows),
        "width": 520,
        "height": {"step": 21},
        "mark": {"type": "bar", "height": {"band": 0.72}},
        "encoding": {
            "y": {
                "field": "domain",
                "type": "nominal",
                "sort": list(counts),
                "title": None,
                "axis": {"ticks": False, "domain": False, "labelPadding": 6},
            },
            "x": {"field": "count", "type": "quantitative", "title": title},
            "color": {
                "field": "part",
                "type": "ordinal",
                "scale": {"domain": list(colours), "range": list(colours.values())},
                "legend": {
                    "title": legend,
                    "orient": "top",
                    "direction": "horizontal",
                    "columns": len(colours),
                    "columnPadding": 22,
                    "symbolType": "square",
                    "symbolSize": 180,
                    "symbolStrokeWidth": 0,
                },
            },
            "order": {"field": "place"},
            "description": {"field": "says"},
        },
    }
