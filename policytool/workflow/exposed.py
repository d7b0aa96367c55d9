# SPDX-License-Identifier: GPL-2.0-or-later
"""The exposure by domains of policies, and how their surfaces overlap, with each other and what they replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policytool.errors import UsageError
from policytool.surface.beside_rules import BesideRules, beside_rules
from policytool.surface.exposure import Exposure, exposure
from policytool.surface.grants import Grants
from policytool.surface.overlap import Overlap, UnionBeside, overlap, union_beside
from policytool.surface.surface import surfaces_of
from policytool.toolchain.base import Base
from policytool.workflow.compare import MONOLITH
from policytool.workflow.opened import OpenedPolicy, open_policy
from policytool.workflow.reach import PolicyReach


@dataclass(frozen=True, slots=True)
class Exposed:
    """The exposure by each domain, that of the base's own libvirtd beside it, and how the domains overlap.

    The domain that the others replace is not among those that overlap. `overlap` is None for a single domain,
    `beside` where the base has no domain that the others replace. `beside_rules` are what the policies say of the
    domains of `rows`, in their order.
    """

    rows: tuple[Exposure, ...]
    beside_rules: tuple[BesideRules, ...]
    monolith: tuple[Exposure, ...]
    overlap: Overlap | None
    beside: UnionBeside | None


def exposed(policies: Sequence[OpenedPolicy], domains: Sequence[str], base: Base) -> Exposed:
    """Return the exposure by DOMAINS of POLICIES; without any, by those that their modules are about.

    The base's own libvirtd stands beside modules, which are to replace it. Raise UsageError when no domain is left.
    """
    rows: list[Exposure] = []
    facts: list[BesideRules] = []
    held: dict[str, Grants] = {}
    for opened in policies:
        asked = domains or sorted(opened.domains)
        if not asked:
            raise UsageError(f"{opened.name} does not say which domains it is about; name them with -d TYPE")
        found, surfaces = _rows(opened, asked)
        rows += found
        facts += [beside_rules(opened.policy, opened.policy.resolve(domain) or domain) for domain in asked]
        name = "" if len(policies) == 1 else f" ({opened.name})"
        held |= {f"{domain}{name}": grants for domain, grants in surfaces.items() if domain != MONOLITH}
    monolith: list[Exposure] = []
    beside = None
    if any(opened.modules for opened in policies):
        plain = open_policy(None, base)
        if plain.policy.resolve(MONOLITH):
            monolith, whole = _rows(plain, [MONOLITH])
            if len(policies) == 1 and held:
                beside = union_beside(held, MONOLITH, whole[MONOLITH])
    return Exposed(tuple(rows), tuple(facts), tuple(monolith), overlap(held) if len(held) > 1 else None, beside)


def _rows(opened: OpenedPolicy, domains: Sequence[str]) -> tuple[list[Exposure], Mapping[str, Grants]]:
    analysis = PolicyReach(opened)
    capabilities = sum(len(opened.policy.classes.get(name, ())) for name in ("capability", "capability2"))
    surfaces = surfaces_of(opened.policy, domains)
    rows = []
    for name, surface in surfaces.items():
        reach = analysis.reach(name)
        rows.append(exposure(opened.name, surface, len(reach.reached), reach.domains, capabilities))
    return rows, {name: surface.stored for name, surface in surfaces.items()}
