# SPDX-License-Identifier: GPL-2.0-or-later
"""Leave one out: what a module would deny that had been made without one of the scenarios.

That estimates what the scenarios at hand have missed of the daemon's life. No policy is linked for it. The skeleton
is held fixed, so that what an allow rule can cure is known of each access (triage asked libsepol once, of the
linked skeletons); of two modules on one skeleton only the rules differ, and an access with that cure is allowed
exactly if the module has a rule for it (policy/needed_rules says why). The rules are made anew for each scenario
that is left out, by the same functions that make a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from policytool.generate.robust import Closure
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey
from policytool.model.module import PolicyModule

# Makes a module without the scenario named, of the accesses of the others.
Make = Callable[[str, Sequence[Triaged]], PolicyModule]


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
class Holdout:
    """What leaving scenarios out says of one daemon.

    `scenarios` are those in which it was seen, without what is always in. `added` counts the triples that profile
    `robust` adds to the module made of everything; `by_closure` the same for each closure by itself, with the
    estimate of a module with that closure alone. `curve` is the saturation of the accesses that need a rule.
    """

    daemon: str
    domain: str
    scenarios: tuple[str, ...]
    exact: Estimate
    robust: Estimate
    added: int
    by_closure: tuple[tuple[Closure, int, Estimate], ...]
    curve: tuple[float, ...]

    @property
    def gain(self) -> float | None:
        """How many held-out accesses a triple that `robust` adds saves, the mean over the scenarios left out."""
        if not self.added or not self.exact.held:
            return None
        return (self.exact.denied - self.robust.denied) / len(self.exact.held) / self.added


def leave_one_out(scenarios: Mapping[str, Sequence[Triaged]], always: Sequence[Triaged], make: Make) -> Estimate:
    """Leave each of SCENARIOS out in turn and ask the module that MAKE gives of the rest and of ALWAYS.

    One scenario alone gives no estimate: nothing is held out.
    """
    if len(scenarios) < 2:
        return Estimate(())
    held = []
    for name, left_out in sorted(scenarios.items()):
        rest = [access for other, triaged in sorted(scenarios.items()) if other != name for access in triaged]
        held.append(_held(name, left_out, make(name, [*always, *rest])))
    return Estimate(tuple(held))


def _held(name: str, left_out: Iterable[Triaged], module: PolicyModule) -> Held:
    granted = {(*rule.sort_key, perm) for rule in module.every_rule for perm in rule.perms}
    blocks = (module.xperm_rules, *(block.xperm_rules for block in module.optionals))
    commands = {rule.sort_key: frozenset(rule.xperms) for rules in blocks for rule in rules}
    counts: dict[AccessKey, int] = {}
    denied: set[AccessKey] = set()
    for access in left_out:
        key = access.vector.key
        if access.cure is Cure.GRANTED:
            allowed = True
        elif access.cure is Cure.ALLOW:
            # An allowxperm made of the rest leaves out the commands that only this scenario shows.
            allowed = key in granted and access.vector.xperms <= commands.get(key, access.vector.xperms)
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
    total = len(scenarios)
    fixed = set(always)
    shown: dict[AccessKey, int] = {}
    for keys in scenarios.values():
        for key in set(keys) - fixed:
            shown[key] = shown.get(key, 0) + 1
    by_count: dict[int, int] = {}
    for count in shown.values():
        by_count[count] = by_count.get(count, 0) + 1
    return tuple(
        len(fixed)
        + sum(number * (1 - comb(total - count, k) / comb(total, k)) for count, number in sorted(by_count.items()))
        for k in range(total + 1)
    )
