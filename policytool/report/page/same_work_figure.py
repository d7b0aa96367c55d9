# SPDX-License-Identifier: GPL-2.0-or-later
"""The same scenarios by one domain and by several: what the monolith used, and what the daemons in its place."""

from __future__ import annotations

from policytool.report.page.figure import Figure, values
from policytool.report.page.palette import BLUE, GREY, VERMILION, Spec
from policytool.report.same_work import SharedScenarios

_STEP = 26


def same_work_figure(work: SharedScenarios) -> Figure:
    """Return the figure of WORK: a line for each scenario and one for all of them."""
    every = [*work.scenarios, work.together]
    rows: list[dict[str, object]] = []
    for each in every:
        name, most = each.largest
        for side, count in (
            (work.monolith, len(each.monolith)),
            ("all daemons together", len(each.union)),
            ("the largest of them", len(most)),
        ):
            of = f" ({name})" if side == "the largest of them" else ""
            rows.append({"scenario": each.name, "side": side, "count": count, "says": f"{side}{of}: {count:,}"})
    sides = [work.monolith, "all daemons together", "the largest of them"]
    kind: Spec = {"field": "side", "type": "nominal", "legend": {"title": None, "orient": "top"}}
    spec: Spec = {
        "data": values(rows),
        "width": 360,
        "height": {"step": _STEP},
        "encoding": {
            "y": {
                "field": "scenario",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"domain": False, "ticks": False},
            },
            "x": {
                "field": "count",
                "type": "quantitative",
                "title": "accesses: (target type, class, permission)",
                "scale": {"domainMin": 0},
                "axis": {"tickCount": 6, "tickMinStep": 1},
            },
        },
        "layer": [
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {
                    "color": {**kind, "scale": {"domain": sides, "range": [VERMILION, GREY, BLUE]}},
                    "shape": {**kind, "scale": {"domain": sides, "range": ["square", "diamond", "circle"]}},
                    "description": {"field": "says"},
                },
            }
        ],
    }
    whole = work.together
    name, most = whole.largest
    return Figure(
        "same-work",
        "The same work in one domain",
        f"{work.monolith} did the work of the daemons, in {len(work.scenarios)} of their scenarios. All in all it"
        f" used {len(whole.monolith):,} accesses in one domain; {name}, which used the most of the daemons,"
        f" {len(most):,}."
        " Together they may use more, for each of them starts by itself.",
        "policytool report --monolith TRACE --trace TRACE: what was used, granted or not, where all was recorded",
        spec,
        ("scenario", work.monolith, "all daemons together", "daemons", "the largest", "used by it"),
        tuple(
            (each.name, len(each.monolith), len(each.union), len(each.modular), who, len(did))
            for each in every
            for who, did in [each.largest]
        ),
        frozenset({1, 2, 3, 5}),
    )
