# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `robust`: exact candidates, closed over what goes together where triage and neverallow rules let it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from policytool.generate.candidate import Candidate
from policytool.generate.forbidden import Forbidden
from policytool.generate.peers import Peers, peers
from policytool.generate.robust import Closed, Closing, close, closures
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey, AccessVector
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.permission_sets import parse_permission_sets
from policytool.toolchain.base import Base
from policytool.toolchain.headers import permission_sets_text
from policytool.workflow.base_limits import link_until_allowed

Ask = Callable[[Candidate, Iterable[AccessVector]], tuple[Triaged, ...]]


def closing(policy: CompiledPolicy, others: Peers) -> Closing:
    """Return what closures go by: the headers' permission sets for each class of POLICY, its node types, OTHERS."""
    sets = parse_permission_sets(permission_sets_text())
    of_class = {tclass: sets.of_class(tclass, perms) for tclass, perms in policy.classes.items()}
    return Closing(of_class, policy.address_twins, others)


def peers_of(made: Iterable[Candidate]) -> Peers:
    """Return what the daemons of the modules MADE do, all scenarios together."""
    return peers(
        (candidate.module.domain, "", access.vector)
        for candidate in made
        for access in candidate.triaged
        if access.cure in (Cure.ALLOW, Cure.GRANTED)
    )


def own_types(candidate: Candidate) -> frozenset[str]:
    """Return the types that the module declares for its daemon's objects."""
    return candidate.module.declared - {candidate.module.domain}


def robust_candidates(
    made: Sequence[Candidate], ask: Ask, by: Closing, base: Base, base_types: frozenset[str]
) -> tuple[Candidate, ...]:
    """Close the modules of MADE. ASK triages what the closures propose for one, as it did what was seen.

    Raise ToolFailedError when neverallow rules still forbid something after some rounds.
    """
    exact = {candidate.module.name: candidate for candidate in made}

    def without(candidate: Candidate, forbidden: Mapping[AccessKey, Forbidden]) -> Candidate:
        left = tuple(closed for closed in candidate.closed if closed.vector.key not in forbidden)
        return _with(exact[candidate.module.name], left, base_types)

    closed = tuple(_with(candidate, _admitted(candidate, ask, by), base_types) for candidate in made)
    return link_until_allowed(closed, base, without, "closed modules", "closures")


def _admitted(candidate: Candidate, ask: Ask, by: Closing) -> tuple[Closed, ...]:
    found = closures(candidate.module.domain, own_types(candidate), candidate.triaged, by)
    asked = ask(candidate, (closed.vector for closed in found))
    allowed = {triaged.vector.key for triaged in asked if triaged.cure is Cure.ALLOW}
    return tuple(closed for closed in found if closed.vector.key in allowed)


def _with(candidate: Candidate, closed: tuple[Closed, ...], base_types: frozenset[str]) -> Candidate:
    return replace(candidate, module=close(candidate.module, closed, base_types), closed=closed)
