# SPDX-License-Identifier: GPL-2.0-or-later
"""Which system calls daemons, or versions of one, make in common and alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from policytool.hardening.call_sets import families
from policytool.traces.tally.system_calls import SystemCall


@dataclass(frozen=True, slots=True)
class CallSide:
    """The calls of one side: their names with counts, and which of them each of systemd's sets has."""

    name: str
    calls: Mapping[str, int]
    families: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CallPair:
    """Two sides: the names of the calls that both make, and of those that one of them makes alone."""

    left: str
    right: str
    shared: tuple[str, ...]
    only_left: tuple[str, ...]
    only_right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallComparison:
    """Sides in the order they were given, each pair of them, and what no other side makes, by side."""

    sides: tuple[CallSide, ...]
    pairs: tuple[CallPair, ...]
    unique: Mapping[str, tuple[str, ...]]


def call_side(
    name: str, counted: Mapping[SystemCall, int], domain: str, sets: Mapping[str, frozenset[str]]
) -> CallSide:
    """Return the side NAME: the calls COUNTED of DOMAIN, or all of them if it is ""; SETS are systemd's."""
    calls: Counter[str] = Counter()
    for call, count in counted.items():
        if not domain or call.domain == domain:
            calls[call.name] += count
    return CallSide(name, dict(sorted(calls.items())), families(calls, sets))


def compare_calls(sides: Sequence[CallSide]) -> CallComparison:
    """Compare each of SIDES with each other one."""
    pairs = []
    for left, right in combinations(sides, 2):
        ours, theirs = set(left.calls), set(right.calls)
        pairs.append(
            CallPair(
                left.name,
                right.name,
                tuple(sorted(ours & theirs)),
                tuple(sorted(ours - theirs)),
                tuple(sorted(theirs - ours)),
            )
        )
    makers = Counter(call for side in sides for call in side.calls)
    unique = {side.name: tuple(call for call in side.calls if makers[call] == 1) for side in sides}
    return CallComparison(tuple(sides), tuple(pairs), unique)
