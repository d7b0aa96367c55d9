# SPDX-License-Identifier: GPL-2.0-or-later
"""What the base does not let modules allow: its neverallow rules, and its constraints, which no rule can cure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from policytool.errors import ToolFailedError
from policytool.generate.candidate import Candidate
from policytool.generate.exact import exact
from policytool.generate.forbidden import Forbidden, forbidden_accesses, refuse
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.cil import write_cil
from policytool.generate.written_proposals import with_written
from policytool.model.access import AccessKey
from policytool.model.rules import TypeAttribute
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider, Outcome
from policytool.policy.terule import TeRuleType
from policytool.toolchain.base import Base
from policytool.toolchain.exempted import exempted
from policytool.toolchain.link import Linked, LinkFailed, link, link_or_fail
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.skeletons import Skeletons

# Each round refuses what the neverallow rules of the base forbid; secilc names a few offenders at a time.
_ROUNDS = 8


def without_forbidden(
    made: tuple[Candidate, ...], skeletons: Skeletons, base: Base
) -> tuple[tuple[Candidate, ...], Linked]:
    """Link the modules until neverallow rules forbid nothing: refuse what they do, but for what was accepted.

    A domain that does what was accepted gets the attribute that the rule exempts, where there is one that gives its
    members nothing else. refpolicy's interfaces do the same (storage_raw_read_fixed_disk: fixed_disk_raw_read).
    """
    exempt = _Exemptions(base, skeletons.plain)

    def mend(candidate: Candidate, forbidden: Mapping[AccessKey, Forbidden]) -> Candidate:
        return _mended(candidate, skeletons, forbidden, exempt)

    return link_until_allowed(made, base, mend, "generated modules", "accesses")


def link_until_allowed(
    made: tuple[Candidate, ...],
    base: Base,
    mend: Callable[[Candidate, Mapping[AccessKey, Forbidden]], Candidate],
    modules: str,
    granted: str,
) -> tuple[tuple[Candidate, ...], Linked]:
    """Link the modules of MADE; let MEND take out what neverallow rules of BASE forbid, and try again.

    Return what is left, and that linked.

    MODULES and GRANTED say in a message what the modules are, and what they grant. ToolFailedError: the modules do
    not link for another reason, or neverallow rules still forbid something after some rounds.
    """
    for _ in range(_ROUNDS):
        result = link(base, {candidate.module.name: write_cil(candidate.module) for candidate in made})
        if not isinstance(result, LinkFailed):
            return made, result
        forbidden = forbidden_accesses(result.failures)
        if not forbidden:
            raise ToolFailedError(f"the {modules} do not link: {result.failures[0].message}")
        made = tuple(mend(candidate, forbidden) for candidate in made)
    raise ToolFailedError(f"neverallow rules of the base still forbid {granted} after {_ROUNDS} links")


def without_constrained(made: tuple[Candidate, ...], linked: Linked, skeletons: Skeletons) -> tuple[Candidate, ...]:
    """Take out what a constraint of the base denies although there is a rule now: MADE are LINKED with the base.

    libsepol names a constraint only where a rule is not missing as well. Rules are by types, constraints by users,
    roles and ranges, so that the rule stays where another access with these types needs it.
    """
    with Decider(linked_policy(linked)) as decider:
        return tuple(_constrained(candidate, decider, skeletons) for candidate in made)


def with_proposals(made: tuple[Candidate, ...], skeletons: Skeletons, base: Base) -> tuple[Candidate, ...]:
    """Add the statements of the proposals that are written. ToolFailedError: the base forbids one of them."""
    written = tuple(
        replace(candidate, module=with_written(candidate.module, candidate.triaged, skeletons.plain))
        for candidate in made
    )
    if written != made and not base.compiled:
        texts = {candidate.module.name: write_cil(candidate.module) for candidate in written}
        link_or_fail(base, texts, "the modules with what is proposed do not link", ToolFailedError)
    return written


def _constrained(made: Candidate, decider: Decider, skeletons: Skeletons) -> Candidate:
    def judged(access: Triaged) -> Triaged:
        decision = decider.decide(access.vector)
        if decision.outcome is not Outcome.DENIED_CONSTRAINT:
            return access
        return replace(access, cure=Cure.CONSTRAINT, reason=decision.cause, id="")

    triaged = tuple(judged(access) if access.cure is Cure.ALLOW else access for access in made.triaged)
    if triaged == made.triaged:
        return made
    skeleton = replace(skeletons.modules[made.daemon.domain], attributes=made.module.attributes)
    return replace(made, module=exact(skeleton, triaged, skeletons.plain.types), triaged=triaged)


class _Exemptions:
    """The attributes of a base that neverallow rules exempt, and that no allow rule names."""

    def __init__(self, base: Base, plain: CompiledPolicy) -> None:
        self._base = base
        self._plain = plain

    def attribute(self, source: str) -> str | None:
        """Return an attribute whose members the neverallow rule on SOURCE exempts, None if there is none."""
        names = [name for name in exempted(self._base, source) if name in self._plain.attributes]
        given = {rule.source for rule in self._plain.rules({TeRuleType.ALLOW}, lambda of, _, __: of in names)}
        return next((name for name in names if name not in given), None)


def _mended(
    made: Candidate, skeletons: Skeletons, forbidden: Mapping[AccessKey, Forbidden], exempt: _Exemptions
) -> Candidate:
    domain = made.daemon.domain
    before = {name: attributes.reason for attributes in made.module.attributes for name in attributes.attributes}
    joined = dict(before)
    refused = {}
    for access in made.triaged:
        never = forbidden.get(access.vector.key)
        if never is None or access.cure is not Cure.ALLOW:
            continue
        attribute = exempt.attribute(never.source) if access.id and access.vector.key[0] == domain else None
        if attribute is None or attribute in before:
            refused[access.vector.key] = never
        else:
            joined[attribute] = f"{access.id} is accepted, and a neverallow rule of the base exempts these alone"
    attributes = tuple(TypeAttribute(domain, (name,), reason) for name, reason in sorted(joined.items()))
    triaged = refuse(made.triaged, refused)
    skeleton = replace(skeletons.modules[domain], attributes=attributes)
    return replace(made, module=exact(skeleton, triaged, skeletons.plain.types), triaged=triaged)
