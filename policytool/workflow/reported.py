# SPDX-License-Identifier: GPL-2.0-or-later
"""What `report` tells of modules: one comparison, and what follows from its surfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policytool.policy.compiled import CompiledPolicy
from policytool.report.page.facts import CheckFacts, DomainFacts, DomainKind, PageFacts
from policytool.surface.exposure import exposure
from policytool.surface.overlap import overlap, union_beside
from policytool.workflow.compare import MONOLITH, Comparison
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.opened import OpenedPolicy
from policytool.workflow.reach import PolicyReach


def page_facts(
    modules: ModuleSet, compared: Comparison | None, curves: Mapping[str, Sequence[float]] | None = None
) -> PageFacts:
    """Return what is to be told of MODULES, which were COMPARED if they link.

    CURVES has the saturation of each daemon, if the recordings were at hand.
    """
    built = modules.built
    checked = CheckFacts(
        tuple(source.name for source in built.sources),
        tuple(str(format_build.format) for format_build in built.formats),
        tuple(built.findings),
        built.base.identity,
    )
    domains = tuple(_domains(modules, compared)) if compared else ()
    held = {
        each.surface.domain: each.surface.stored
        for each in domains
        if each.kind is not DomainKind.BEFORE and each.surface.domain != MONOLITH
    }
    # The base's own, as it is today, and not as the modules or the baseline change it.
    monolith = next((each for each in domains if each.kind is DomainKind.BEFORE), None)
    return PageFacts(
        checked,
        domains,
        overlap(held) if len(held) > 1 else None,
        union_beside(held, monolith.name, monolith.surface.stored) if held and monolith else None,
        modules.evidence,
        curves or {},
    )


def _domains(modules: ModuleSet, compared: Comparison) -> Iterator[DomainFacts]:
    """Yield what the rows of COMPARED are about; the reach within a policy is asked of it once."""
    analyses: dict[int, PolicyReach] = {}
    for named, measured in zip(compared.rows, compared.measured, strict=True):
        policy = measured.policy
        if id(policy) not in analyses:
            analyses[id(policy)] = PolicyReach(OpenedPolicy(named.short, policy))
        domain = measured.surface.domain
        reach = analyses[id(policy)].reach(domain)
        own = policy is modules.policy
        kind = (
            DomainKind.BEFORE
            if not own
            else DomainKind.EXTENDED
            if domain in modules.plain.types
            else DomainKind.NEW
        )
        yield DomainFacts(
            domain if own else f"{domain} ({named.short})",
            kind,
            named.row,
            measured.surface,
            reach,
            exposure(named.short, measured.surface, len(reach.reached), reach.domains, _capabilities(policy)),
        )


def _capabilities(policy: CompiledPolicy) -> int:
    return sum(len(policy.classes.get(name, ())) for name in ("capability", "capability2"))
