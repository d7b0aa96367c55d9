# SPDX-License-Identifier: GPL-2.0-or-later
"""What `report` tells of modules: one comparison, and what follows from its surfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policytool.check.link_findings import declared_names
from policytool.policy.compiled import CompiledPolicy
from policytool.report.page.ablated import AblatedPermission
from policytool.report.page.budget_curve import BudgetCurve
from policytool.report.page.edges import TypeOwners
from policytool.report.page.enforcement import EnforcedRun
from policytool.report.page.facts import CheckFacts, DomainFacts, DomainKind, PageFacts
from policytool.report.same_work import SharedScenarios
from policytool.surface.exposure import exposure
from policytool.surface.overlap import overlap, union_beside
from policytool.toolchain.base import base_cil
from policytool.workflow.compare import MONOLITH, Comparison
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.opened import OpenedPolicy
from policytool.workflow.reach import PolicyReach


def page_facts(
    modules: ModuleSet,
    compared: Comparison | None,
    enforcement: EnforcedRun | None,
    calls: Mapping[str, Mapping[str, Sequence[str]]],
    held_out: BudgetCurve | None = None,
    same_work: SharedScenarios | None = None,
    ablated: tuple[AblatedPermission, ...] = (),
) -> PageFacts:
    """Return what is to be told of MODULES, which were COMPARED if they link.

    What was at hand: CALLS has the system calls of each domain, ENFORCEMENT is an enforced run,
    HELD_OUT what leaving scenarios out said, SAME_WORK what a monolith used beside the daemons, ABLATED what
    enforced runs could do without.
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
        _owners(modules) if compared else TypeOwners({}, frozenset(), (), frozenset()),
        calls,
        enforcement,
        enforcement.unchanged(modules.evidence_contents) if enforcement else 0,
        held_out,
        same_work,
        ablated,
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


# What the kernel has besides processes: its file systems, devices and settings, the network.
_KERNEL = (
    "device_node", "filesystem_type", "proc_type", "sysctl_type", "port_type", "node_type", "netif_type",
    "packet_type",
)  # fmt: skip


def _owners(modules: ModuleSet) -> TypeOwners:
    """Return whose types are, by who declares them, and by what a domain's types are called in refpolicy."""
    own: dict[str, set[str]] = {domain: {domain} for domain in modules.domains}
    for type_, domain in modules.declared_by.items():
        own.setdefault(domain, set()).add(type_)
    names, family = [], set(modules.declared)
    wanted = [f"(type {domain})" for domain in {*modules.domains, MONOLITH} & modules.plain.types]
    for path in [] if modules.base.compiled else base_cil(modules.base):
        text = path.read_text("utf-8", "surrogateescape")
        if any(declaration in text for declaration in wanted):
            names.append(path.stem)
            family |= declared_names([text]) & modules.policy.types
    for domain, types in own.items():
        stem = domain.removesuffix("_t") + "_"
        types |= {type_ for type_ in family - modules.declared if type_.startswith(stem)}
    policy = modules.policy
    kernel = {context.type_ for context in policy.initial_sids.values()}
    kernel |= {type_ for attribute in _KERNEL for type_ in policy.attributes.get(attribute, ())}
    return TypeOwners(
        {domain: frozenset(types) for domain, types in own.items()},
        frozenset(family),
        tuple(sorted(names)),
        frozenset(kernel),
    )


def _capabilities(policy: CompiledPolicy) -> int:
    return sum(len(policy.classes.get(name, ())) for name in ("capability", "capability2"))
