# SPDX-License-Identifier: GPL-2.0-or-later
"""What several daemons need alike, to be written once: an interface of a module of its own, called by each of them.

Only what each of them needs itself is in it, so a call grants no daemon anything more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from policytool.model.module import PolicyModule
from policytool.policy.macros import Macro, MacroRule
from policytool.policy.signatures import MacroKind, Parameter

# What stands for the domain in a rule of an interface.
CALLER = "$1"

# Target (or CALLER), class and permission of an access of a domain.
_Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SharedRules:
    """Rules that the daemons with DOMAINS have alike, for the module NAME; as in a macro, `$1` is the domain."""

    name: str
    domains: tuple[str, ...]
    rules: tuple[MacroRule, ...]

    @property
    def interface(self) -> str:
        """The name of the interface."""
        return f"{self.name}_domain"

    @property
    def macro(self) -> Macro:
        """The interface as what may be called. It stands for several rules or none, as patterns do."""
        return Macro(self.interface, MacroKind.PATTERN, (Parameter.TYPE,), self.rules, attributes=((),))

    def part_of(self, module: PolicyModule) -> PolicyModule:
        """Return a module with nothing but these rules, as MODULE has them."""
        perms = {(rule.target, rule.tclass): frozenset(rule.perms) for rule in self.rules}
        kept = []
        for rule in module.rules:
            wanted = perms.get((_generic(rule.target, module.domain), rule.tclass), frozenset())
            if rule.source == module.domain and wanted:
                kept.append(rule.only(wanted))
        return PolicyModule(
            self.name, module.version, module.domain, True, module.base, rules=tuple(kept), traces=module.traces
        )


def shared_rules(name: str, modules: Sequence[PolicyModule]) -> SharedRules | None:
    """Return the rules to write once for MODULES, as the module NAME: those that save the most statements.

    None where no two of MODULES have enough alike. Rules about a daemon's own types are no part of it, nor those
    under a condition, nor an ioctl whose commands are told.
    """
    own = {name for module in modules for name in (module.domain, *module.declared)}
    rows = {module.domain: _rows(module, own - {module.domain}) for module in modules}
    who: dict[_Row, set[str]] = {}
    for domain, has in rows.items():
        for row in has:
            who.setdefault(row, set()).add(domain)
    # Who has a row, and who has two: the best choice is one of these unless it takes three rows to tell it apart.
    single = {frozenset(domains) for domains in who.values()}
    groups = single | {one & other for one, other in combinations(single, 2)}
    several = sorted((sorted(group) for group in groups if len(group) > 1), key=lambda group: (-len(group), group))
    best = max(several, key=lambda group: _saved(rows, group), default=[])
    if not best or _saved(rows, best) <= 0:
        return None
    return SharedRules(name, tuple(best), tuple(sorted(_rules(_common(rows, best)))))


def _rows(module: PolicyModule, others: Collection[str]) -> frozenset[_Row]:
    narrowed = {(*rule.sort_key[:3], rule.perm) for rule in module.xperm_rules}
    return frozenset(
        (_generic(rule.target, module.domain), rule.tclass, perm)
        for rule in module.rules
        if rule.source == module.domain and rule.target not in others
        for perm in rule.perms
        if (*rule.sort_key[:3], perm) not in narrowed
    )


def _generic(target: str, domain: str) -> str:
    return CALLER if target == domain else target


def _common(rows: Mapping[str, frozenset[_Row]], domains: Iterable[str]) -> frozenset[_Row]:
    return frozenset.intersection(*(rows[domain] for domain in domains))


def _saved(rows: Mapping[str, frozenset[_Row]], domains: Collection[str]) -> int:
    """Return how many statements go if what DOMAINS have in common is written once and called by each of them."""
    common = _common(rows, domains)
    # A rule of a domain that says more than the others' stays.
    gone = sum(len({row[:2] for row in common} - {row[:2] for row in rows[domain] - common}) for domain in domains)
    return gone - len({row[:2] for row in common}) - len(domains)


def _rules(rows: Iterable[_Row]) -> Iterable[MacroRule]:
    perms: dict[tuple[str, str], list[str]] = {}
    for target, tclass, perm in sorted(rows):
        perms.setdefault((target, tclass), []).append(perm)
    return (MacroRule(CALLER, target, tclass, tuple(names)) for (target, tclass), names in perms.items())
