# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs with a domain of their own in a policy: which file types lead where, by the policy's structure alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

_SYSTEM_ROLE = "system_r"


# A domain that enters more than this share of all such domains starts the system, or a session: not helpers.
_STARTS_THE_SYSTEM = 0.1

# A helper, and what it runs: lvm runs modprobe, dnsmasq libvirt's lease helper.
_STEPS = 2


@dataclass(frozen=True, slots=True)
class Entries:
    """`enterable`: type of a program file → the domain of the system that it leads into, if it is a single domain.

    `several`: type of a program file → the domains of the system that it is an entry point of, if more than one.
    """

    enterable: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def entries(policy: CompiledPolicy) -> Entries:
    """Return the program types of POLICY that lead into domains of the system.

    A type leads into a domain if it is an entry point of the domain, the role system_r may have the domain, and
    some type_transition on the type leads there: somebody meant it to be entered by running the program. Where
    several domains have the type as an entry point, which one is right depends on who runs the program.
    """
    system = policy.roles.get(_SYSTEM_ROLE, frozenset())
    found: dict[str, set[str]] = {}
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "file", "entrypoint"):
        if not rule.enabled:
            continue
        for target in policy.expand(rule.target):
            found.setdefault(target, set()).update(policy.expand(rule.source) & system)
    meant = {(type_, entered) for (_, type_), entered in policy.process_transitions.items()}
    return Entries(
        {
            target: domain
            for target, domains in sorted(found.items())
            if len(domains) == 1 and (target, domain := min(domains)) in meant
        },
        {target: tuple(sorted(domains)) for target, domains in sorted(found.items()) if len(domains) > 1},
    )


def entered_by_rule(policy: CompiledPolicy) -> Mapping[str, frozenset[str]]:
    """Return the domains that each domain of POLICY enters by running a program, by type_transition rules."""
    found: dict[str, set[str]] = {}
    for (source, _), entered in policy.process_transitions.items():
        if source != entered:
            found.setdefault(source, set()).add(entered)
    return {source: frozenset(targets) for source, targets in found.items()}


def entered_domains(policy: CompiledPolicy, domains: Collection[str], known: Entries) -> frozenset[str]:
    """Return the domains of helper programs that DOMAINS enter by running them, and those that these enter.

    Only by type_transition rules on types that are the way into one domain: what a domain could become if it asked
    (setexec) and users' sessions are not among them. Not further than two steps: udev_t and mount_t lead to most of
    the system's services, which no daemon runs. What starts much of the system has no helpers, and is none.
    """

    @cache
    def helpers(domain: str) -> frozenset[str]:
        return frozenset(
            entered
            for type_, entered in known.enterable.items()
            if entered != domain and policy.transition(domain, type_, "process") == entered
        )

    def starts_the_system(domain: str) -> bool:
        return len(helpers(domain)) > max(_STARTS_THE_SYSTEM * len(known.enterable), 1)

    found: set[str] = set()
    reached = set(domains)
    for _ in range(_STEPS):
        reached = {
            entered
            for domain in reached
            if not starts_the_system(domain)
            for entered in helpers(domain)
            if not starts_the_system(entered)
        }
        found |= reached
    return frozenset(found - set(domains))
