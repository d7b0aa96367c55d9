# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `interfaces`: a module of profile `exact` in refpolicy's own words, where they are worth their excess.

The words are chosen for refpolicy source. CIL has no interfaces, so that the CIL form stays exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from policytool.generate.cover import Cover, Item, cover
from policytool.generate.interface_options import Options
from policytool.generate.shared_module import SharedModule
from policytool.model.access import AccessKey, Evidence
from policytool.model.module import MacroCall, NamedPerms, PolicyModule, RawReason, RawRule
from policytool.model.profile import Profile
from policytool.model.rules import AllowRule
from policytool.policy.permission_sets import PermissionSet


@dataclass(frozen=True, slots=True)
class InterfaceForm:
    """The MODULE as refpolicy source has it, and what it allows beyond what was seen.

    `gap` is the solver's: 0 where no choice is better. `shared` is the module of an interface that MODULE calls and
    that was made with it.
    """

    module: PolicyModule
    excess: frozenset[AccessKey]
    rows: int
    gap: float
    shared: SharedModule | None = None


def interface_form(
    module: PolicyModule,
    options: Options,
    sets: Mapping[str, tuple[PermissionSet, ...]],
    owners: Mapping[str, str],
    price: float | None,
) -> InterfaceForm:
    """Put MODULE in the words among OPTIONS that cost the least; SETS of permissions by class.

    OWNERS has the module of each interface. PRICE is what one permission that was never seen costs, in statements;
    None: OPTIONS bring none.
    """
    chosen = cover(options.rows, [*options.raw, *options.calls], price or 0.0)
    calls = tuple(sorted(_calls(chosen, options, _evidence_of(module), owners)))
    raw = {option.name for option in chosen.options} - options.written.keys()
    covered = frozenset[Item]().union(*(call.covers for call in calls))
    rules = tuple(
        rule.only([perm for perm in rule.perms if (*rule.sort_key, perm) not in covered])
        for rule in module.rules
        if _name(rule) in raw
    )
    form = replace(
        module,
        rules=rules,
        transitions=tuple(of for of in module.transitions if of.row not in covered),
        calls=calls,
        raw=tuple(sorted(_raw_rule(rule, module, options) for rule in rules)),
        named_perms=tuple(sorted({named for rule in rules for named in _named(rule, sets)})),
        profile=Profile.INTERFACES,
    )
    excess = frozenset((source, target, tclass, perm) for source, target, tclass, perm in chosen.excess)
    return InterfaceForm(form, excess, len(options.rows), chosen.gap)


def _name(rule: AllowRule) -> str:
    return f"allow {rule.source} {rule.target}:{rule.tclass}"


def _evidence_of(module: PolicyModule) -> Mapping[Item, Evidence]:
    """Return the evidence of each access that MODULE has a rule for."""
    return {
        (*rule.sort_key, perm): evidence
        for rule in module.rules
        for perm, evidence in zip(rule.perms, rule.evidence, strict=False)
    }


def _calls(
    chosen: Cover, options: Options, seen: Mapping[Item, Evidence], owners: Mapping[str, str]
) -> Iterable[MacroCall]:
    for option in chosen.options:
        if written := options.written.get(option.name):
            excess = tuple(sorted((of, to, tclass, perm) for of, to, tclass, perm in option.excess))
            covers = tuple(sorted(option.covers))
            evidence = tuple(seen[item] for item in covers if item in seen)
            owner = owners.get(written.macro, "")
            yield MacroCall(written.macro, written.arguments, written.types, covers, excess, evidence, owner)


def _raw_rule(rule: AllowRule, module: PolicyModule, options: Options) -> RawRule:
    if rule.source == rule.target or {rule.source, rule.target} <= module.declared:
        return RawRule(rule.sort_key, RawReason.OWN)
    found = options.alternatives.get(_name(rule))
    if found is None:
        return RawRule(rule.sort_key, RawReason.NONE)
    if found.why_not:
        return RawRule(rule.sort_key, RawReason.UNSAFE, f"{found.interface} {found.why_not}")
    many = "1 permission" if found.excess == 1 else f"{found.excess} permissions"
    return RawRule(
        rule.sort_key, RawReason.DEARER, f"{found.interface} would bring {many} that nobody was seen to need"
    )


def _named(rule: AllowRule, sets: Mapping[str, tuple[PermissionSet, ...]]) -> Iterable[NamedPerms]:
    """Yield the set that is exactly the permissions of RULE; of several the one with the shortest name."""
    equal = [known.name for known in sets.get(rule.tclass, ()) if known.perms == frozenset(rule.perms)]
    if len(rule.perms) > 1 and equal:
        yield NamedPerms(rule.tclass, rule.perms, min(equal, key=lambda name: (len(name), name)))
