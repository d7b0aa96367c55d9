# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `robust`: exact candidates, closed over what goes together where triage and neverallow rules let it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from policytool.errors import ToolFailedError
from policytool.generate.candidate import Candidate
from policytool.generate.forbidden import forbidden_accesses
from policytool.generate.robust import Closed, Closing, close, closures
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.cil import write_cil
from policytool.model.access import AccessVector
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.permission_sets import parse_permission_sets
from policytool.toolchain.base import Base
from policytool.toolchain.headers import permission_sets_text
from policytool.toolchain.link import LinkFailed, link

# As many rounds as for exact modules: secilc names a few offenders at a time.
_ROUNDS = 8

Ask = Callable[[Candidate, Iterable[AccessVector]], tuple[Triaged, ...]]


def closing(policy: CompiledPolicy) -> Closing:
    """Return what closures go by: the headers' permission sets for each class of POLICY, and its node types."""
    sets = parse_permission_sets(permission_sets_text())
    return Closing(
        {tclass: sets.of_class(tclass, perms) for tclass, perms in policy.classes.items()}, policy.address_twins
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
    proposed = {one.module.name: _admitted(one, ask, by) for one in made}
    for _ in range(_ROUNDS):
        closed = tuple(_with(one, proposed[one.module.name], base_types) for one in made)
        result = link(base, {one.module.name: write_cil(one.module) for one in closed})
        if not isinstance(result, LinkFailed):
            return closed
        forbidden = forbidden_accesses(result.failures)
        if not forbidden:
            raise ToolFailedError(f"the closed modules do not link: {result.failures[0].message}")
        proposed = {
            name: tuple(item for item in closed if item.vector.key not in forbidden)
            for name, closed in proposed.items()
        }
    raise ToolFailedError(f"neverallow rules of the base still forbid closures after {_ROUNDS} links")


def _admitted(one: Candidate, ask: Ask, by: Closing) -> tuple[Closed, ...]:
    found = closures(one.module.domain, own_types(one), one.triaged, by)
    asked = ask(one, (item.vector for item in found))
    allowed = {triaged.vector.key for triaged in asked if triaged.cure is Cure.ALLOW}
    return tuple(item for item in found if item.vector.key in allowed)


def _with(one: Candidate, closed: tuple[Closed, ...], base_types: frozenset[str]) -> Candidate:
    return replace(one, module=close(one.module, closed, base_types), closed=closed)
