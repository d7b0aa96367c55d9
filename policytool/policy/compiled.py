# SPDX-License-Identifier: GPL-2.0-or-later
"""A compiled policy, as setools reads it, in values of our own.

setools has no type information, so only this file, mls_ranges.py and setools_rules.py import it, and every result
is a plain string, number, tuple or frozen value. `source, target, tclass, perms` mean what they mean in setools and
the language.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType

import setools
from setools.exception import NoCommon

from policytool.errors import InputError
from policytool.model.context import OBJECT_ROLE, SecurityContext
from policytool.policy.mls_ranges import MlsRanges
from policytool.policy.rule_table import (
    PERMISSION_RULES,
    TYPE_RULES,
    XPERM_RULES,
    AccessRow,
    RuleTable,
    Truth,
    XpermRow,
)
from policytool.policy.setools_rules import read_rules
from policytool.policy.terule import Condition, Constraint, TeRule, TeRuleType, TransitionRule

_ACCESS_RULES = frozenset({*PERMISSION_RULES, *XPERM_RULES})
# What gives objects of the kernel their labels, as setools calls the statements.
_LABELS = ("fs_use", "genfscon", "ibendportcon", "ibpkeycon", "netifcon", "nodecon", "portcon")
_LABELS_OF_XEN = ("devicetreecon", "iomemcon", "ioportcon", "pcidevicecon", "pirqcon")
_NO_PERMS: frozenset[str] = frozenset()
_NO_XPERMS: frozenset[int] = frozenset()

# How much a permission of a class lets be read and be written.
FlowWeights = Mapping[tuple[str, str], tuple[int, int]]

# Source, target, class, permissions and condition of a rule, and whether it is in force.
PlainRule = tuple[str, str, str, frozenset[str], Condition | None, bool]

# Gives the table of rules: the one that was kept, or that which the function reads.
Keep = Callable[[Callable[[], RuleTable]], RuleTable]


class CompiledPolicy:
    """A binary policy file. Tables and rules are read when first asked for, and kept.

    Conditional rules are in force as the booleans stored in the file say, and those of BOOLEANS as stated there.
    KEEP may know the rules already. Raise InputError when PATH is not a binary policy that the installed setools
    can read, or has no such boolean.
    """

    def __init__(
        self, path: Path | str, booleans: Mapping[str, bool] | None = None, keep: Keep | None = None
    ) -> None:
        self.path = Path(path)
        self._stated = dict(booleans or {})
        self._keep = keep
        try:
            self._stamp = _stamp(self.path)
            self._policy = setools.SELinuxPolicy(str(self.path))
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(f"{self.path} is not a binary policy that can be read: {error}") from error
        if unknown := sorted(self._stated.keys() - {str(boolean.name) for boolean in self._policy.bools()}):
            raise InputError(f"{self.path} has no boolean {unknown[0]}")

    def __repr__(self) -> str:
        return f"CompiledPolicy({str(self.path)!r})"

    def require_readable(self) -> None:
        """Raise InputError when the file has changed since and is no longer a policy, or is gone."""
        try:
            same = _stamp(self.path) == self._stamp
        except OSError:
            same = False
        if not same:
            CompiledPolicy(self.path)

    @property
    def version(self) -> int:
        """The version of the binary format, as in `policy.33`."""
        return int(self._policy.version)

    @property
    def handle_unknown(self) -> str:
        """What the kernel does with classes and permissions it knows and the policy does not.

        One of `allow`, `deny`, `reject`.
        """
        return str(self._policy.handle_unknown.name)

    @property
    def mls(self) -> bool:
        """Whether contexts have a range (MLS or MCS)."""
        return bool(self._policy.mls)

    @cached_property
    def types(self) -> frozenset[str]:
        """The names of all types, without attributes and aliases."""
        return frozenset(str(type_.name) for type_ in self._policy.types())

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Every alias, with the type that it stands for."""
        return MappingProxyType(
            {str(alias): str(type_.name) for type_ in self._policy.types() for alias in type_.aliases()}
        )

    @cached_property
    def permissive(self) -> frozenset[str]:
        """The types whose denials the kernel only logs."""
        return frozenset(str(type_.name) for type_ in self._policy.types() if type_.ispermissive)

    @cached_property
    def attributes(self) -> Mapping[str, frozenset[str]]:
        """Every type attribute, with its types; compilers leave out attributes that no rule needs."""
        return MappingProxyType(
            {
                str(attribute.name): frozenset(str(type_.name) for type_ in attribute.expand())
                for attribute in self._policy.typeattributes()
            }
        )

    @cached_property
    def _attributes_of(self) -> Mapping[str, frozenset[str]]:
        held: dict[str, set[str]] = {}
        for attribute, types in self.attributes.items():
            for type_ in types:
                held.setdefault(type_, set()).add(attribute)
        return {type_: frozenset(attributes) for type_, attributes in held.items()}

    def resolve(self, name: str) -> str | None:
        """Return the type that NAME is or is an alias of; None when there is no such type."""
        if name in self.types:
            return name
        return self.aliases.get(name)

    def expand(self, name: str) -> frozenset[str]:
        """Return the types of an attribute, or the type itself; empty when the policy has no such name."""
        if name in self.attributes:
            return self.attributes[name]
        type_ = self.resolve(name)
        return frozenset() if type_ is None else frozenset({type_})

    def attributes_of(self, type_: str) -> frozenset[str]:
        """Return the attributes that a type carries."""
        return self._attributes_of.get(self.aliases.get(type_, type_), frozenset())

    @cached_property
    def classes(self) -> Mapping[str, frozenset[str]]:
        """Every object class, with its permissions, those of its common included."""
        table: dict[str, frozenset[str]] = {}
        for tclass in self._policy.classes():
            perms = {str(perm) for perm in tclass.perms}
            with suppress(NoCommon):
                perms |= {str(perm) for perm in tclass.common.perms}
            table[str(tclass.name)] = frozenset(perms)
        return MappingProxyType(table)

    @cached_property
    def roles(self) -> Mapping[str, frozenset[str]]:
        """Every role, with its types. `object_r` goes with every type and is listed with all of them."""
        table = {
            str(role.name): frozenset(str(type_.name) for type_ in role.types()) for role in self._policy.roles()
        }
        table[OBJECT_ROLE] = self.types
        return MappingProxyType(table)

    @cached_property
    def users(self) -> Mapping[str, frozenset[str]]:
        """Every SELinux user, with its roles; `object_r` goes with every user and is not listed."""
        return MappingProxyType(
            {
                str(user.name): frozenset(str(role.name) for role in user.roles) - {OBJECT_ROLE}
                for user in self._policy.users()
            }
        )

    @cached_property
    def role_allows(self) -> frozenset[tuple[str, str]]:
        """The changes of role that are allowed: (from, to)."""
        return frozenset((source, target) for kind, source, target, _, _ in self._role_rules if kind == "allow")

    @cached_property
    def _role_rules(self) -> Sequence[tuple[str, str, str, str, str]]:
        """The rules on roles: kind, source, target, and class and new role of a role_transition."""
        found = []
        for rule in self._policy.rbacrules():
            kind, tclass, default = str(rule.ruletype), "", ""
            if kind == "role_transition":
                tclass, default = str(rule.tclass), str(rule.default)
            found.append((kind, str(rule.source), str(rule.target), tclass, default))
        return tuple(found)

    @cached_property
    def user_ranges(self) -> Mapping[str, str]:
        """Every SELinux user, with the range that it may have; empty in a policy without MLS."""
        users = self._policy.users() if self.mls else ()
        return MappingProxyType({str(user.name): str(user.mls_range).replace(" ", "") for user in users})

    def may_have(self, user: str, range_: str) -> bool:
        """Say whether USER may have all of RANGE_; False where the policy does not know one of them."""
        return user in self.users and self.range_fault(user, "", range_) == ""

    @cached_property
    def constrained(self) -> Mapping[str, frozenset[str]]:
        """The types that constraints name, each with the texts of these constraints."""
        found: dict[str, set[str]] = {}
        for constraint in self._policy.constraints():
            named = {str(name) for part in constraint.expression if isinstance(part, frozenset) for name in part}
            text = " ".join(str(constraint).split())
            for type_ in frozenset().union(*(self.expand(name) for name in named)) if named else ():
                found.setdefault(type_, set()).add(text)
        return MappingProxyType({type_: frozenset(texts) for type_, texts in found.items()})

    @cached_property
    def booleans(self) -> Mapping[str, bool]:
        """Every boolean, with its value: the stated one, else the one stored in the policy file."""
        stored = {str(boolean.name): bool(boolean.state) for boolean in self._policy.bools()}
        return MappingProxyType(stored | self._stated)

    @cached_property
    def initial_sids(self) -> Mapping[str, SecurityContext]:
        """The contexts of the initial SIDs; that of `unlabeled` is what an invalid label counts as.

        The file has numbers only; the names are those of Linux.
        """
        return MappingProxyType(
            {
                str(sid.name): SecurityContext.parse(str(sid.context).replace(" ", ""))
                for sid in self._policy.initialsids()
            }
        )

    @cached_property
    def typebounds(self) -> Mapping[str, str]:
        """Every bounded type, with the type that bounds it."""
        return MappingProxyType({str(bound.child): str(bound.parent) for bound in self._policy.bounds()})

    @cached_property
    def ports(self) -> Mapping[str, tuple[tuple[str, int, int], ...]]:
        """The port types, each with its ports: (protocol, first, last), as the portcon statements have them."""
        found: dict[str, list[tuple[str, int, int]]] = {}
        for portcon in self._policy.portcons():
            ports = (str(portcon.protocol), int(portcon.ports.low), int(portcon.ports.high))
            found.setdefault(str(portcon.context.type_), []).append(ports)
        return MappingProxyType({type_: tuple(ports) for type_, ports in found.items()})

    def object_context(self, type_: str) -> SecurityContext:
        """Return a valid context of the type TYPE_, with the role of objects, which goes with every type."""
        name = min(self.users)
        low = str(self._policy.lookup_user(name).mls_range.low) if self.mls else ""
        return SecurityContext(name, OBJECT_ROLE, type_, low)

    @cached_property
    def ranges(self) -> MlsRanges:
        """The ranges of contexts, which say what they are worth to users and constraints."""
        return MlsRanges(self._policy, mls=self.mls)

    def range_fault(self, user: str, role: str, range_: str) -> str:
        """As `MlsRanges.fault`."""
        return self.ranges.fault(user, role, range_)

    @cached_property
    def _table(self) -> RuleTable:
        read = partial(read_rules, self._policy)
        return read() if self._keep is None else self._keep(read)

    @cached_property
    def _states(self) -> Mapping[Condition, bool]:
        """Which conditions' rules are in force."""
        booleans = self.booleans
        return {
            Condition(text, names, block): self._table.holds(text, booleans) is block
            for text, (names, _) in self._table.truths.items()
            for block in (True, False)
        }

    def _in_force(self, condition: Condition | None) -> bool:
        return condition is None or self._states[condition]

    def plain_rules(self, ruletype: TeRuleType) -> Iterator[PlainRule]:
        """Yield the rules of RULETYPE, one with permissions, as `rules` does, as tuples: for who reads them all.

        Conditional ones come first.
        """
        for source, target, tclass, perms, condition in self._table.access[ruletype]:
            yield source, target, tclass, perms, condition, self._in_force(condition)

    def rules(
        self,
        ruletypes: Collection[TeRuleType] = _ACCESS_RULES,
        where: Callable[[str, str, str], bool] | None = None,
        perm: str = "",
    ) -> Iterator[TeRule]:
        """Yield the access rules of RULETYPES for which WHERE(source, target, tclass) holds, kind by kind.

        With PERM only those that name this permission: rules that nobody wants are not even made.

        Names are as in the file: attributes are not expanded, but the compilers write a rule on `self` out
        for each type. The first pass over a distribution's rules takes half a second, each later one some
        hundredths. Transitions are not yielded here, see `transition`.
        """
        for ruletype in TeRuleType:
            if ruletype not in ruletypes:
                continue
            for source, target, tclass, perms, condition in self._table.access.get(ruletype, ()):
                if (perm and perm not in perms) or (where is not None and not where(source, target, tclass)):
                    continue
                in_force = self._in_force(condition)
                yield TeRule(ruletype, source, target, tclass, perms, "", _NO_XPERMS, condition, in_force)
            for source, target, tclass, (of, numbers), condition in self._table.xperms.get(ruletype, ()):
                if not perm and (where is None or where(source, target, tclass)):
                    in_force = self._in_force(condition)
                    yield TeRule(ruletype, source, target, tclass, _NO_PERMS, of, numbers, condition, in_force)

    def type_transitions(self) -> Iterator[TransitionRule]:
        """Yield the type_transition rules; attributes are not expanded."""
        yield from (rule for rule in self.type_rules if rule.ruletype is TeRuleType.TYPE_TRANSITION)

    @cached_property
    def transitions(self) -> Mapping[tuple[str, str, str, str], str]:
        """What type_transition rules give, by (source, target, class, name), where the name may be "".

        Attributes are expanded; conditional rules count at the booleans' values.
        """
        table: dict[tuple[str, str, str, str], str] = {}
        for rule in self.type_transitions():
            if not rule.enabled:
                continue
            for source in self.expand(rule.source):
                for target in self.expand(rule.target):
                    key = (source, target, rule.tclass, rule.name)
                    # The kernel looks at a conditional rule only where there is no other (compute_sid).
                    if rule.condition is None or key not in table:
                        table[key] = rule.default
        return MappingProxyType(table)

    @cached_property
    def process_transitions(self) -> Mapping[tuple[str, str], str]:
        """The domain that comes next by running a program: (domain, type of the program file) to domain."""
        return MappingProxyType(
            {
                (source, target): default
                for (source, target, tclass, _), default in self.transitions.items()
                if tclass == "process"
            }
        )

    def transition(self, source: str, target: str, tclass: str, name: str = "") -> str | None:
        """Return the type that type_transition rules give a new object or process; None when none applies.

        NAME is the last component of the object's path; as in the kernel, a rule with that name comes before
        one without. Conditional rules count at the booleans' stored values.
        """
        source, target = self.aliases.get(source, source), self.aliases.get(target, target)
        if name and (default := self.transitions.get((source, target, tclass, name))) is not None:
            return default
        return self.transitions.get((source, target, tclass, ""))

    def rules_beyond(self, other: CompiledPolicy, ruletype: TeRuleType) -> Iterator[TeRule]:
        """Yield the access rules of one kind that OTHER does not have word for word.

        A rule that OTHER grants through another attribute, or in two parts, is among them.
        """
        xperms = other._table.xperms.get(ruletype, ())
        theirs = {*other._table.access.get(ruletype, ()), *xperms}
        yield from (rule for rule in self.rules((ruletype,)) if _row(rule) not in theirs)

    @property
    def conditions(self) -> Mapping[str, Truth]:
        """Every expression of a `Condition`: its booleans, and the sets of those that are on where it holds."""
        return self._table.truths

    @cached_property
    def type_rules(self) -> tuple[TransitionRule, ...]:
        """The rules that name the type of something new, as they are in the file."""
        return tuple(
            TransitionRule(ruletype, source, target, tclass, name, default, condition, self._in_force(condition))
            for ruletype in TYPE_RULES
            for source, target, tclass, (name, default), condition in self._table.types[ruletype]
        )

    @cached_property
    def constraints(self) -> frozenset[Constraint]:
        """What constraints say of each class and permission; one that names more is told as several."""
        found = set()
        for constraint in self._policy.constraints():
            kind = str(constraint.ruletype)
            perms = [""] if "validatetrans" in kind else [str(perm) for perm in constraint.perms]
            text = " ".join(str(constraint.expression).split())
            names = frozenset(
                str(name) for part in constraint.expression if isinstance(part, frozenset) for name in part
            )
            found |= {Constraint(kind, str(constraint.tclass), perm, text, names) for perm in perms}
        return frozenset(found)

    @cached_property
    def statements(self) -> Mapping[str, Mapping[str, str]]:
        """What a policy says besides rules on types: by kind and by what it is about, the value.

        Kinds are the keywords of the language (`portcon`, `genfscon`, `role_transition`, `default_role`, ...), with
        `sid` for the contexts of initial SIDs and `level` for the level that a user has by default.
        """
        found: dict[str, dict[str, str]] = {}
        for kind, source, target, tclass, role in self._role_rules:
            if kind == "role_transition":
                found.setdefault("role_transition", {})[f"{source} {target}:{tclass}"] = role
        for rule in self._policy.mlsrules():
            for source in self.expand(str(rule.source)):
                for target in self.expand(str(rule.target)):
                    key = f"{source} {target}:{rule.tclass}"
                    found.setdefault("range_transition", {})[key] = _close(rule.default)
        for default in self._policy.defaults():
            words = str(default).rstrip(";").split()
            found.setdefault(words[0], {})[words[1]] = " ".join(words[2:])
        for kind in _LABELS_OF_XEN if str(self._policy.target_platform) == "xen" else _LABELS:
            for statement in getattr(self._policy, f"{kind}s")():
                head, context, rest = str(statement).rstrip(";").partition(str(statement.context))
                keyword, *words = head.split()
                found.setdefault(keyword, {})[" ".join(words)] = _close(context + rest)
        found["sid"] = {name: str(context) for name, context in self.initial_sids.items()}
        found["policycap"] = {str(name): "on" for name in self._policy.polcaps()}
        found["handleunknown"] = {"": self.handle_unknown}
        if self.mls:
            found["level"] = {str(user.name): _close(user.mls_level) for user in self._policy.users()}
        return MappingProxyType(found)


def _close(range_: object) -> str:
    return str(range_).replace(" ", "")


def flow_weights() -> FlowWeights:
    """Return how much a permission of a class lets be read and be written: 1 to 10, 0 for not at all.

    This is the permission map that setools comes with. A permission that is not in it lets nothing flow.
    """
    # Not the map's own way to find itself: it asks pkg_resources, which is deprecated and slow.
    listed = setools.PermissionMap(str(Path(setools.__file__).with_name("perm_map")))
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for tclass in listed.classes():
        for mapping in listed.perms(tclass):
            reads, writes = mapping.direction in "rb", mapping.direction in "wb"
            if mapping.enabled and (reads or writes):
                weight = int(mapping.weight)
                found[str(tclass), str(mapping.perm)] = (weight if reads else 0, weight if writes else 0)
    return MappingProxyType(found)


def _row(rule: TeRule) -> AccessRow | XpermRow:
    if rule.perm:
        return rule.source, rule.target, rule.tclass, (rule.perm, rule.xperms), rule.condition
    return rule.source, rule.target, rule.tclass, rule.perms, rule.condition


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
