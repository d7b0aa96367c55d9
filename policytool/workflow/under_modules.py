# SPDX-License-Identifier: GPL-2.0-or-later
"""What was seen, recorded without some modules or with them, as it is under them: the mapping rho."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policytool.model.daemon import Daemon
from policytool.model.module import FileContext
from policytool.model.observation import Observations
from policytool.model.paths import escaped, literal_start
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.relabel_program import relabel_programs
from policytool.toolchain.base import Base
from policytool.toolchain.build import Build
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked
from policytool.workflow.helpers_of import attributed, entered_by
from policytool.workflow.linked_modules import file_contexts
from policytool.workflow.mapping import Mapped, map_targets
from policytool.workflow.skeletons import link_unchecked


@dataclass(frozen=True, slots=True)
class UnderModules:
    """What was seen, as it is under modules, and the helpers' domains that were entered, with the daemons."""

    mapped: Mapped
    entered: Mapping[str, tuple[Daemon, ...]]


def under_modules(
    observations: Observations,
    known: Sequence[Daemon],
    scope: Collection[str],
    built: Build,
    linked: Linked,
    policy: CompiledPolicy,
    base: Base,
) -> UnderModules:
    """Map OBSERVATIONS, which have no aliases, to the modules BUILT and LINKED with BASE into POLICY.

    SCOPE are the domains that the modules are about. KNOWN daemons are described.
    """
    entries = file_contexts(built)
    observations = replace(observations, vectors=relabel_programs(observations.vectors, _programs(entries, policy)))
    daemons = _daemons(known, scope, observations)
    whose = attributed(observations, daemons, policy)
    plain = link_unchecked(base, {})
    mapped = map_targets(
        whose.relabel(observations.vectors),
        entries,
        frozenset(scope),
        CompiledPolicy(plain.policy),
        policy,
        FileContextLabels(plain.file_contexts),
        FileContextLabels(linked.file_contexts),
    )
    return UnderModules(mapped, entered_by(observations, daemons, policy, whose.known))


def _programs(entries: Iterable[FileContext], policy: CompiledPolicy) -> Mapping[str, str]:
    """Return the types of the programs, by path, that ENTRIES label one by one and POLICY has transitions for."""
    ways_in = {type_ for _, type_ in policy.process_transitions}
    return {
        path: one.context.type_
        for one in entries
        if one.context.type_ in ways_in and escaped(path := literal_start(one.pattern)) == one.pattern
    }


def _daemons(known: Sequence[Daemon], scope: Collection[str], observations: Observations) -> tuple[Daemon, ...]:
    """Return the daemons that the domains of SCOPE belong to; of one that is not known, only the domain is."""
    by_domain = {daemon.domain: daemon for daemon in known}
    sources = {vector.source.type_ for vector in observations.vectors} & set(scope)
    return tuple(
        by_domain.get(domain) or Daemon(domain.removesuffix("_t"), domain, f"{domain.removesuffix('_t')}_exec_t")
        for domain in sorted(sources)
    )
