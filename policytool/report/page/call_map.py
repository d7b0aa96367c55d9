# SPDX-License-Identifier: GPL-2.0-or-later
"""The system calls that domains were seen to make, in systemd's sets, where calls were recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policytool.report.page.figure import Figure
from policytool.report.page.heat_maps import Cell, heat_map
from policytool.report.page.palette import Scale

_CALLS = Scale((1, 3, 6, 11, 21), ("1 or 2", "3 to 5", "6 to 10", "11 to 20", "21 or more"))


def call_map(calls: Mapping[str, Mapping[str, Sequence[str]]]) -> Figure:
    """Return how many calls of each of systemd's sets each domain makes; CALLS: domain, set, names of calls."""
    names = sorted({name for sets in calls.values() for name in sets})
    names.sort(key=lambda name: -sum(name in sets for sets in calls.values()))
    cells = [
        Cell(name, domain, len(made), str(len(made)), f"{domain}: {', '.join(made)}")
        for domain, sets in calls.items()
        for name in names
        if (made := sets.get(name))
    ]
    return Figure(
        "calls",
        "Which system calls they make",
        "How many different calls of each of systemd's sets a domain was seen to make. A call may be in several.",
        "policytool trace calls, of the recordings that were named with --calls",
        heat_map(cells, names, list(calls), _CALLS, "calls"),
        ("set", *calls),
        tuple((name, *(" ".join(sets.get(name, ())) for sets in calls.values())) for name in names),
        frozenset(),
    )
