# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up facts for the page: three domains of modules, and the one that they replace."""

from __future__ import annotations

from policytool.check.findings import Finding
from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.access import Evidence, Use
from policytool.model.module import BasePolicy
from policytool.model.support import Support
from policytool.report.page.budget_curve import Bought, BudgetCurve
from policytool.report.page.edges import TypeOwners
from policytool.report.page.enforcement import EnforcedBoot, EnforcedRun
from policytool.report.page.facts import CheckFacts, DomainFacts, DomainKind, PageFacts
from policytool.surface.danger import Danger
from policytool.surface.domain_reach import DomainReach, Hop, Reached
from policytool.surface.domain_transitions import DomainTransition
from policytool.surface.exposure import exposure
from policytool.surface.grants import Grants
from policytool.surface.overlap import overlap, union_beside
from policytool.surface.side_by_side import compare
from policytool.surface.surface import PrivilegeSurface

_WHOLE = Grants.of((f"t{number}_t", "file", perm) for number in range(2000) for perm in ("read", "write"))


def domain(name: str, kind: DomainKind, held: Grants, reached: int, danger: int = 0) -> DomainFacts:
    """Make the facts of a domain that can enter so many others and has a DANGER on so many types, 0 for none."""
    dangers = (Danger("sys_module", (("capability", "sys_module"),), danger, (), "loads"),) if danger else ()
    none = held - held
    surface = PrivilegeSurface(name, held, held, none, 1, 1, (), dangers)
    whole = PrivilegeSurface("all_t", _WHOLE, _WHOLE, none, 1, 1, (), ())
    hop = Hop(name, "next_t", (DomainTransition("next_t", ("next_exec_t",), ("next_exec_t",)),))
    reach = DomainReach("p", name, tuple(Reached(f"r{n}_t", (hop,)) for n in range(reached)), reached, 400)
    (row,) = compare([surface], whole)
    return DomainFacts(name, kind, row, surface, reach, exposure("p", surface, reached, 400, 60))


def synthetic_facts() -> PageFacts:
    """Return plain facts."""
    return hostile_facts("plain")


def hostile_facts(text: str) -> PageFacts:
    """Return facts in which everything that a log or somebody's module may name is TEXT."""
    small = Grants.of([("a_t", "file", "read"), ("b_t", f"{text}_class", "search")])
    more = Grants.of([*small, ("c_t", "file", "write"), (text, "dir", "search")])
    domains = (
        domain(f"{text}_t", DomainKind.NEW, small, 0),
        domain("other_t", DomainKind.NEW, more, 3, danger=1),
        domain("known_t", DomainKind.EXTENDED, more, 0),
        domain("whole_t", DomainKind.BEFORE, _WHOLE, 390, danger=700),
    )
    held = {each.surface.domain: each.surface.stored for each in domains[:3]}
    uses = ((Use(text, text, text, text), 1),)
    access = ExplainedAccess(
        (f"{text}_t", "b_t", "file", "read"), Cure.REFUSED, f"why {text}", Evidence(1, 0, 0, uses)
    )
    support = Support(1, 1, 1, (text,))
    known = ExplainedAccess(
        (f"{text}_t", "c_t", "file", "read"), Cure.ALLOW, "", Evidence(5, 0, 0, uses), support=support
    )
    finding = Finding(text, 3, "E-compile", text, text, hint="mend it")
    return PageFacts(
        CheckFacts((text,), ("refpolicy",), (finding,), BasePolicy(text, text, "0" * 64)),
        domains,
        overlap(held),
        union_beside(held, "whole_t", _WHOLE),
        (ModuleEvidence(text, f"{text}_t", (access, known), scenarios=3),),
        TypeOwners({f"{text}_t": frozenset({"b_t"})}, frozenset(), (text,), frozenset()),
        {f"{text}_t": {f"@{text}": ("read", text)}, "other_t": {"@io": ("write",)}},
        EnforcedRun(text, 40, 1, 2, (EnforcedBoot(text, 39, 1, 2, 3, 0, 7.4),), {}),
        1,
        BudgetCurve(2, 40, (Bought(0.05, 3.4, 4), Bought(0.15, 10.0, 9), Bought(1.0, 80.0, 15))),
    )
