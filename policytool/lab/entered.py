# SPDX-License-Identifier: GPL-2.0-or-later
"""Which domains belong to a proof: those that recordings show as entered, one possible step further, and whose."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from policytool.generate.triage import DECIDED
from policytool.generate.writers.evidence import ModuleEvidence
from policytool.model.daemon import Daemon
from policytool.model.module import FileKind
from policytool.model.own_path import Labels
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.entries import entries
from policytool.policy.terule import TeRuleType

# Ways into another domain: by running a program, and by asking for it.
_ENTERING = frozenset({"transition", "dyntransition"})

# What is asked only once a program has entered another domain. The evidence has it even where the base grants the
# way of a helper into another helper's domain, so that no module needs a rule for that.
_INHERITING = frozenset({"noatsecure", "rlimitinh", "siginh"})


def entries_seen(file: ModuleEvidence) -> frozenset[tuple[str, str]]:
    """Return (domain, what its processes were seen to become) of FILE.

    What it refuses by decision is not entered.
    """
    found = set()
    for access in file.accesses:
        source, target, tclass, perm = access.key
        entering = perm in _INHERITING or (perm in _ENTERING and access.cure not in DECIDED)
        if tclass == "process" and entering:
            found.add((source, target))
    return frozenset(found)


def seen_entered(files: Iterable[ModuleEvidence], domains: Collection[str]) -> frozenset[str]:
    """Return what processes of DOMAINS were seen to become, and what these became in turn.

    The evidence FILES of modules tell it.
    """
    seen: dict[str, set[str]] = {}
    for file in files:
        for source, target in entries_seen(file):
            seen.setdefault(source, set()).add(target)
    found: set[str] = set()
    waiting = set(domains)
    while waiting:
        new = seen.get(waiting.pop(), set()) - found - set(domains)
        found |= new
        waiting |= new
    return frozenset(found)


def one_step_further(policy: CompiledPolicy, domains: Collection[str]) -> frozenset[str]:
    """Return what a process of DOMAINS may become in one step under POLICY, with booleans as they are stored."""
    found: set[str] = set()
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "process"):
        if rule.enabled and _ENTERING & rule.perms and not policy.expand(rule.source).isdisjoint(domains):
            found |= policy.expand(rule.target)
    return frozenset(found) - frozenset(domains)


def domains_by_program(daemons: Sequence[Daemon], labels: Labels, policy: CompiledPolicy) -> Mapping[str, str]:
    """Return the domain that the programs of each of DAEMONS enter under POLICY, by the daemon's name.

    LABELS tell the types of the programs. A daemon whose programs lead into no one domain is left out.
    """
    leads_into = entries(policy).enterable
    programs = {path for daemon in daemons for path in daemon.executables}
    types = labels.types(programs, FileKind.FILE)
    found = {}
    for daemon in daemons:
        entered = {leads_into[type_] for path in daemon.executables if (type_ := types[path]) in leads_into}
        if len(entered) == 1:
            found[daemon.name] = entered.pop()
    return found
