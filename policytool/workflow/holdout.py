# SPDX-License-Identifier: GPL-2.0-or-later
"""Leave one scenario out, for each daemon and both profiles; one generation, with its links, for all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from policytool.errors import InputError
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.exact import exact
from policytool.generate.leave_one_out import Estimate, Holdout, Make, leave_one_out, saturation
from policytool.generate.peers import peers
from policytool.generate.robust import Closing, Closure, close, closures
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey, AccessVector, Evidence
from policytool.model.context import SecurityContext
from policytool.model.daemon import Daemon
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.model.profile import Profile
from policytool.policy.aliases import without_aliases
from policytool.toolchain.base import Base
from policytool.workflow.generate import make_modules, prepare
from policytool.workflow.robust import closing, own_types

# What the lab calls the part of a recording before its first scenario. Every recording has it, so that a module
# made without it is none that anybody would make: it is never left out.
ALWAYS = "boot"

_NO_CHOICES = Choices()

_Question = tuple[SecurityContext, SecurityContext, str, str]


def hold_out(
    parts: Mapping[str, Observations],
    known: Sequence[Daemon],
    wanted: Sequence[str],
    base: Base,
    choices: Choices = _NO_CHOICES,
) -> tuple[Holdout, ...]:
    """Leave each of PARTS (scenario → what was observed in it) out in turn, for the WANTED domains or all seen.

    The skeletons are those of all of them: whose a path and a program is, is decided once.

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
    made = make_modules(prepared, base, Profile.ROBUST)
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
    by = closing(plain, others)
    return tuple(_of_daemon(candidate, triaged[candidate.module.domain], by, plain.types) for candidate in made)


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


def _of_daemon(
    candidate: Candidate, triaged: dict[str, tuple[Triaged, ...]], by: Closing, base_types: frozenset[str]
) -> Holdout:
    always = triaged.pop(ALWAYS, ())
    scenarios = {name: part for name, part in triaged.items() if part}

    def estimate(make: Make) -> Estimate:
        return leave_one_out(scenarios, always, make)

    return Holdout(
        daemon=candidate.daemon.name,
        domain=candidate.module.domain,
        scenarios=tuple(sorted(scenarios)),
        exact=estimate(_maker(candidate, by, base_types, frozenset())),
        robust=estimate(_maker(candidate, by, base_types, frozenset(Closure))),
        added=len(candidate.closed),
        by_closure=tuple(
            (
                closure,
                sum(closed.closure is closure for closed in candidate.closed),
                estimate(_maker(candidate, by, base_types, frozenset({closure}))),
            )
            for closure in Closure
        ),
        curve=saturation({name: _ruled(part) for name, part in scenarios.items()}, _ruled(always)),
    )


def _maker(candidate: Candidate, by: Closing, base_types: frozenset[str], wanted: frozenset[Closure]) -> Make:
    """Return what makes CANDIDATE's module of some of its accesses, with the closures that are WANTED.

    What closures propose is not triaged here: of an access that was held out it is known that a rule may grant it.
    """
    blocks = (replace(block, rules=(), xperm_rules=()) for block in candidate.module.optionals if block.transitions)
    skeleton = replace(candidate.module, rules=(), xperm_rules=(), optionals=tuple(blocks))
    own = own_types(candidate)

    def make(left_out: str, triaged: Sequence[Triaged]) -> PolicyModule:
        module = exact(skeleton, triaged, base_types)
        rest = replace(by, peers=replace(by.peers, left_out=left_out)) if Closure.PEERS in wanted else by
        found = closures(module.domain, own, triaged, rest) if wanted else ()
        return close(module, (closed for closed in found if closed.closure in wanted), base_types)

    return make


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
