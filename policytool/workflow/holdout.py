# SPDX-License-Identifier: GPL-2.0-or-later
"""Leave one scenario out, for each daemon and both profiles; one generation, with its links, for all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policytool.errors import InputError
from policytool.generate.candidate import Candidate
from policytool.generate.chances import Chances, Learned, joined
from policytool.generate.choices import Choices
from policytool.generate.exact import exact
from policytool.generate.leave_one_out import (
    Fold,
    Holdout,
    Spent,
    calibrated,
    estimate,
    folds,
    learned_of,
    saturation,
)
from policytool.generate.likely import Experience, candidates
from policytool.generate.peers import peers
from policytool.generate.robust import Limit
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey, AccessVector, Evidence
from policytool.model.context import SecurityContext
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.model.profile import Profile
from policytool.policy.aliases import without_aliases
from policytool.toolchain.base import Base
from policytool.workflow.generate import make_modules, prepare
from policytool.workflow.robust import experience, own_types

# What the lab calls the part of a recording before its first scenario. Every recording has it, so that a module
# made without it is none that anybody would make: it is never left out.
ALWAYS = "boot"

# Budgets whose gain is told: parts of the permissions of the module.
SHARES = (0.05, 0.1, 0.15, 0.3, 0.5, 1.0)

_NO_CHOICES = Choices()
_NO_LIMIT = Limit()

_Question = tuple[SecurityContext, SecurityContext, str, str]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The estimates for each daemon, and what all of them together teach about what was not seen."""

    daemons: tuple[Holdout, ...]
    learned: Learned


def hold_out(
    parts: Mapping[str, Observations],
    known: Sequence[Daemon],
    wanted: Sequence[str],
    base: Base,
    choices: Choices = _NO_CHOICES,
    limit: Limit = _NO_LIMIT,
) -> HeldOut:
    """Leave each of PARTS (scenario → what was observed in it) out in turn, for the WANTED domains or all seen.

    The skeletons are those of all of them: whose a path and a program is, is decided once. LIMIT is that of profile
    `robust`. Its chances are learned from the other daemons, so that a daemon's own scenarios say nothing about
    themselves; where these teach nothing, they are those that policytool is shipped with.

    Raise InputError when there are fewer than two scenarios, else as generate_modules does.
    """
    names = sorted(set(parts) - {ALWAYS})
    if len(names) < 2:
        raise InputError(
            f"the traces hold {len(names) or 'no'} scenario{'' if len(names) == 1 else 's'}"
            f"{': ' + names[0] if names else ''}; to leave one out takes two"
        )
    merged = Observations().merge(*parts.values())
    prepared = prepare(merged, known, wanted, base, choices)
    made = make_modules(prepared, base, Profile.EXACT)
    plain = prepared.skeletons.plain
    vectors = {
        name: prepared.skeletons.map(without_aliases(part, plain).vectors).every for name, part in parts.items()
    }
    triaged = {candidate.module.domain: _by_scenario(candidate, vectors) for candidate in made}
    others = peers(
        (domain, name, access.vector)
        for domain, scenarios in triaged.items()
        for name, accesses in scenarios.items()
        for access in accesses
        if access.cure in (Cure.ALLOW, Cure.GRANTED)
    )
    skeletons = prepared.skeletons
    by = experience(skeletons.policy, plain, others, made, prepared.like, skeletons.neighbours)
    left = {
        candidate.module.domain: _folds(candidate, triaged[candidate.module.domain], by, plain.types)
        for candidate in made
    }
    beside = {domain: learned_of(found, alone=False) for domain, found in left.items()}
    alone = {domain: learned_of(found, alone=True) for domain, found in left.items()}
    daemons = []
    for candidate in made:
        domain = candidate.module.domain
        enough = others.doings(domain).enough
        table = beside if enough else alone
        chances = joined(found for other, found in table.items() if other != domain)
        if not chances.learns:
            chances = by.learned.beside if enough else by.learned.alone
        daemons.append(_of_daemon(candidate, triaged[domain], left[domain], chances, limit, alone=not enough))
    return HeldOut(
        tuple(daemons), Learned(joined(beside.values()), joined(alone.values()), others.doings("").usual)
    )


def _by_scenario(
    candidate: Candidate, vectors: Mapping[str, Iterable[AccessVector]]
) -> dict[str, tuple[Triaged, ...]]:
    """Return the accesses of CANDIDATE's daemon among VECTORS, by scenario."""
    # What is the daemon's in part, and in part left with a helper, is the daemon's.
    # What could not be told is its rule's all the same.
    weight = {Cure.UNMAPPED: -1, Cure.ALLOW: 1}
    cures = {
        _question(access.vector): access
        for access in sorted(candidate.triaged, key=lambda access: weight.get(access.cure, 0))
    }
    return {name: _triaged(part, cures) for name, part in vectors.items()}


def _folds(
    candidate: Candidate, triaged: Mapping[str, tuple[Triaged, ...]], by: Experience, base_types: frozenset[str]
) -> tuple[Fold, ...]:
    """Leave each scenario of CANDIDATE's daemon out.

    What is likely is not triaged here: of an access that was held out it is known that a rule may grant it.
    """
    blocks = (replace(block, rules=(), xperm_rules=()) for block in candidate.module.optionals if block.transitions)
    skeleton = replace(candidate.module, rules=(), xperm_rules=(), optionals=tuple(blocks))
    domain, own = candidate.module.domain, own_types(candidate)
    scenarios = {name: part for name, part in triaged.items() if part and name != ALWAYS}
    return folds(
        scenarios,
        triaged.get(ALWAYS, ()),
        lambda rest: exact(skeleton, rest, base_types),
        lambda left_out, rest: candidates(domain, own, rest, by, left_out),
    )


def _of_daemon(
    candidate: Candidate,
    triaged: Mapping[str, tuple[Triaged, ...]],
    left: tuple[Fold, ...],
    chances: Chances,
    limit: Limit,
    *,
    alone: bool,
) -> Holdout:
    """Estimate for one daemon; CHANCES are those that were learned from others."""
    scenarios = {name: part for name, part in triaged.items() if part and name != ALWAYS}

    def chosen(fold: Fold) -> tuple[AccessKey, ...]:
        return fold.likeliest(chances, limit.most(fold.size), limit.confidence, alone=alone)

    def spent(share: float) -> Spent:
        bought = [(fold, fold.likeliest(chances, round(share * fold.size), 0.0, alone=alone)) for fold in left]
        return Spent(
            share,
            _mean([len(keys) for _, keys in bought]),
            sum(len(fold.denied.intersection(keys)) for fold, keys in bought),
        )

    return Holdout(
        daemon=candidate.daemon.name,
        domain=candidate.module.domain,
        scenarios=tuple(sorted(scenarios)),
        exact=estimate(left),
        robust=estimate(left, chosen),
        added=_mean([len(chosen(fold)) for fold in left]),
        spent=tuple(spent(share) for share in SHARES),
        bins=calibrated(left, chances, alone=alone),
        curve=saturation({name: _ruled(part) for name, part in scenarios.items()}, _ruled(triaged.get(ALWAYS, ()))),
    )


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _triaged(vectors: Iterable[AccessVector], cures: Mapping[_Question, Triaged]) -> tuple[Triaged, ...]:
    """Give each of VECTORS, as far as they are the daemon's, the cure that it has among all observations."""
    found = []
    for vector in vectors:
        known = cures.get(_question(vector))
        if known:
            # Uses are not needed for asking, and joining them would take most of the time.
            evidence = Evidence(vector.evidence.count, vector.evidence.first, vector.evidence.last)
            found.append(Triaged(replace(vector, evidence=evidence), known.cure, known.reason))
    return tuple(found)


def _ruled(triaged: Iterable[Triaged]) -> frozenset[AccessKey]:
    return frozenset(access.vector.key for access in triaged if access.cure is Cure.ALLOW)


def _question(vector: AccessVector) -> _Question:
    return (vector.source, vector.target, vector.tclass, vector.perm)
