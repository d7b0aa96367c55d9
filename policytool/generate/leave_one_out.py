# SPDX-License-Identifier: GPL-2.0-or-later
"""Leave one out: what a module would deny that had been made without one of the scenarios.

That estimates what the scenarios at hand have missed of the daemon's life. No policy is linked for it. The skeleton
is held fixed, so that what an allow rule can cure is known of each access (triage asked libsepol once, of the
linked skeletons); of two modules on one skeleton only the rules differ, and an access with that cure is allowed
exactly if the module has a rule for it (policy/needed_rules says why). The rules are made anew for each scenario
that is left out, by the same functions that make a module.

What was likely and not seen is known for each scenario that was left out, and so is what of it was needed: chances
are learned from that. Those of a daemon are learned from the others alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import comb
from operator import itemgetter

from policytool.generate.chances import Chances, Trials
from policytool.generate.likely import HARMLESS, Candidates, never
from policytool.generate.robust import permissions
from policytool.generate.signs import Levels, without_others
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey
from policytool.model.module import PolicyModule

# Makes a module of the accesses of all scenarios but one.
Make = Callable[[Sequence[Triaged]], PolicyModule]

# Says what is likely without the scenario named, from the accesses of the others.
Propose = Callable[[str, Sequence[Triaged]], Candidates]

_ByLevels = Mapping[Levels, tuple[AccessKey, ...]]

# Where a bin of chances begins; the last one begins at 0.
BINS = (0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.0)


@dataclass(frozen=True, slots=True)
class Held:
    """One scenario left out, for one daemon and one profile.

    `accesses` counts the distinct accesses of the daemon in the scenario that a module made of everything allows,
    `decisions` how often they were logged; `denied` are those that the module made of the rest denies.
    """

    scenario: str
    accesses: int
    decisions: int
    denied: tuple[AccessKey, ...]
    denied_decisions: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """All scenarios of a daemon, each left out once, under one profile."""

    held: tuple[Held, ...]

    @property
    def share(self) -> float | None:
        """The share of the held-out accesses that was denied, all scenarios together; None: none was held out."""
        accesses = sum(held.accesses for held in self.held)
        return self.denied / accesses if accesses else None

    @property
    def weighted(self) -> float | None:
        """The same, each access counted as often as it was logged."""
        decisions = sum(held.decisions for held in self.held)
        return sum(held.denied_decisions for held in self.held) / decisions if decisions else None

    @property
    def denied(self) -> int:
        """How many held-out accesses were denied, all scenarios together."""
        return sum(len(held.denied) for held in self.held)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a budget buys: ADDED permissions, the mean over the scenarios left out, and how many denials are SAVED.

    `share` is the budget as a part of the permissions of the module.
    """

    share: float
    added: float
    saved: int


@dataclass(frozen=True, slots=True)
class Bin:
    """The accesses whose chance was at least LEAST: so many were TRIED, so many NEEDED, and so many EXPECTED."""

    least: float
    tried: int
    expected: float
    needed: int


@dataclass(frozen=True, slots=True)
class Holdout:
    """What leaving scenarios out says of one daemon.

    `scenarios` are those in which it was seen, without what is always in. `added` is how many permissions profile
    `robust` adds, the mean over the scenarios left out; `spent` what other budgets buy, `bins` how often what was
    given a chance was needed. `curve` is the saturation of the accesses that need a rule.
    """

    daemon: str
    domain: str
    scenarios: tuple[str, ...]
    exact: Estimate
    robust: Estimate
    added: float
    spent: tuple[Spent, ...]
    bins: tuple[Bin, ...]
    curve: tuple[float, ...]

    @property
    def gain(self) -> float | None:
        """How many held-out accesses a permission of `robust` saves: the mean over the scenarios left out."""
        if not self.added or not self.exact.held:
            return None
        return (self.exact.denied - self.robust.denied) / len(self.exact.held) / self.added


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a module allows by rules of its own, with the ioctl commands where it lists them."""

    keys: frozenset[AccessKey]
    commands: Mapping[AccessKey, frozenset[int]]

    @classmethod
    def of(cls, module: PolicyModule) -> _Granted:
        blocks = (module.xperm_rules, *(block.xperm_rules for block in module.optionals))
        return cls(
            frozenset((*rule.sort_key, perm) for rule in module.every_rule for perm in rule.perms),
            {rule.sort_key: frozenset(rule.xperms) for rules in blocks for rule in rules},
        )

    def plus(self, keys: Iterable[AccessKey]) -> _Granted:
        """Add KEYS; an ioctl among them opens what is harmless."""
        added = frozenset(keys)
        commands = {key: HARMLESS for key in added if key[3] == "ioctl"}
        return _Granted(self.keys | added, {**commands, **self.commands})


@dataclass(frozen=True, slots=True)
class Fold:
    """One scenario left out for one daemon: what it shows, what the module of the rest grants, and what was likely.

    `size` is the number of permissions of that module. `beside` and `alone` have what was likely by the levels of
    its signs, with and without what other daemons tell; what is never added is not among it. `denied` is what the
    scenario needed and the module denies.
    """

    scenario: str
    left_out: tuple[Triaged, ...]
    granted: _Granted
    size: int
    beside: _ByLevels
    alone: _ByLevels
    denied: frozenset[AccessKey]

    def likeliest(
        self, chances: Chances, most: int, confidence: float, *, alone: bool = False
    ) -> tuple[AccessKey, ...]:
        """Return the MOST likely accesses by CHANCES, none with less CONFIDENCE."""
        rows = self.alone if alone else self.beside
        likely = (levels for levels in rows if chances.of(levels) >= confidence)
        order = sorted(likely, key=lambda levels: (-chances.of(levels), levels))
        return tuple(islice((key for levels in order for key in rows[levels]), most))


def folds(
    scenarios: Mapping[str, Sequence[Triaged]], always: Sequence[Triaged], make: Make, propose: Propose
) -> tuple[Fold, ...]:
    """Leave each of SCENARIOS out in turn.

    MAKE makes a module of the rest and of ALWAYS, PROPOSE says what is likely beside it. Both are given what
    several scenarios show alike only once, with the evidence of the first: neither rules nor what is likely go by
    that.

    One scenario alone gives no fold: nothing is held out.
    """
    if len(scenarios) < 2:
        return ()
    found = []
    shown = _shown(scenarios, always)
    for name, left_out in sorted(scenarios.items()):
        rest = [access for access, by in shown if by != {name}]
        module = make(rest)
        granted = _Granted.of(module)
        among = propose(name, rest)
        beside, alone = _by_levels(among)
        denied = frozenset(_held(name, left_out, granted).denied)
        found.append(
            Fold(
                name,
                tuple(left_out),
                granted,
                permissions(module),
                beside,
                alone,
                denied,
            )
        )
    return tuple(found)


def _shown(
    scenarios: Mapping[str, Sequence[Triaged]], always: Sequence[Triaged]
) -> Collection[tuple[Triaged, set[str]]]:
    """Return each distinct access, whatever its evidence, with the scenarios that show it; "" stands for ALWAYS."""
    found: dict[Hashable, tuple[Triaged, set[str]]] = {}
    for name, triaged in (("", always), *sorted(scenarios.items())):
        for access in triaged:
            vector = access.vector
            marks = (vector.result, vector.permissive, vector.xperms, bool(vector.unlisted), vector.complete)
            what = (vector.source, vector.target, vector.tclass, vector.perm, marks, access.cure, access.reason)
            found.setdefault(what, (access, set()))[1].add(name)
    return found.values()


def _by_levels(among: Candidates) -> tuple[_ByLevels, _ByLevels]:
    """Return those of AMONG that may be added, with what other daemons tell, and without."""
    may = [(key, signs) for key, signs in among.signs.items() if not never(*key[2:], signs)]
    # Sorted once, so that those of each level are as well.
    may.sort(key=itemgetter(0))
    beside: dict[Levels, list[AccessKey]] = {}
    alone: dict[Levels, list[AccessKey]] = {}
    for key, signs in may:
        levels = signs.levels(alone=False)
        beside.setdefault(levels, []).append(key)
        if signs.alone:
            alone.setdefault(without_others(levels), []).append(key)
    return (
        {levels: tuple(keys) for levels, keys in beside.items()},
        {levels: tuple(keys) for levels, keys in alone.items()},
    )


def learned_of(left: Iterable[Fold], *, alone: bool) -> Chances:
    """Count how often what was likely in the folds LEFT was needed by the scenario that was left out."""
    rows: dict[Levels, Trials] = {}
    for fold in left:
        for levels, keys in (fold.alone if alone else fold.beside).items():
            needed = sum(key in fold.denied for key in keys)
            rows[levels] = rows.get(levels, Trials()).plus(len(keys), needed)
    return Chances(rows)


def estimate(left: Iterable[Fold], chosen: Callable[[Fold], Iterable[AccessKey]] = lambda _: ()) -> Estimate:
    """Ask for each of the folds LEFT what its module denies of the scenario, with what is CHOSEN added to it."""
    return Estimate(tuple(_held(fold.scenario, fold.left_out, fold.granted.plus(chosen(fold))) for fold in left))


def calibrated(left: Iterable[Fold], chances: Chances, *, alone: bool = False) -> tuple[Bin, ...]:
    """Compare CHANCES with what was needed in the folds LEFT, in BINS."""
    tried, needed, expected = ([0.0] * len(BINS) for _ in range(3))
    for fold in left:
        for levels, keys in (fold.alone if alone else fold.beside).items():
            chance = chances.of(levels)
            place = next(place for place, least in enumerate(BINS) if chance >= least)
            tried[place] += len(keys)
            expected[place] += chance * len(keys)
            needed[place] += sum(key in fold.denied for key in keys)
    return tuple(
        Bin(least, int(tried[place]), expected[place], int(needed[place])) for place, least in enumerate(BINS)
    )


def _held(name: str, left_out: Iterable[Triaged], granted: _Granted) -> Held:
    counts: dict[AccessKey, int] = {}
    denied: set[AccessKey] = set()
    for access in left_out:
        key = access.vector.key
        if access.cure is Cure.GRANTED:
            allowed = True
        elif access.cure is Cure.ALLOW:
            # An allowxperm made of the rest leaves out the commands that only this scenario shows.
            listed = granted.commands.get(key, access.vector.xperms)
            allowed = key in granted.keys and access.vector.xperms <= listed
        else:
            continue
        counts[key] = counts.get(key, 0) + access.vector.evidence.count
        if not allowed:
            denied.add(key)
    return Held(
        scenario=name,
        accesses=len(counts),
        decisions=sum(counts.values()),
        denied=tuple(sorted(denied)),
        denied_decisions=sum(counts[key] for key in denied),
    )


def saturation(scenarios: Mapping[str, Iterable[AccessKey]], always: Iterable[AccessKey] = ()) -> tuple[float, ...]:
    """Return the expected number of distinct accesses in 0, 1, 2 … of SCENARIOS, chosen at random.

    The mean over all choices, exactly: an access that M of N scenarios show is missed by K of them with the
    probability C(N-M, K) / C(N, K). What is in ALWAYS is never missed.
    """
    fixed = set(always)
    shown: dict[AccessKey, int] = {}
    for keys in scenarios.values():
        for key in set(keys) - fixed:
            shown[key] = shown.get(key, 0) + 1
    return tuple(len(fixed) + expected for expected in saturation_of(len(scenarios), shown.values()))


def saturation_of(total: int, counts: Iterable[int]) -> tuple[float, ...]:
    """Return the same where accesses were seen in COUNTS of TOTAL scenarios, one number an access."""
    by_count = Counter(counts)
    return tuple(
        sum(number * (1 - comb(total - count, k) / comb(total, k)) for count, number in sorted(by_count.items()))
        for k in range(total + 1)
    )
