# SPDX-License-Identifier: GPL-2.0-or-later
"""What profile `robust` buys with permissions that nobody was seen to need: the curve of `holdout`."""

from __future__ import annotations

from policytool.generate.robust import DEFAULT_SHARE
from policytool.report.page.budget_curve import BudgetCurve
from policytool.report.page.figure import Figure, values
from policytool.report.page.palette import BLUE, INK, LINE, Spec


def budget_figure(held: BudgetCurve) -> Figure:
    """Return the figure of what budgets would have saved of the denials of HELD."""
    rows: list[dict[str, object]] = [
        {"added": 0, "saved": 0, "text": "", "says": "nothing added, nothing saved"},
        *(
            {
                "added": round(bought.added),
                "saved": bought.saved,
                "text": f"{bought.share:.0%}",
                "says": f"{bought.share:.0%}: {bought.added:.0f} permissions save {bought.saved} denials",
            }
            for bought in held.bought
        ),
    ]
    most = max([held.denied, *(bought.saved for bought in held.bought)])
    spec: Spec = {
        "data": values(rows),
        "width": 420,
        "height": 190,
        "encoding": {
            "x": {
                "field": "added",
                "type": "quantitative",
                "title": "permissions added, all modules together",
                "scale": {"domainMin": 0},
                "axis": {"tickCount": 5, "tickMinStep": 1},
            },
            "y": {
                "field": "saved",
                "type": "quantitative",
                "title": f"denials saved, of {held.denied:,}",
                "scale": {"domain": [0, most]},
                "axis": {"tickCount": 5, "tickMinStep": 1},
            },
        },
        "layer": [
            {"mark": {"type": "line", "color": BLUE, "strokeWidth": 2}},
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": BLUE},
                "encoding": {"description": {"field": "says"}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 7, "dy": 11, "fontSize": 11, "color": INK},
                "encoding": {"text": {"field": "text"}},
            },
            # All of them: what is above the curve is not saved.
            {
                "mark": {"type": "rule", "color": LINE, "strokeDash": [4, 3]},
                "encoding": {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"datum": held.denied}},
            },
        ],
    }
    return Figure(
        "budget",
        "What more than was seen would save",
        "Each scenario was left out once, and modules made of the others: so many of the denials would have been"
        " saved by permissions that nobody was seen to need, the likeliest first. The broken line is all denials."
        f" Profile robust adds {DEFAULT_SHARE:.0%} of the permissions seen where nobody says how many.",
        "policytool holdout TRACE... --json, all daemons together",
        spec,
        ("added, of the permissions seen", "permissions", "denials saved", "of all denials"),
        tuple(
            (f"{bought.share:.0%}", round(bought.added), bought.saved, f"{bought.saved / held.denied:.0%}")
            for bought in held.bought
        ),
        frozenset({1, 2, 3}),
    )
