# SPDX-License-Identifier: GPL-2.0-or-later
"""The fewest rules that have to go so that no way leads from one name to another.

This is no plain minimum cut: one rule on attributes carries many ways, and a way needs several rules of which the
loss of any one closes it. It is the cut with shared labels, which is NP-hard; HiGHS solves it exactly as an integer
program. A rule is 1 when it goes. Each name has a height from 0 (SOURCE) to 1 (TARGET), and a way may only climb
as far as rules under one of its needs have gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import networkx

from policytool.errors import ToolFailedError
from policytool.model.way import StatedRule, Way


@dataclass(frozen=True, slots=True)
class RuleCut:
    """RULES without which no way leads on; `optimal` says that no fewer would do. None where no way leads there."""

    rules: tuple[StatedRule, ...]
    optimal: bool = True


def fewest_rules(
    ways: Iterable[Way],
    source: str,
    target: str,
    breadth: Callable[[StatedRule], int],
    seconds: float = 60.0,
) -> RuleCut:
    """Return the fewest rules whose removal closes all WAYS from SOURCE to TARGET.

    Of several smallest sets it is one of the smallest BREADTH, the number of pairs of types that its rules are
    about. After so many SECONDS the best set known is returned, which is then not called optimal.
    """
    relevant = _between(set(ways), source, target)
    if not relevant:
        return RuleCut(())
    return _solve(relevant, source, target, breadth, seconds)


def _between(ways: set[Way], source: str, target: str) -> list[Way]:
    """Return the WAYS that lie on some path from SOURCE to TARGET, in a stable order."""
    graph = networkx.DiGraph((way.source, way.target) for way in ways)
    if source not in graph or target not in graph:
        return []
    after = networkx.descendants(graph, source) | {source}
    before = networkx.ancestors(graph, target) | {target}
    both = after & before
    kept = [way for way in ways if way.source in both and way.target in both]
    return sorted(kept, key=lambda way: (way.source, way.target, sorted(sorted(need) for need in way.needs)))


def _solve(
    ways: list[Way], source: str, target: str, breadth: Callable[[StatedRule], int], seconds: float
) -> RuleCut:
    # Here, not above: it takes a third of a second to load, and only this question needs it.
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    rules = {rule: number for number, rule in enumerate(sorted({r for w in ways for n in w.needs for r in n}))}
    names = sorted({name for way in ways for name in (way.source, way.target)})
    heights = {name: len(rules) + number for number, name in enumerate(names)}
    needs = {need: number for number, need in enumerate(dict.fromkeys(n for w in ways for n in _needs(w)))}
    first_need = len(rules) + len(names)
    entries: list[tuple[int, int, float]] = []
    row = 0
    for need, number in needs.items():
        for rule in need:  # a need is gone only as far as each of its rules is
            entries += [(row, first_need + number, 1.0), (row, rules[rule], -1.0)]
            row += 1
    for way in ways:
        if way.target == source or way.source == target:
            continue
        entries += [(row, heights[way.target], 1.0), (row, heights[way.source], -1.0)]
        entries += [(row, first_need + needs[need], -1.0) for need in way.needs]
        row += 1
    variables = first_need + len(needs)
    matrix = csr_array(
        ([value for *_, value in entries], ([r for r, *_ in entries], [c for _, c, _ in entries])),
        shape=(row, variables),
    )
    widths = np.array([breadth(rule) for rule in rules], dtype=float)
    cost = np.zeros(variables)
    # The sum of all breadths weighs less than one rule.
    cost[: len(rules)] = 1 + 0.5 * widths / (widths.sum() or 1)
    low, high = np.zeros(variables), np.ones(variables)
    high[heights[source]] = 0
    low[heights[target]] = 1
    whole = np.zeros(variables)
    whole[: len(rules)] = 1
    result = milp(
        cost,
        constraints=LinearConstraint(matrix, ub=0),
        bounds=Bounds(low, high),
        integrality=whole,
        options={"time_limit": seconds, "mip_rel_gap": 0},
    )
    if result.x is None:
        raise ToolFailedError(f"the solver found no rules to remove: {result.message}")
    chosen = [rule for rule, number in rules.items() if result.x[number] > 0.5]
    return RuleCut(tuple(chosen), optimal=result.status == 0)


def _needs(way: Way) -> list[frozenset[StatedRule]]:
    """Return the needs of WAY in a stable order."""
    return sorted(way.needs, key=sorted)
