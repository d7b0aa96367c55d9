# SPDX-License-Identifier: GPL-2.0-or-later
"""What was seen, recorded without some modules or with them, as it is under them: DESIGN §4's mapping."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.build import Build
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked
from policytool.workflow.attribution import attributed, entered_by
from policytool.workflow.labelled import Mapped, map_targets
from policytool.workflow.modules import file_contexts
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
    daemons = _daemons(known, scope, observations)
    whose = attributed(observations, daemons, policy)
    mapped = map_targets(
        whose.relabel(observations.vectors),
        file_contexts(built),
        frozenset(scope),
        CompiledPolicy(link_unchecked(base, {}).policy),
        policy,
        FileContextLabels(linked.file_contexts),
    )
    return UnderModules(mapped, entered_by(observations, daemons, policy, whose.known))


def _daemons(known: Sequence[Daemon], scope: Collection[str], observations: Observations) -> tuple[Daemon, ...]:
    """Return the daemons that the domains of SCOPE belong to; of one that is not known, only the domain is."""
    by_domain = {daemon.domain: daemon for daemon in known}
    sources = {vector.source.type_ for vector in observations.vectors} & set(scope)
    return tuple(
        by_domain.get(domain) or Daemon(domain.removesuffix("_t"), domain, f"{domain.removesuffix('_t')}_exec_t")
        for domain in sorted(sources)
    )
