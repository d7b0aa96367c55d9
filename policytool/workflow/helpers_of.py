# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose accesses are they, with the questions put to a compiled policy: for making modules, and for replaying."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from policytool.graph.programs import attribute, program_types
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.model.program import Attribution, Child, Helper
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.policy.entries import Entries, entered_domains, entries
from policytool.policy.relabel_source import Moved, Relabelled, relabel_sources

# How many of the domains that a program may lead into are named.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Attributed:
    """What belongs to whom: the attribution of each daemon by its domain, and the entries of the base."""

    by_domain: Mapping[str, Attribution]
    known: Entries = field(default_factory=Entries)

    def helpers(self, domain: str) -> tuple[Helper, ...]:
        """Return the helpers of the daemon with DOMAIN that need a transition."""
        attribution = self.by_domain.get(domain)
        return attribution.helpers if attribution else ()

    def relabel(self, vectors: Iterable[AccessVector]) -> Relabelled:
        """Map VECTORS to the domains that they belong to under the helpers' transitions."""
        return relabel_sources(vectors, self.by_domain.values())


def propose(
    observations: Observations, daemons: Sequence[Daemon], plain: CompiledPolicy, children: Iterable[Child] = ()
) -> Attributed:
    """Say which programs of DAEMONS are helpers that shall enter their own domains in the base PLAIN.

    `helpers` of the result are those that need a transition which the base has not; CHILDREN, whose files have
    their types, are among them.
    """
    asked_for = {(child.parent, child.exec_type): child.domain for child in children}
    vectors = observations.vectors
    known = entries(plain)
    domains = {daemon.domain: daemon for daemon in daemons}
    found = {}
    with Decider(plain) as decider:
        for daemon in daemons:
            ran = program_types(daemon.domain, vectors)
            kept = {type_ for type_ in ran if _lets_run(daemon.domain, type_, vectors, decider, plain)}

            def enters(domain: str, type_: str, kept: Collection[str] = kept) -> str:
                if by_rule := asked_for.get((domain, type_)) or plain.transition(domain, type_, "process"):
                    return by_rule
                own = domains.get(domain)
                if own is None or type_ == own.exec_type or type_ in kept:
                    return domain
                return known.enterable.get(type_, domain)

            def why_not(type_: str, domain: str = daemon.domain, kept: Collection[str] = kept) -> str:
                if type_ in kept:
                    return f"the base lets {domain} run {type_} in its own domain"
                if several := known.several.get(type_):
                    names = ", ".join(several[:_NAMED]) + (" and others" if len(several) > _NAMED else "")
                    return f"{type_} is an entry point of {names}: which of them depends on who runs it"
                return f"no domain of the base is entered by programs of {type_}"

            attribution = attribute(daemon, vectors, observations.executions, enters, why_not)
            found[daemon.domain] = _needed(attribution, plain)
    return Attributed(found, known)


def attributed(
    observations: Observations, daemons: Sequence[Daemon], policy: CompiledPolicy, plain: CompiledPolicy
) -> Attributed:
    """Say what belongs to whom under the transitions that POLICY, the base PLAIN with the modules, really has."""
    vectors = observations.vectors

    def enters(domain: str, type_: str) -> str:
        return policy.transition(domain, type_, "process") or domain

    found = {daemon.domain: attribute(daemon, vectors, observations.executions, enters) for daemon in daemons}
    return Attributed(
        {domain: _needed(attribution, plain) for domain, attribution in found.items()}, entries(policy)
    )


def _needed(attribution: Attribution, plain: CompiledPolicy) -> Attribution:
    """Return ATTRIBUTION with the helpers alone that need a transition which the base PLAIN has not.

    By a transition of the base a helper ran in its own domain, with or without modules, and was seen there.
    """
    helpers = (
        helper
        for helper in attribution.helpers
        if plain.transition(attribution.domain, helper.exec_type, "process") != helper.domain
    )
    return replace(attribution, helpers=tuple(helpers))


def entered_by(
    observations: Observations, daemons: Sequence[Daemon], policy: CompiledPolicy, known: Entries
) -> Mapping[str, tuple[Daemon, ...]]:
    """Return the helpers' domains that were seen to be entered under the transitions of POLICY, with the daemons.

    Count a helper's accesses only if the daemon was seen entering it.
    """
    seen = {
        (vector.source.type_, vector.target.type_)
        for vector in observations.vectors
        if vector.key[2:] == ("process", "transition")
    }
    own = {daemon.domain for daemon in daemons}
    found: dict[str, list[Daemon]] = {}
    for daemon in daemons:
        possible = entered_domains(policy, {daemon.domain}, known)
        reached: set[str] = set()
        waiting = {daemon.domain}
        while waiting:
            source = waiting.pop()
            new = {target for before, target in seen if before == source and target in possible} - reached - own
            reached |= new
            waiting |= new
        for domain in reached:
            found.setdefault(domain, []).append(daemon)
    return {domain: tuple(some) for domain, some in sorted(found.items())}


def of_the_daemon(daemon: Daemon, declared: Collection[str]) -> Callable[[AccessVector], bool]:
    """Return what tells the accesses that only the module of DAEMON can allow: from it, or to what is its own."""
    own = {daemon.domain, *declared}
    return lambda vector: not own.isdisjoint((vector.source.type_, vector.target.type_))


def moved_of(moved: Iterable[Moved], domain: str) -> tuple[Moved, ...]:
    """Return those of MOVED that were seen in DOMAIN."""
    return tuple(access for access in moved if access.origin.source.type_ == domain)


def _lets_run(
    domain: str, type_: str, vectors: Iterable[AccessVector], decider: Decider, plain: CompiledPolicy
) -> bool:
    """Say whether the base, which owns DOMAIN, lets it run programs of a type without leaving."""
    if domain not in plain.types:
        return False
    asked = (v for v in vectors if v.key == (domain, type_, "file", "execute_no_trans"))
    return any(decider.decide(vector).allowed for vector in asked)
