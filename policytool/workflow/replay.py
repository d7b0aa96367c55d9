# SPDX-License-Identifier: GPL-2.0-or-later
"""Observations replayed against modules linked with the base, or against a compiled policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from policytool.errors import InputError
from policytool.generate.triage import WITHOUT_RULE, Cure
from policytool.graph.owners import Owners
from policytool.model.access import AccessKey, AccessVector
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.policy.selinux_error import ErrorOutcome, JudgedError, judge
from policytool.policy.verdicts import Replay, Replayed, Verdict, replay
from policytool.policy.xperms import XpermRules
from policytool.workflow.module_set import ModuleSet


@dataclass(frozen=True, slots=True)
class ModuleReplay:
    """A replay, the domains it was about, and how many accesses of other domains were left out.

    `errors` judges what SELINUX_ERR records tell of those domains.
    """

    outcome: Replay
    domains: tuple[str, ...]
    left_out: int
    errors: tuple[JudgedError, ...] = ()

    @property
    def denied_errors(self) -> tuple[JudgedError, ...]:
        """What SELINUX_ERR records tell and the policy would refuse again."""
        return tuple(error for error in self.errors if error.outcome is ErrorOutcome.DENIED)


def replay_policy(observations: Observations, policy: Path, domains: Sequence[str]) -> ModuleReplay:
    """Replay the accesses from and to DOMAINS, or all if none is named, against a compiled POLICY."""
    wanted = frozenset(domains)
    vectors = [v for v in observations.vectors if not wanted or {v.source.type_, v.target.type_} & wanted]
    compiled = CompiledPolicy(policy)
    outcome = _ask(vectors, compiled, {})
    errors = _judged(observations, compiled, wanted)
    return ModuleReplay(outcome, tuple(sorted(wanted)), len(observations.vectors) - len(vectors), errors)


def replay_modules(
    observations: Observations, known: Sequence[Daemon], modules: ModuleSet, domains: Sequence[str] = ()
) -> ModuleReplay:
    """Replay what belongs to the domains of MODULES, or to DOMAINS, against the base with the modules.

    Raise InputError when the modules do not link or nothing that was seen is theirs, UsageError when a module
    does not say which domain it is about.
    """
    policy, declared = modules.policy, modules.declared
    scope = frozenset(domains) or modules.subjects
    under = modules.under(observations, known, scope)
    mapped = under.mapped
    owners = Owners(known, policy.types - declared, under.entered)
    # Private types are their daemon's: what others do to them its module has to allow.
    ours = scope | {type_ for type_, domain in modules.declared_by.items() if domain in scope}
    vectors = list(_belonging(mapped.vectors, owners, ours))
    cured = [access for access in mapped.cured if any(_belonging([access.vector], owners, ours))]
    left_out = len(mapped.vectors) - len(vectors) + len(mapped.cured) - len(cured)
    own = scope | declared
    guessed: list[AccessVector] = []
    untold = [access for access in mapped.moved if access.unmapped and access.origin.source.type_ in scope]
    for moved in mapped.moved:
        if moved.unmapped:
            left_out += moved.origin.source.type_ not in scope
            continue
        named = {moved.vector.source.type_, moved.vector.target.type_}
        (vectors if named & own else guessed).append(moved.vector)
    refused = {
        access.key: access.reason
        for file in modules.evidence
        for access in file.accesses
        if access.cure in WITHOUT_RULE and access.reason
    }
    outcome = _without_needed(_ask(vectors, policy, refused), modules)
    if guessed:
        outcome = Replay((*outcome.results, *_unmapped(_ask(guessed, policy, {}))))
    told = [
        Replayed(
            access.vector, Verdict.UNMAPPED if access.cure is Cure.UNMAPPED else Verdict.REFUSED, access.reason
        )
        for access in cured
    ]
    told += [Replayed(access.vector, Verdict.UNMAPPED, access.unmapped) for access in untold]
    errors = _judged(under.observations, policy, scope)
    return ModuleReplay(Replay((*outcome.results, *told)), tuple(sorted(scope)), left_out, errors)


def _without_needed(outcome: Replay, modules: ModuleSet) -> Replay:
    """Return OUTCOME where what a module leaves to another one, which is not among MODULES, is unmapped."""
    linked = {file.module for file in modules.evidence}
    lacking = {
        key: need.module
        for file in modules.evidence
        for need in file.needs
        if need.module not in linked
        for key in need.accesses
    }
    return Replay(
        tuple(
            replace(
                result,
                verdict=Verdict.UNMAPPED,
                cause=f"{result.cause}; the module leaves it to {lacking[result.vector.key]}, which is not here",
            )
            if result.verdict is Verdict.DENIED and result.vector.key in lacking
            else result
            for result in outcome.results
        )
    )


def _unmapped(outcome: Replay) -> Iterable[Replayed]:
    """Yield the results of what a helper would do in its own domain: denied there means that nobody knows."""
    for result in outcome.results:
        if result.verdict is Verdict.DENIED:
            cause = (
                f"{result.cause}; not seen in {result.vector.source.type_}, where it would be under the transition"
            )
            yield replace(result, verdict=Verdict.UNMAPPED, cause=cause)
        else:
            yield result


def _ask(vectors: Iterable[AccessVector], policy: CompiledPolicy, refused: Mapping[AccessKey, str]) -> Replay:
    asked = tuple(vectors)
    if not asked:
        raise InputError("no access in the traces belongs to these domains: there is nothing to replay")
    with Decider(policy) as decider:
        return replay(asked, decider, XpermRules(policy), refused)


def _judged(observations: Observations, policy: CompiledPolicy, domains: frozenset[str]) -> tuple[JudgedError, ...]:
    """Judge the refusals in whose contexts one of DOMAINS is, or all if none is named."""
    ours = [
        (refusal, count)
        for refusal, count in observations.refusals
        if not domains
        or domains & {part for text in (refusal.source, refusal.old, refusal.new) for part in text.split(":")}
    ]
    if not ours:
        return ()
    with Decider(policy) as decider:
        return judge(ours, policy, decider)


def _belonging(vectors: Iterable[AccessVector], owners: Owners, scope: frozenset[str]) -> Iterable[AccessVector]:
    """Yield the vectors that the modules have to allow.

    One whose rule belongs into the module of another daemon (see graph.owners) is not theirs to allow.
    """
    for vector in vectors:
        carriers = owners.owners(vector)
        types = {daemon.domain for daemon in carriers} or {vector.source.type_, vector.target.type_}
        if types & scope:
            yield vector
