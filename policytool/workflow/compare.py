# SPDX-License-Identifier: GPL-2.0-or-later
"""Privilege surfaces of generated modules, of refpolicy's libvirtd and of the unconfined baseline."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from policytool.check.findings import Finding, sorted_findings
from policytool.errors import InputError, UsageError
from policytool.policy.cil_rules import read_cil
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.needed_rules import SELF
from policytool.policy.unconfined import unconfined_domains
from policytool.surface.grants import Grants, Triple
from policytool.surface.parts import surface_parts
from policytool.surface.side_by_side import ComparisonRow, NamedRow, SurfaceDiff, compare, diff
from policytool.surface.surface import PrivilegeSurface, surfaces_of
from policytool.toolchain.base import Base
from policytool.workflow.growth_findings import growth_findings
from policytool.workflow.linked_policy import base_policy
from policytool.workflow.module_set import ModuleSet

# libvirtd's domain, in refpolicy and in Fedora's policy: what the modular daemons are to replace.
MONOLITH = "virtd_t"
UNCONFINED = "unconfined"

# libvirtd as Fedora ships it; part of the checkout, as the traces are.
BASELINE_MODULE = Path(__file__).parents[2] / "policies" / "baseline"


# The source of an allow rule or of a permissive statement, in CIL.
_SOURCES = re.compile(r"\((?:allow|typepermissive) ([\w.-]+)")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A policy to compare with what it is about: domains, and all sources that its modules' rules name.

    `modules` are what it was linked from, None for a compiled policy.

    `plain` is the base alone, `granted` what the modules' rules say of each domain of the base that they extend.
    """

    policy: CompiledPolicy
    plain: CompiledPolicy
    domains: frozenset[str]
    sources: frozenset[str]
    modules: ModuleSet | None
    used: Mapping[str, frozenset[Triple]]
    granted: Mapping[str, frozenset[Triple]]

    def surfaces(self) -> Mapping[str, PrivilegeSurface]:
        """Return the surfaces of the domains; for modules only attributes of the base count for the floor."""
        return surfaces_of(self.policy, sorted(self.domains), self.plain if self.modules else None)

    def rows(self, whole: PrivilegeSurface) -> tuple[tuple[ComparisonRow, PrivilegeSurface], ...]:
        """Return each domain's row and surface; used and excess where evidence says what was used."""
        surfaces = self.surfaces()
        known = self.plain.types & surfaces.keys() & self.used.keys()
        extended = surfaces_of(self.plain, sorted(known)) if known else {}
        rows = []
        for row, (domain, surface) in zip(compare(surfaces.values(), whole), surfaces.items(), strict=True):
            if domain in self.used:
                own = None
                if domain in extended:
                    # Rules of the base about attributes may let its domain use the modules' types, too.
                    own = surface.stored - (Grants.of(self.granted[domain]) - extended[domain].stored)
                parts = surface_parts(surface, own, self.used[domain])
                row = replace(row, used=parts.used, excess=len(parts.excess))
            rows.append((row, surface))
        return tuple(rows)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a row was counted from: the surface, and the policy that it is of."""

    surface: PrivilegeSurface
    policy: CompiledPolicy


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows, one a domain and policy, the baseline's name, and how domains changed from the first policy.

    `growth` is all that others allow and the first policy does not, each with the line that brought it. `measured`
    has for each of the rows what it was counted from.
    """

    rows: tuple[NamedRow, ...]
    changes: tuple[SurfaceDiff, ...]
    baseline: str
    growth: tuple[Finding, ...] = ()
    measured: tuple[Measured, ...] = ()

    @property
    def grew(self) -> bool:
        """Whether any policy allows anything that the first one does not, and that no comment disables."""
        return any(finding.fails for finding in self.growth)


def compare_policies(
    policies: Sequence[Path | ModuleSet], base: Base, baseline: str, domains: Sequence[str] = ()
) -> Comparison:
    """Set the domains of POLICIES (modules, folders of them, or compiled policies) against BASELINE.

    BASELINE is `unconfined` (see `_unconfined`), the base's own virtd_t, or a compiled policy or folder of
    modules, whose virtd_t is taken. Compiled policies need DOMAINS, which modules tell themselves. Raise
    InputError for a policy that cannot be read or linked, UsageError when no domain is left.
    """
    plain = base_policy(base)
    opened = [(_name(path), _open(path, base, plain, domains)) for path in policies]
    if not any(policy.domains for _, policy in opened):
        raise UsageError("none of these policies says which domains to compare; name them with -d TYPE")
    monolith = surfaces_of(plain, [MONOLITH]).get(MONOLITH) if plain.resolve(MONOLITH) else None
    most, name = _baseline(baseline, base, plain, monolith)
    whole = most.surface
    rows: list[NamedRow] = []
    measured: list[Measured] = []
    for (path, policy), short in zip(opened, _short_names(policies), strict=True):
        for row, surface in policy.rows(whole):
            rows.append(NamedRow(path, row, short))
            measured.append(Measured(surface, policy.policy))
    of_base = f"{base.identity.name} base"
    if monolith:
        rows += [NamedRow(of_base, row, of_base) for row in compare([monolith], whole)]
        measured.append(Measured(monolith, plain))
    if whole is not monolith:
        rows += [NamedRow(name, row, name) for row in compare([whole], whole)]
        measured.append(most)
    compared = [policy for _, policy in opened]
    first, *others = (policy.modules or policy.policy for policy in compared)
    growth = sorted_findings(finding for other in others for finding in growth_findings(first, other))
    return Comparison(tuple(rows), _changes(compared), name, growth, tuple(measured))


def _changes(policies: Sequence[_Opened]) -> tuple[SurfaceDiff, ...]:
    """Compare each policy with the first: every domain that the rules of any of their modules are about.

    A domain that the first does not have held nothing there. One that is the same in both is left out, unless
    it is a domain that the modules are made for.
    """
    first, *others = policies
    found = []
    for other in others:
        asked = sorted(first.sources | other.sources)
        before = surfaces_of(first.policy, [domain for domain in asked if first.policy.resolve(domain)])
        after = surfaces_of(other.policy, [domain for domain in asked if other.policy.resolve(domain)])
        for domain, surface in after.items():
            change = diff(before.get(domain) or _nothing(surface), surface)
            if change.grew or change.removed or domain in other.domains:
                found.append(change)
    return tuple(found)


def _nothing(surface: PrivilegeSurface) -> PrivilegeSurface:
    none = surface.stored - surface.stored
    return PrivilegeSurface(surface.domain, none, none, none, 0, 0, (), ())


def _baseline(
    baseline: str, base: Base, plain: CompiledPolicy, monolith: PrivilegeSurface | None
) -> tuple[Measured, str]:
    """Return what the others are set against, and its name."""
    if baseline == MONOLITH:
        if monolith is None:
            raise InputError(f"the base has no {MONOLITH} to compare with; choose another --baseline")
        return Measured(monolith, plain), f"{base.identity.name} base"
    if baseline == UNCONFINED:
        return _unconfined(base, plain, monolith)
    return _monolith_of(_open(Path(baseline), base, plain, [MONOLITH])), baseline


def _monolith_of(opened: _Opened) -> Measured:
    return Measured(opened.surfaces()[MONOLITH], opened.policy)


def _unconfined(base: Base, plain: CompiledPolicy, monolith: PrivilegeSurface | None) -> tuple[Measured, str]:
    """Return what a libvirtd holds that nothing holds back.

    That is the base's own virtd_t where it is unconfined (Fedora's), else refpolicy's virtd_t made unconfined
    (policies/baseline) where that links with the base, else the domain of the base that holds most.
    """
    powerful = unconfined_domains(plain)
    if monolith is not None and MONOLITH in powerful:
        return Measured(monolith, plain), f"{base.identity.name} base"
    if monolith is not None and BASELINE_MODULE.is_dir() and not base.compiled:
        # The module is compiled with the headers that are installed, and may not fit another base.
        with suppress(InputError):
            return _monolith_of(_open(BASELINE_MODULE, base, plain, [MONOLITH])), UNCONFINED
    if not powerful:
        raise InputError("no domain of the base holds every capability, so none is unconfined; choose --baseline")
    surfaces = surfaces_of(plain, sorted(powerful))
    most = max(surfaces.values(), key=lambda surface: len(surface.stored))
    return Measured(most, plain), "unconfined in the base"


def _open(policy: Path | ModuleSet, base: Base, plain: CompiledPolicy, domains: Sequence[str]) -> _Opened:
    asked = frozenset(domains)
    if isinstance(policy, Path) and policy.is_file():
        return _Opened(CompiledPolicy(policy), plain, asked, asked, modules=None, used={}, granted={})
    modules = policy if isinstance(policy, ModuleSet) else ModuleSet([policy], base)
    texts = (module.cil for format_build in modules.built.formats for module in format_build.modules)
    named = {name for text in texts for name in _SOURCES.findall(text)}
    sources = frozenset(name for name in named if modules.policy.resolve(name)) | modules.domains
    used = {
        file.domain: frozenset(access.key[1:] for access in file.accesses if access.key[0] == file.domain)
        for file in modules.evidence
    }
    granted = _granted(modules, modules.domains & plain.types)
    return _Opened(modules.policy, plain, asked or modules.domains, asked or sources, modules, used, granted)


def _granted(modules: ModuleSet, domains: Collection[str]) -> Mapping[str, frozenset[Triple]]:
    """Return what the rules of MODULES say whose source is one of DOMAINS itself."""
    found: dict[str, set[Triple]] = {domain: set() for domain in domains}
    for name, text in modules.texts.items() if domains else ():
        for rule in read_cil(name, text).rules:
            if rule.source in found:
                targets = [rule.source] if rule.target == SELF else modules.policy.expand(rule.target)
                found[rule.source] |= {(target, rule.tclass, perm) for target in targets for perm in rule.perms}
    return {domain: frozenset(triples) for domain, triples in found.items()}


def _name(policy: Path | ModuleSet) -> str:
    return ", ".join(map(str, policy.folders)) if isinstance(policy, ModuleSet) else str(policy)


def _short_names(policies: Sequence[Path | ModuleSet]) -> list[str]:
    """Return a short name of each policy: as much of the end of its path as tells it from the others."""
    paths = [
        [path.resolve() for path in policy.folders] if isinstance(policy, ModuleSet) else [policy.resolve()]
        for policy in policies
    ]
    ends = {path: {path.parts[-length:] for length in range(1, len(path.parts) + 1)} for [path, *_] in paths}
    names = []
    for first, *more in paths:
        others = set().union(*(taken for path, taken in ends.items() if path != first))
        own = sorted(ends[first] - others, key=len) or [first.parts]
        names.append("/".join(own[0]).replace("//", "/") + (f" and {len(more)} more" if more else ""))
    return names
