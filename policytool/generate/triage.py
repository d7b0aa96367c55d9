# SPDX-License-Identifier: GPL-2.0-or-later
"""Triage: each observed access has exactly one cure, and the policy itself says which.

The question is put to libsepol about the base with the skeletons of all daemons linked in, so that what the base
already grants never becomes a rule, and what no allow rule can cure (a constraint, a role, a label) is not
answered with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from policytool.generate.enforced_runs import EnforcedRuns
from policytool.generate.objections import Objection, dac_override_objections
from policytool.model.access import AccessVector, Result, Use
from policytool.model.cure import Cure as Cure
from policytool.model.proposal import Proposal
from policytool.policy.decide import Decides, Decision, Outcome
from policytool.policy.relabel_source import Moved

# Cures by which an access was left out on purpose, so that a denial of it is expected.
DECIDED = frozenset({Cure.REFUSED, Cure.BOOLEAN, Cure.DONTAUDIT, Cure.LABEL})

# Cures that make no rule: those by decision, and what no rule can cure.
WITHOUT_RULE = DECIDED | {Cure.CONSTRAINT}


@dataclass(frozen=True, slots=True)
class Triaged:
    """An access with its one cure and the reason for it.

    `id` names an objection that a person may accept, or has accepted where the cure is a rule. `proposed` are cures
    that may serve better, `written` is one that is written.
    """

    vector: AccessVector
    cure: Cure
    reason: str = ""
    id: str = ""
    proposed: tuple[Proposal, ...] = ()
    written: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """By what an access that the base denies is judged.

    `objection` says what speaks against a rule, `accepted` which of that (by id) a person has accepted and why.
    `enforced` is what enforced runs say of accesses. `prefer_booleans` leaves to a boolean what it would grant.
    `note` says something about a rule beyond its evidence, `propose` what may serve better than it; `write` are the
    cures that are written where they are proposed.
    """

    objection: Callable[[AccessVector], Objection | None] = lambda _: None
    accepted: Mapping[str, str] = field(default_factory=dict)
    enforced: EnforcedRuns = field(default_factory=EnforcedRuns)
    prefer_booleans: bool = False
    note: Callable[[AccessVector], str] = lambda _: ""
    propose: Callable[[AccessVector, Decision], tuple[Proposal, ...]] = lambda vector, decision: ()
    write: frozenset[Cure] = frozenset()


_ALLOW = frozenset({Outcome.DENIED_RULE, Outcome.DENIED_BOOLEAN})
_CONSTRAINT = frozenset({Outcome.DENIED_CONSTRAINT, Outcome.DENIED_ROLE, Outcome.DENIED_BOUNDS})


def triage(vectors: Iterable[AccessVector], base: Decides, criteria: Criteria) -> tuple[Triaged, ...]:
    """Give each of VECTORS its cure."""
    every = tuple(vectors)
    weaker = dac_override_objections(every)
    return tuple(_cure(vector, base.decide(vector), criteria, weaker.get(vector.key)) for vector in every)


def triage_moved(
    moved: Iterable[Moved], base: Decides, criteria: Criteria, own: Callable[[AccessVector], bool]
) -> tuple[Triaged, ...]:
    """Give each of MOVED, and what it was seen as, its cure.

    What was seen is cured by the transition. What it would be under that needs a cure of its own where the base
    denies it: one of the daemon's (OWN) gets a rule; what a helper's domain would need of the base was never seen
    under that domain, and is unmapped: it takes a recording to know.
    """
    found: list[Triaged] = []
    # What was seen once can be several things under a transition.
    origins: set[tuple[tuple[str, ...], tuple[tuple[Use, int], ...]]] = set()
    for access in moved:
        origin = (access.origin.sort_key, access.origin.evidence.uses)
        if access.left and origin not in origins:
            origins.add(origin)
            found.append(Triaged(access.origin, Cure.TRANSITION, access.reason))
        if access.unmapped:
            found.append(Triaged(access.vector, Cure.UNMAPPED, f"{access.reason}; {access.unmapped}"))
            continue
        decision = base.decide(access.vector)
        if decision.outcome is Outcome.ALLOWED:
            continue
        if own(access.vector) or decision.outcome not in _ALLOW:
            judged = _cure(access.vector, decision, criteria, None)
            reason = "; ".join(part for part in (access.reason, judged.reason) if part)
            found.append(replace(judged, reason=reason))
        else:
            why = f"{access.reason}; the base denies it there, and nobody has seen it there"
            proposed = criteria.propose(access.vector, decision)
            found.append(Triaged(access.vector, Cure.UNMAPPED, why, proposed=proposed))
    return tuple(found)


def _cure(vector: AccessVector, decision: Decision, criteria: Criteria, weaker: Objection | None) -> Triaged:
    if decision.outcome is Outcome.ALLOWED:
        if decision.by_type and vector.result is Result.DENIED:
            return Triaged(
                vector, Cure.UNMAPPED, f"the base allows the types, yet it was denied: {decision.by_type}"
            )
        return Triaged(vector, Cure.GRANTED, decision.by_type)
    if decision.outcome in _CONSTRAINT:
        return Triaged(vector, Cure.CONSTRAINT, decision.cause)
    if decision.outcome not in _ALLOW:
        return Triaged(vector, Cure.UNMAPPED, decision.cause)
    needed = criteria.enforced.needed.get(vector.key, "")
    notes = [criteria.note(vector), decision.by_type, needed]
    accepted = ""
    if objection := criteria.objection(vector) or weaker:
        reason = criteria.accepted.get(objection.id)
        if reason is None:
            return Triaged(vector, Cure.REFUSED, objection.reason, objection.id, criteria.propose(vector, decision))
        notes.append(f"{objection.id} is accepted: {reason}")
        accepted = objection.id
    if spare := criteria.enforced.hidden.get(vector.key):
        return Triaged(vector, Cure.DONTAUDIT, spare)
    if decision.outcome is Outcome.DENIED_BOOLEAN:
        if criteria.prefer_booleans:
            return Triaged(vector, Cure.BOOLEAN, f"a boolean grants it: {decision.cause}")
        notes.append(f"a boolean would grant it: {decision.cause}")
    if decision.dontaudit:
        notes.append("the base hides it (dontaudit), so it may do no harm to deny it")
    reason = "; ".join(note for note in notes if note)
    proposed = criteria.propose(vector, decision)
    if needed:
        # A run or a person has answered already what a proposed dontaudit asks.
        proposed = tuple(proposal for proposal in proposed if proposal.cure is not Cure.DONTAUDIT)
    written = next((proposal for proposal in proposed if proposal.cure in criteria.write), None)
    if written is None:
        return Triaged(vector, Cure.ALLOW, reason, accepted, proposed)
    cure = Cure.ALLOW if _stays(vector, written) else written.cure
    reason = "; ".join(note for note in (f"as proposed: {written.what} {written.why}", reason) if note)
    others = tuple(proposal for proposal in proposed if proposal != written)
    return Triaged(vector, cure, reason, accepted, others, written)


def _stays(vector: AccessVector, written: Proposal) -> bool:
    """Say whether VECTOR needs its rule beside what is WRITTEN.

    Who runs a program of another domain executes its file. Who makes a file of another type writes to the folder.
    """
    if written.cure is Cure.TRANSITION:
        return vector.perm != "execute_no_trans"
    return written.cure is Cure.PRIVATE_TYPE and vector.tclass == "dir" and vector.perm != "create"
