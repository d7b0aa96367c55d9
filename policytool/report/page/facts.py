# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page is about, as values; nothing here is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from policytool.check.findings import Finding
from policytool.generate.writers.evidence import ModuleEvidence
from policytool.model.module import BasePolicy
from policytool.report.page.ablated import AblatedPermission
from policytool.report.page.budget_curve import BudgetCurve
from policytool.report.page.edges import TypeOwners
from policytool.report.page.enforcement import EnforcedRun
from policytool.report.same_work import SharedScenarios
from policytool.surface.domain_reach import DomainReach
from policytool.surface.exposure import Exposure
from policytool.surface.overlap import Overlap, UnionBeside
from policytool.surface.side_by_side import ComparisonRow
from policytool.surface.surface import PrivilegeSurface


class DomainKind(StrEnum):
    """Where a domain on the page comes from."""

    NEW = "new domain"
    EXTENDED = "domain of the base, extended"
    BEFORE = "what they replace"


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """One domain: the NAME that tells it from the others on the page, and what was counted of it."""

    name: str
    kind: DomainKind
    row: ComparisonRow
    surface: PrivilegeSurface
    reach: DomainReach
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What `check` says of the modules: their names, the formats that they were linked in, findings, the base."""

    modules: tuple[str, ...]
    formats: tuple[str, ...]
    findings: tuple[Finding, ...]
    base: BasePolicy


@dataclass(frozen=True, slots=True)
class PageFacts:
    """All that the page shows. `domains` is empty where the modules do not link, and with it what is made of it.

    `overlap` and `beside` are of the domains that are not of DomainKind.BEFORE, None where there is nothing to set
    side by side. Where they were at hand, `calls` has the system calls of each domain by systemd's sets, and
    `enforcement` is an enforced run, with which `as_enforced` of the modules have their evidence in common.
    `held_out` says what profile `robust` would save, `same_work` what a monolith used in the daemons' scenarios,
    `ablated` what enforced runs could do without.
    """

    checked: CheckFacts
    domains: tuple[DomainFacts, ...]
    overlap: Overlap | None
    beside: UnionBeside | None
    evidence: tuple[ModuleEvidence, ...]
    owners: TypeOwners
    calls: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    enforcement: EnforcedRun | None = None
    as_enforced: int = 0
    held_out: BudgetCurve | None = None
    same_work: SharedScenarios | None = None
    ablated: tuple[AblatedPermission, ...] = ()

    @property
    def confined(self) -> tuple[DomainFacts, ...]:
        """The domains that the modules are about, the one that holds least first."""
        found = [domain for domain in self.domains if domain.kind is not DomainKind.BEFORE]
        return tuple(sorted(found, key=lambda domain: (domain.row.stored, domain.name)))

    @property
    def before(self) -> tuple[DomainFacts, ...]:
        """What they replace, the one that holds least first."""
        found = [domain for domain in self.domains if domain.kind is DomainKind.BEFORE]
        return tuple(sorted(found, key=lambda domain: (domain.row.stored, domain.name)))
