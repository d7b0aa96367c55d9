# SPDX-License-Identifier: GPL-2.0-or-later
"""A compiled policy, as setools reads it, in values of our own.

setools has no type information, so this is the only file that imports it and every result is a plain string,
number, tuple or frozen value. `source, target, tclass, perms` mean what they mean in setools and the language.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import setools
from setools.exception import InvalidRange, NoCommon, RuleNotConditional, RuleUseError, TERuleNoFilename

from policytool.errors import InputError
from policytool.model.context import OBJECT_ROLE, SecurityContext
from policytool.policy.terule import Condition, Constraint, TeRule, TeRuleType, TransitionRule

_TYPE_RULES = (TeRuleType.TYPE_TRANSITION, TeRuleType.TYPE_CHANGE, TeRuleType.TYPE_MEMBER)
_ACCESS_RULES = frozenset(TeRuleType) - set(_TYPE_RULES)
# What gives objects of the kernel their labels, as setools calls the statements.
_LABELS = ("fs_use", "genfscon", "ibendportcon", "ibpkeycon", "netifcon", "nodecon", "portcon")
_LABELS_OF_XEN = ("devicetreecon", "iomemcon", "ioportcon", "pcidevicecon", "pirqcon")
_NO_PERMS: frozenset[str] = frozenset()
_PERMISSION_RULES = frozenset(
    {TeRuleType.ALLOW, TeRuleType.AUDITALLOW, TeRuleType.DONTAUDIT, TeRuleType.NEVERALLOW}
)
_XPERM_RULES = frozenset(
    {
        TeRuleType.ALLOWXPERM,
        TeRuleType.AUDITALLOWXPERM,
        TeRuleType.DONTAUDITXPERM,
        TeRuleType.NEVERALLOWXPERM,
    }
)

# How much a permission of a class lets be read and be written.
FlowWeights = Mapping[tuple[str, str], tuple[int, int]]

# Source, target, class, permissions and condition of a rule, and whether it is in force.
PlainRule = tuple[str, str, str, frozenset[str], Condition | None, bool]

# What stands for the condition of a rule without one: none, and in force.
_ALWAYS: tuple[Condition | None, bool] = (None, True)

# Source, target, class and permissions of a rule. Last its condition and whether it is in force, None for no
# condition; for a rule without permissions setools' own object.
_Rule = tuple[str, str, str, frozenset[str], Any]


class CompiledPolicy:
    """A binary policy file. Tables and rules are read when first asked for, and kept.

    Conditional rules are in force as the booleans stored in the file say, and those of BOOLEANS as stated there.
    Raise InputError when PATH is not a binary policy that the installed setools can read, or has no such boolean.
    """

    def __init__(self, path: Path | str, booleans: Mapping[str, bool] | None = None) -> None:
        self.path = Path(path)
        self._stated = dict(booleans or {})
        try:
            self._stamp = _stamp(self.path)
            self._policy = setools.SELinuxPolicy(str(self.path))
            self._worded: dict[TeRuleType, Sequence[tuple[object, ...]]] = {}
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

    def range_fault(self, user: str, role: str, range_: str) -> str:
        """Say in a few words why a context of USER may not have RANGE; "" when it may.

        As libsepol has it: the range must exist, and unless the role is `object_r` the user's own range must
        contain it.
        """
        if not self.mls:
            return f"range {range_} in a policy without MLS" if range_ else ""
        if not range_:
            return "no range"
        try:
            asked = self._policy.lookup_range(range_)
        except InvalidRange:
            return f"range {range_} is not valid"
        if role == OBJECT_ROLE:
            return ""
        own = self._policy.lookup_user(user).mls_range
        if own.low <= asked.low and asked.high <= own.high:
            return ""
        return f"user {user} may not have range {range_}"

    @cached_property
    def _rules(self) -> Mapping[TeRuleType, Sequence[_Rule]]:
        """Every rule by its kind. It takes setools half a second to make them, and several passes follow.

        One of its own objects is half a kilobyte, so it is kept only where the fields do not say all.
        """
        found: dict[TeRuleType, list[_Rule]] = {ruletype: [] for ruletype in TeRuleType}
        # By identity: the members of an enum are slow to look up.
        kinds = {id(setools.TERuletype[ruletype.value]): rules for ruletype, rules in found.items()}
        with_perms = {id(setools.TERuletype[ruletype.value]) for ruletype in _PERMISSION_RULES}
        perm_sets: dict[frozenset[str], frozenset[str]] = {}
        # All of it stays: the collector would look at it again and again, and free nothing.
        collects = gc.isenabled()
        gc.disable()
        try:
            # To ask each rule for its condition takes as long as to make it, and most have none.
            conditional = Counter[tuple[Any, ...]]()
            for rule, condition in self._conditional_rules():
                kind = id(rule.ruletype)
                if kind in with_perms:
                    perms = perm_sets.setdefault(rule.perms, rule.perms)
                    row = (rule.source.name, rule.target.name, rule.tclass.name, perms)
                    conditional[kind, *row] += 1
                    kinds[kind].append((*row, condition))
            for rule in self._policy.terules():
                kind = id(rule.ruletype)
                if kind in with_perms:
                    perms = perm_sets.setdefault(rule.perms, rule.perms)
                    row = (rule.source.name, rule.target.name, rule.tclass.name, perms)
                    # One that says the same as a conditional rule is that one, or as good as it.
                    if conditional and conditional.get((kind, *row)):
                        conditional[kind, *row] -= 1
                    else:
                        kinds[kind].append((*row, None))
                elif kind in kinds:
                    kinds[kind].append((rule.source.name, rule.target.name, rule.tclass.name, _NO_PERMS, rule))
        finally:
            if collects:
                gc.enable()
        return found

    def _conditional_rules(self) -> Iterator[tuple[Any, tuple[Condition, bool]]]:
        """Yield every rule under a condition, with it and whether it is in force."""
        for conditional in self._policy.conditionals():
            holds = bool(conditional.evaluate(**self._stated))
            for block, rules in ((True, conditional.true_rules()), (False, conditional.false_rules())):
                condition = _condition_of(conditional, block), holds is block
                for rule in rules:
                    yield rule, condition

    def plain_rules(self, ruletype: TeRuleType) -> Iterator[PlainRule]:
        """Yield the rules of RULETYPE, one with permissions, as `rules` does, as tuples: for who reads them all."""
        for source, target, tclass, perms, whole in self._rules[ruletype]:
            yield source, target, tclass, perms, *(_ALWAYS if whole is None else whole)

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
            if ruletype in _TYPE_RULES or ruletype not in ruletypes:
                continue
            for source, target, tclass, perms, whole in self._rules[ruletype]:
                if (perm and perm not in perms) or (where is not None and not where(source, target, tclass)):
                    continue
                of_xperms, xperms = _xperms(ruletype, whole)
                condition, enabled = self._in_force(whole)
                yield TeRule(ruletype, source, target, tclass, perms, of_xperms, xperms, condition, enabled)

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
        theirs = frozenset(other._words(ruletype))
        for words, (source, target, tclass, perms, rule) in zip(
            self._words(ruletype), self._rules[ruletype], strict=True
        ):
            if words in theirs:
                continue
            of_xperms, xperms = _xperms(ruletype, rule)
            condition, enabled = self._in_force(rule)
            yield TeRule(ruletype, source, target, tclass, perms, of_xperms, xperms, condition, enabled)

    def _in_force(self, whole: Any) -> tuple[Condition | None, bool]:
        """Return the condition that the last part of a _Rule tells, and whether the rule is in force."""
        if whole is None:
            return _ALWAYS
        return whole if isinstance(whole, tuple) else _condition(whole, self._stated)

    def _words(self, ruletype: TeRuleType) -> Sequence[tuple[object, ...]]:
        """Return each rule of one kind as its words, in their order."""
        if ruletype not in self._worded:
            self._worded[ruletype] = tuple(map(_worded, self._rules[ruletype]))
        return self._worded[ruletype]

    @cached_property
    def conditions(self) -> Mapping[str, tuple[frozenset[str], frozenset[frozenset[str]]]]:
        """Every expression of a `Condition`: its booleans, and the sets of those that are on where it holds."""
        found = {}
        for conditional in self._policy.conditionals():
            states = frozenset(
                frozenset(name for name, on in row.values.items() if on)
                for row in conditional.truth_table()
                if row.result
            )
            booleans = frozenset(str(boolean.name) for boolean in conditional.booleans)
            found[_expression(conditional)] = (booleans, states)
        return MappingProxyType(found)

    @cached_property
    def type_rules(self) -> tuple[TransitionRule, ...]:
        """The rules that name the type of something new, as they are in the file."""
        found = []
        for ruletype in _TYPE_RULES:
            for source, target, tclass, _, rule in self._rules[ruletype]:
                name = ""
                with suppress(TERuleNoFilename, RuleUseError):
                    name = str(rule.filename)
                default = str(rule.default.name)
                found.append(
                    TransitionRule(ruletype, source, target, tclass, name, default, *_condition(rule, self._stated))
                )
        return tuple(found)

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


class _Conditional(Protocol):
    """What setools' rules have where they stand under booleans; where not, asking raises RuleNotConditional."""

    @property
    def conditional(self) -> object: ...

    @property
    def conditional_block(self) -> object: ...

    def enabled(self, **stated: bool) -> object: ...


def _condition(rule: _Conditional, stated: Mapping[str, bool]) -> tuple[Condition | None, bool]:
    """Return the condition of a setools rule, if any, and whether the rule is in force with STATED booleans."""
    try:
        conditional = rule.conditional
    except RuleNotConditional:
        return None, True
    block = bool(rule.conditional_block)
    return _condition_of(conditional, block), bool(rule.enabled(**stated))


def _condition_of(conditional: Any, block: bool) -> Condition:
    return Condition(
        expression=_expression(conditional),
        booleans=frozenset(str(boolean.name) for boolean in conditional.booleans),
        block=block,
    )


def _expression(conditional: object) -> str:
    return str(conditional).removeprefix("[ ").removesuffix(" ]")


def _worded(rule: _Rule) -> tuple[object, ...]:
    whole = rule[4]
    if whole is None:
        return rule
    if isinstance(whole, tuple):
        return (*rule[:4], (whole[0].expression, whole[0].block), None)
    condition = None
    with suppress(RuleNotConditional):
        condition = (_expression(whole.conditional), bool(whole.conditional_block))
    return (*rule[:4], condition, frozenset(map(int, whole.perms)))


def _xperms(ruletype: TeRuleType, rule: Any) -> tuple[str, frozenset[int]]:
    if ruletype not in _XPERM_RULES:
        return "", frozenset()
    kind = "nlmsg" if str(rule.xperm_type) == "nlmsg" else "ioctl"
    return kind, frozenset(int(number) for number in rule.perms)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
