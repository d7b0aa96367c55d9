# SPDX-License-Identifier: GPL-2.0-or-later
"""Privilege surfaces of generated modules, of refpolicy's libvirtd and of the unconfined baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import InputError, UsageError
from policytool.policy.compiled import CompiledPolicy
from policytool.surface.compare import NamedRow, SurfaceDiff, compare, diff
from policytool.surface.surface import PrivilegeSurface, surfaces_of
from policytool.toolchain.base import Base
from policytool.toolchain.link import LinkFailed, link
from policytool.workflow.modules import build_whole, declared_types, evidence_files

# libvirtd's domain, in refpolicy and in Fedora's policy: what the modular daemons are to replace.
MONOLITH = "virtd_t"
UNCONFINED = "unconfined"

# libvirtd as Fedora ships it; part of the checkout, as the traces are.
BASELINE_MODULE = Path(__file__).parents[2] / "policies" / "baseline"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows, one a domain and policy, the baseline's name, and how domains changed from the first policy."""

    rows: tuple[NamedRow, ...]
    changes: tuple[SurfaceDiff, ...]
    baseline: str

    @property
    def grew(self) -> bool:
        """Whether any domain may do anything that it might not in the first policy."""
        return any(change.grew for change in self.changes)


def compare_policies(
    policies: Sequence[Path], base: Base, baseline: str, domains: Sequence[str] = ()
) -> Comparison:
    """Set the domains of POLICIES (folders of modules, or compiled policies) against BASELINE.

    BASELINE is `unconfined` (policies/baseline), a domain of the base, or a compiled policy or folder of
    modules, whose virtd_t is taken. Compiled policies need DOMAINS, which modules tell themselves. Raise
    InputError for a policy that cannot be read or linked, UsageError when no domain is left.
    """
    found = [(str(path), _surfaces(path, base, domains)) for path in policies]
    if not any(surfaces for _, surfaces in found):
        raise UsageError("none of these policies says which domains to compare; name them with -d TYPE")
    refpolicy = surfaces_of(CompiledPolicy(_linked_base(base)), [MONOLITH])
    whole, name = _baseline(baseline, base, refpolicy)
    rows = [NamedRow(path, row) for path, surfaces in found for row in compare(surfaces.values(), whole)]
    rows += [NamedRow(f"{base.identity.name} base", row) for row in compare(refpolicy.values(), whole)]
    if whole is not refpolicy[MONOLITH]:
        rows += [NamedRow(name, row) for row in compare([whole], whole)]
    (_, first), *others = found
    changes = tuple(
        diff(first[domain], surface)
        for _, surfaces in others
        for domain, surface in surfaces.items()
        if domain in first
    )
    return Comparison(tuple(rows), changes, name)


def _baseline(baseline: str, base: Base, refpolicy: Mapping[str, PrivilegeSurface]) -> tuple[PrivilegeSurface, str]:
    if baseline == MONOLITH:
        return refpolicy[MONOLITH], f"{base.identity.name} base"
    if baseline == UNCONFINED:
        if not BASELINE_MODULE.is_dir():
            raise InputError(f"{BASELINE_MODULE} is missing; run from a checkout, or choose another --baseline")
        return _surfaces(BASELINE_MODULE, base, [MONOLITH])[MONOLITH], "libvirtd unconfined"
    return _surfaces(Path(baseline), base, [MONOLITH])[MONOLITH], baseline


def _surfaces(path: Path, base: Base, domains: Sequence[str]) -> Mapping[str, PrivilegeSurface]:
    if path.is_file():
        return surfaces_of(CompiledPolicy(path), domains)
    built, linked = build_whole([path], base)
    policy = CompiledPolicy(linked.policy)
    own = {file.domain for file in evidence_files(built.sources)}
    own |= declared_types(built, policy) & policy.attributes.get("domain", frozenset())
    chosen = sorted(domains) if domains else sorted(own)
    return surfaces_of(policy, chosen, CompiledPolicy(_linked_base(base)))


def _linked_base(base: Base) -> Path:
    if base.compiled:
        return base.path
    result = link(base, {}, neverallow=False)
    if isinstance(result, LinkFailed):
        raise InputError(f"{base.path} does not link: {result.failures[0].message}")
    return result.policy
