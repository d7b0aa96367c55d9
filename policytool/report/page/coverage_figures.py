# SPDX-License-Identifier: GPL-2.0-or-later
"""How well the recordings cover the daemons: how often each access was seen, what one more scenario would add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policytool.generate.leave_one_out import saturation_of
from policytool.generate.writers.evidence import ModuleEvidence
from policytool.model.cure import Cure
from policytool.report.page.figure import Figure, values
from policytool.report.page.palette import BLUE, FAINT, STEPS, Scale, Spec
from policytool.report.page.stacked_bars import stacked_bars

_SEEN = Scale((1, 2, 10, 100, 1000), ("once", "2 to 9 times", "10 to 99", "100 to 999", "1,000 times or more"))

# Curves that stand side by side.
_ACROSS = 4


def seen_figure(evidence: Sequence[ModuleEvidence]) -> Figure:
    """Return how often the accesses that need a rule were seen, by domain."""
    counts = {each.domain: [0] * len(_SEEN.names) for each in sorted(evidence, key=lambda each: each.domain)}
    for each in evidence:
        for access in each.accesses:
            if access.cure is Cure.ALLOW:
                counts[each.domain][_SEEN.step(max(access.evidence.count, 1))] += 1
    spec = stacked_bars(
        counts,
        dict(zip(_SEEN.names, STEPS, strict=True)),
        "accesses that need a rule",
        lambda count, often: f"{count} accesses seen {often}",
        "seen",
    )
    return Figure(
        "seen",
        "How often it was seen",
        "Distinct accesses that need a rule, by how often the recordings have them. What was seen once is what"
        " another recording is likeliest to miss, or to add to.",
        "the counts in the evidence.json of each module (policytool explain shows them one by one)",
        spec,
        ("domain", *_SEEN.names),
        tuple((domain, *steps) for domain, steps in counts.items()),
        frozenset(range(1, 1 + len(_SEEN.names))),
    )


def saturation_curves(evidence: Sequence[ModuleEvidence]) -> dict[str, tuple[float, ...]]:
    """Return the saturation of the accesses that need a rule, by domain, where the scenarios are told."""
    curves = {}
    for each in sorted(evidence, key=lambda each: each.domain):
        ruled = [access.support for access in each.accesses if access.cure is Cure.ALLOW and access.support]
        if each.scenarios > 1 and ruled:
            counts = [min(support.scenarios, each.scenarios) for support in ruled]
            curves[each.domain] = saturation_of(each.scenarios, counts)
    return curves


def saturation_figure(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Return the figure of saturation: CURVES has the expected number of accesses in 0, 1, 2 ... scenarios."""
    rows = []
    for name, curve in sorted(curves.items()):
        for scenarios, accesses in enumerate(curve):
            last = scenarios == len(curve) - 1
            rows.append(
                {
                    "daemon": name,
                    "scenarios": scenarios,
                    "accesses": round(accesses, 1),
                    "text": f"+{_gain(curve):.1f}" if last else "",
                    "says": f"{name}: {accesses:.0f} accesses in {scenarios} scenarios",
                }
            )
    axis: Spec = {"tickCount": 4, "tickMinStep": 1}
    spec: Spec = {
        "data": values(rows),
        "facet": {"field": "daemon", "type": "nominal", "title": None, "header": {"labelFontSize": 12}},
        "columns": _ACROSS,
        "spacing": 26,
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
        "spec": {
            "width": 150,
            "height": 76,
            "encoding": {
                "x": {"field": "scenarios", "type": "quantitative", "title": None, "axis": axis},
                "y": {"field": "accesses", "type": "quantitative", "title": None, "axis": axis},
            },
            "layer": [
                {"mark": {"type": "line", "color": BLUE, "strokeWidth": 2}},
                {
                    "mark": {"type": "text", "align": "right", "dy": 16, "fontSize": 11, "color": FAINT},
                    "encoding": {"text": {"field": "text"}},
                },
            ],
        },
    }
    return Figure(
        "saturation",
        "What one more scenario would add",
        "Distinct accesses that need a rule, against the number of scenarios recorded: the mean over all choices of"
        " that many. Under each end stands what the last scenario added; a curve that is flat there has seen most.",
        "the numbers of scenarios in evidence.json; the mean is exact, no choice is drawn by lot",
        spec,
        ("daemon", "scenarios", "accesses", "added by the last one"),
        tuple(
            (name, len(curve) - 1, round(curve[-1]), f"{_gain(curve):.1f}")
            for name, curve in sorted(curves.items())
        ),
        frozenset({1, 2, 3}),
    )


def _gain(curve: Sequence[float]) -> float:
    return curve[-1] - curve[-2] if len(curve) > 1 else 0.0
