# SPDX-License-Identifier: GPL-2.0-or-later
"""Which statements cover what was seen: an exact 0/1 programme, solved by HiGHS.

Each row has to be covered by a chosen option. An option costs one statement; what it needs costs one more each, and
what it brings beside rows costs `price` each; needs and excess that several chosen options share are paid once. All
that the same options bring is one variable, which makes hundreds of thousands of excess permissions a few thousand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from policytool.errors import ToolFailedError

# An access (source, target, class, permission), a transition, or a name that a module has to require.
Item = tuple[str, ...]

# Seconds. The programmes of real daemons take some seconds; the gap says whether the limit was met.
TIME_LIMIT = 600.0


@dataclass(frozen=True, slots=True)
class Option:
    """A statement that may be written: the rows that it COVERS, what it NEEDS, and its EXCESS."""

    name: str
    covers: frozenset[Item]
    needs: frozenset[Item] = frozenset()
    excess: frozenset[Item] = frozenset()


@dataclass(frozen=True, slots=True)
class Cover:
    """The options chosen, in the order given, with what they need and bring together.

    `cost` is statements + needs + price · excess. `gap` is how far, as a share of the cost, a cheaper choice is not
    ruled out; 0 is proved to be the best.
    """

    options: tuple[Option, ...]
    needs: frozenset[Item]
    excess: frozenset[Item]
    cost: float
    gap: float


def cost_of(options: Collection[Option], price: float) -> float:
    """Return what OPTIONS cost together."""
    needs, excess = _together(options)
    return len(options) + len(needs) + price * len(excess)


def cover(rows: Iterable[Item], options: Sequence[Option], price: float) -> Cover:
    """Choose of OPTIONS the cheapest that cover all ROWS, at the PRICE of one permission that was not seen.

    ValueError where no option covers a row; ToolFailedError where the solver finds nothing within TIME_LIMIT.
    """
    usable = _different(options)
    wanted = _row_classes(rows, usable)
    if not wanted:
        return Cover((), frozenset(), frozenset(), 0.0, 0.0)
    chosen, gap = _solve(len(usable), wanted, _charge_classes(usable, price))
    picked = tuple(usable[place] for place in chosen)
    return Cover(picked, *_together(picked), cost_of(picked, price), gap)


def _together(options: Iterable[Option]) -> tuple[frozenset[Item], frozenset[Item]]:
    needs: set[Item] = set()
    excess: set[Item] = set()
    for option in options:
        needs |= option.needs
        excess |= option.excess
    return frozenset(needs), frozenset(excess)


def _different(options: Iterable[Option]) -> list[Option]:
    """Keep the first of options that differ in name only."""
    found: dict[tuple[frozenset[Item], ...], Option] = {}
    for option in options:
        if option.covers:
            found.setdefault((option.covers, option.needs, option.excess), option)
    return list(found.values())


def _row_classes(rows: Iterable[Item], options: Sequence[Option]) -> list[tuple[int, ...]]:
    """Return the sets of options of which one has to be chosen, without those that another one implies."""
    covering: dict[Item, list[int]] = {row: [] for row in rows}
    for place, option in enumerate(options):
        for row in option.covers & covering.keys():
            covering[row].append(place)
    if missing := sorted(row for row, places in covering.items() if not places):
        raise ValueError(f"no option covers {' '.join(missing[0])}")
    smallest: list[frozenset[int]] = []
    for places in sorted(
        {frozenset(places) for places in covering.values()}, key=lambda found: (len(found), sorted(found))
    ):
        if not any(known <= places for known in smallest):
            smallest.append(places)
    return [tuple(sorted(places)) for places in smallest]


def _charge_classes(options: Sequence[Option], price: float) -> Mapping[tuple[int, ...], float]:
    """Return what is paid as soon as one of some options is chosen, by those options."""
    brought: dict[Item, list[int]] = {}
    needed: dict[Item, list[int]] = {}
    for place, option in enumerate(options):
        for item in option.excess:
            brought.setdefault(item, []).append(place)
        for item in option.needs:
            needed.setdefault(item, []).append(place)
    paid: dict[tuple[int, ...], float] = {}
    for items, each in ((brought, price), (needed, 1.0)):
        for places in items.values():
            key = tuple(places)
            paid[key] = paid.get(key, 0.0) + each
    return {key: paid[key] for key in sorted(paid) if paid[key]}


def _solve(
    count: int, wanted: Sequence[tuple[int, ...]], paid: Mapping[tuple[int, ...], float]
) -> tuple[list[int], float]:
    """Return the places chosen of COUNT options, and the gap.

    A variable for each option is 0 or 1. What one option alone makes due is part of its own cost; for the other
    classes there is a variable that is at least that of each option, and so 0 or 1 by itself.
    """
    # Takes a quarter of a second, which only this profile should pay.
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    shared = [(places, each) for places, each in paid.items() if len(places) > 1]
    costs = np.ones(count + len(shared))
    for places, each in paid.items():
        if len(places) == 1:
            costs[places[0]] += each
    lines: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    line = 0
    for places in wanted:
        lines += [line] * len(places)
        columns += places
        values += [1.0] * len(places)
        line += 1
    for number, (places, each) in enumerate(shared, count):
        costs[number] = each
        for place in places:
            lines += [line, line]
            columns += [number, place]
            values += [1.0, -1.0]
            line += 1
    matrix = csr_array((values, (lines, columns)), shape=(line, len(costs)))
    least = np.zeros(line)
    least[: len(wanted)] = 1.0
    whole = np.zeros(len(costs))
    whole[:count] = 1
    result = milp(
        costs,
        integrality=whole,
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(matrix, lb=least),
        options={"mip_rel_gap": 0.0, "time_limit": TIME_LIMIT},
    )
    if result.x is None:
        raise ToolFailedError(f"HiGHS found no choice of interfaces: {result.message}")
    return [place for place in range(count) if result.x[place] > 0.5], float(result.mip_gap or 0.0)
