# SPDX-License-Identifier: GPL-2.0-or-later
"""The privilege surface of a domain: everything that the rules of a compiled policy let it do.

What is counted: (target type, class, permission) of the allow rules, attributes expanded on both sides. What is
not: constraints, roles and ranges (they can only take away), and allowxperm rules (they narrow an ioctl).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from policytool.errors import InputError
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRule, TeRuleType
from policytool.surface.danger import Danger, dangers
from policytool.surface.domain_transitions import DomainTransition, DomainTransitions
from policytool.surface.grants import Grants, Universe

CAPABILITY_CLASSES = ("capability", "capability2", "cap_userns", "cap2_userns")


@dataclass(frozen=True)
class PrivilegeSurface:
    """What DOMAIN holds. `stored` counts conditional rules at the booleans' stored values, `every` all of them.

    `floor` is the part of `stored` that comes from attributes. `rules` and
    `every_rules` are the numbers of allow rules behind `stored` and `every`. `dangers` and `transitions` are
    those of `stored`.
    """

    domain: str
    stored: Grants
    every: Grants
    floor: Grants
    rules: int
    every_rules: int
    transitions: tuple[DomainTransition, ...]
    dangers: tuple[Danger, ...]
    permissive: bool = False

    @property
    def capabilities(self) -> tuple[tuple[str, str], ...]:
        """The (class, capability) that the domain holds, sorted; those for user namespaces included."""
        return tuple(
            sorted(
                (tclass, perm)
                for (tclass, perm), mask in self.stored.masks.items()
                if mask and tclass in CAPABILITY_CLASSES
            )
        )

    @property
    def object_types(self) -> tuple[str, ...]:
        """The types on which the domain may do anything at all, sorted."""
        return self.stored.types


def surfaces_of(
    policy: CompiledPolicy, domains: Iterable[str], base: CompiledPolicy | None = None
) -> Mapping[str, PrivilegeSurface]:
    """Return the surfaces of DOMAINS (types or aliases), in their order, however many at once.

    With BASE, only attributes that it has count for the floor, so that an attribute which a module made for
    its own domains does not. Raise InputError for a domain that the policy does not have.
    """
    wanted: dict[str, str] = {}
    for domain in domains:
        type_ = policy.resolve(domain)
        if type_ is None:
            raise InputError(f"{policy.path} has no type {domain}")
        wanted[domain] = type_
    table = _Pass(policy, set(wanted.values()), None if base is None else frozenset(base.attributes))
    return {domain: table.surface(type_) for domain, type_ in wanted.items()}


class _Masks:
    """Grants in the making: two tables, by the rules in force and by all rules, and the number of rules."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], int] = {}
        self.every: dict[tuple[str, str], int] = {}
        self.rules = 0
        self.every_rules = 0

    def add(self, rule: TeRule, mask: int) -> None:
        self.every_rules += 1
        self.rules += rule.enabled
        for perm in rule.perms:
            key = (rule.tclass, perm)
            self.every[key] = self.every.get(key, 0) | mask
            if rule.enabled:
                self.stored[key] = self.stored.get(key, 0) | mask

    def join(self, other: _Masks) -> None:
        self.rules += other.rules
        self.every_rules += other.every_rules
        for mine, theirs in ((self.stored, other.stored), (self.every, other.every)):
            for key, mask in theirs.items():
                mine[key] = mine.get(key, 0) | mask


class _Pass:
    """One pass over the rules: what each name grants, who holds what on itself, who starts from which file.

    Attributes limits those that count for a floor; None is all of them.
    """

    def __init__(self, policy: CompiledPolicy, domains: Collection[str], attributes: frozenset[str] | None) -> None:
        self.policy = policy
        self.universe = Universe.of(policy.types)
        self.limit = attributes
        self.attributes = {domain: policy.attributes_of(domain) for domain in domains}
        self.by_name: dict[str, _Masks] = {}
        self.on_itself = _Masks()
        self.transitions = DomainTransitions(policy, self.universe)
        self._expanded: dict[str, int] = {}
        sources = frozenset(domains).union(*self.attributes.values(), attributes or ())
        self._read(sources)

    def _read(self, sources: frozenset[str]) -> None:
        def asked(source: str, target: str, tclass: str) -> bool:
            return source in sources or source == target

        for rule in self.policy.rules((TeRuleType.ALLOW,), asked):
            if rule.source in sources:
                self.by_name.setdefault(rule.source, _Masks()).add(rule, self.expand(rule.target))
            if rule.source == rule.target and rule.source in self.policy.types:
                self.on_itself.add(rule, self.expand(rule.source))

    def expand(self, name: str) -> int:
        if name not in self._expanded:
            self._expanded[name] = self.universe.mask(self.policy.expand(name))
        return self._expanded[name]

    def of_attributes(self, attributes: Iterable[str], itself: int) -> _Masks:
        """Return what ATTRIBUTES give a type whose own bit is ITSELF."""
        total = _Masks()
        groups = []
        for attribute in attributes:
            if self.limit is None or attribute in self.limit:
                if attribute in self.by_name:
                    total.join(self.by_name[attribute])
                members = self.expand(attribute)
                if members.bit_count() > 1:
                    groups.append(members)
        for mine, holders in ((total.stored, self.on_itself.stored), (total.every, self.on_itself.every)):
            for key, mask in holders.items():
                if any(members & ~mask == 0 for members in groups):
                    mine[key] = mine.get(key, 0) | itself
        return total

    def surface(self, domain: str) -> PrivilegeSurface:
        total = _Masks()
        for name in (domain, *self.attributes[domain]):
            if name in self.by_name:
                total.join(self.by_name[name])
        stored = Grants(self.universe, total.stored)
        floor = self.of_attributes(self.attributes[domain], self.expand(domain))
        return PrivilegeSurface(
            domain=domain,
            stored=stored,
            every=Grants(self.universe, total.every),
            floor=Grants(self.universe, floor.stored),
            rules=total.rules,
            every_rules=total.every_rules,
            transitions=self.transitions.of(domain),
            dangers=dangers(self.policy, domain, stored),
            permissive=domain in self.policy.permissive,
        )
