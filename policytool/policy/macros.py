# SPDX-License-Identifier: GPL-2.0-or-later
"""What refpolicy's macros grant, as the real compiler has it, and what a call grants to given types.

Every macro was called once, for types that nothing else has, and linked with the base. So what those types have in
the compiled policy is what the call grants: by rules of its own, in which `$1` stands for the first parameter, and
by the attributes that it gives, whose rules are kept once for all macros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.signatures import MacroKind, Parameter
from policytool.policy.terule import TeRuleType

# What is passed for a parameter that is a class, or a file's name: no macro of refpolicy has them by itself.
PROBE_CLASS = "sem"
PROBE_FILE_NAME = "policytool_name"


@dataclass(frozen=True, slots=True, order=True)
class MacroRule:
    """An allow rule of a macro; a name that begins with `$` is a parameter. `conditional`: a boolean decides."""

    source: str
    target: str
    tclass: str
    perms: tuple[str, ...]
    conditional: bool = False


@dataclass(frozen=True, slots=True, order=True)
class MacroTransition:
    """A type_transition of a macro, names and parameters as in rules; `name` is "" where it has none."""

    source: str
    target: str
    tclass: str
    default: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro that can be called for given types.

    `attributes` are those that each parameter gets. `constrained` says that constraints name one of the types: such
    a call changes more than rules.
    """

    name: str
    kind: MacroKind
    parameters: tuple[Parameter, ...]
    rules: tuple[MacroRule, ...] = ()
    transitions: tuple[MacroTransition, ...] = ()
    attributes: tuple[tuple[str, ...], ...] = ()
    constrained: bool = False


@dataclass(frozen=True, slots=True)
class MacroTable:
    """All macros of some headers over a base.

    `as_source` and `as_target` have the rules of the attributes that macros give: `$1` is whoever has the
    attribute. `members` are the types of the attributes that rules name. `left_out` counts macros that are not
    here, by reason.
    """

    macros: tuple[Macro, ...]
    as_source: Mapping[str, tuple[MacroRule, ...]] = field(default_factory=dict)
    as_target: Mapping[str, tuple[MacroRule, ...]] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_macros(
    policy: CompiledPolicy, called: Sequence[tuple[str, MacroKind, tuple[Parameter, ...], tuple[str, ...]]]
) -> MacroTable:
    """Read from POLICY what each macro CALLED grants: (name, kind, parameters, type of each type parameter)."""
    probes = {type_: (place, f"${_position(called[place][2], number)}")
              for place, (_, _, _, types) in enumerate(called) for number, type_ in enumerate(types)}  # fmt: skip
    given = {name for type_ in probes for name in policy.attributes_of(type_)}
    rules: dict[int, set[MacroRule]] = {}
    as_source: dict[str, set[MacroRule]] = {}
    as_target: dict[str, set[MacroRule]] = {}
    named: set[str] = set()
    for rule in policy.rules({TeRuleType.ALLOW}):
        source, target = probes.get(rule.source), probes.get(rule.target)
        if source is None and target is None and rule.source not in given and rule.target not in given:
            continue
        perms, conditional = tuple(sorted(rule.perms)), rule.condition is not None
        if source or target:
            place, _ = source or target or (0, "")
            ends = (source[1] if source else rule.source, target[1] if target else rule.target)
            rules.setdefault(place, set()).add(MacroRule(*ends, rule.tclass, perms, conditional))
            named.update(ends)
            continue
        named.update((rule.source, rule.target))
        if rule.source in given:
            kept = MacroRule("$1", rule.target, rule.tclass, perms, conditional)
            as_source.setdefault(rule.source, set()).add(kept)
        if rule.target in given:
            kept = MacroRule(rule.source, "$1", rule.tclass, perms, conditional)
            as_target.setdefault(rule.target, set()).add(kept)
    transitions = _transitions(policy, probes, called)
    macros = tuple(
        Macro(
            name,
            kind,
            parameters,
            tuple(sorted(rules.get(place, ()))),
            tuple(sorted(transitions.get(place, ()))),
            tuple(tuple(sorted(policy.attributes_of(type_))) for type_ in types),
            any(policy.constrained.get(type_) for type_ in types),
        )
        for place, (name, kind, parameters, types) in enumerate(called)
    )
    members = {
        name: tuple(sorted(policy.attributes[name] - set(probes)))
        for name in sorted(named & set(policy.attributes))
    }
    return MacroTable(macros, _sorted(as_source), _sorted(as_target), members)


def _sorted(rules: Mapping[str, set[MacroRule]]) -> Mapping[str, tuple[MacroRule, ...]]:
    return {name: tuple(sorted(found)) for name, found in sorted(rules.items())}


def _position(parameters: Sequence[Parameter], number: int) -> int:
    """Return the place, from 1, of type parameter NUMBER, from 0."""
    return [place for place, kind in enumerate(parameters, 1) if kind is Parameter.TYPE][number]


def _transitions(
    policy: CompiledPolicy,
    probes: Mapping[str, tuple[int, str]],
    called: Sequence[tuple[str, MacroKind, tuple[Parameter, ...], tuple[str, ...]]],
) -> Mapping[int, set[MacroTransition]]:
    found: dict[int, set[MacroTransition]] = {}
    for (source, target, tclass, name), default in policy.transitions.items():
        ends = [probes.get(type_) for type_ in (source, target, default)]
        place = next((end[0] for end in ends if end), None)
        if place is None:
            continue
        parameters = called[place][2]
        source, target, default = (
            end[1] if end else type_ for end, type_ in zip(ends, (source, target, default), strict=True)
        )
        if tclass == PROBE_CLASS and Parameter.CLASS in parameters:
            tclass = f"${parameters.index(Parameter.CLASS) + 1}"
        if name == PROBE_FILE_NAME:
            name = f"${parameters.index(Parameter.FILE_NAME) + 1}"
        found.setdefault(place, set()).add(MacroTransition(source, target, tclass, default, name))
    return found


# From whom to what, and the class.
Place = tuple[str, str, str]

# A class, a type or an attribute, and whether that is the target.
End = tuple[str, str, bool]


class Expansion:
    """Expands calls of the macros of a table, for the types of a policy."""

    def __init__(self, table: MacroTable, policy: CompiledPolicy, held: Callable[[str], frozenset[str]]) -> None:
        """HELD returns the attributes that a type has without any call."""
        self._table = table
        self._policy = policy
        self._held = held
        self._known: dict[str, frozenset[str]] = {}
        self._ends: dict[str, frozenset[End]] = {}

    def of(self, table: MacroTable) -> Expansion:
        """Return the same for another TABLE."""
        return Expansion(table, self._policy, self._held)

    def types(self, name: str) -> frozenset[str]:
        """Return the types that NAME, a type or an attribute, stands for."""
        found = self._known.get(name)
        if found is None:
            found = self._policy.expand(name) | frozenset(self._table.members.get(name, ()))
            found = self._known[name] = found or frozenset((name,))
        return found

    def rules(self, macro: Macro, arguments: Sequence[str]) -> Iterator[tuple[MacroRule, str, str]]:
        """Yield each rule that a call gives, with its source and target; attributes that are held give none."""
        for rule in macro.rules:
            yield rule, _filled(rule.source, arguments), _filled(rule.target, arguments)
        places = [place for place, kind in enumerate(macro.parameters) if kind is Parameter.TYPE]
        for place, attributes in zip(places, macro.attributes, strict=True):
            argument = arguments[place]
            for attribute in attributes:
                if attribute in self._held(argument):
                    continue
                for rule in self._table.as_source.get(attribute, ()):
                    yield rule, argument, rule.target
                for rule in self._table.as_target.get(attribute, ()):
                    yield rule, rule.source, argument

    def size(self, macro: Macro, arguments: Sequence[str]) -> int:
        """Return how many accesses a call grants at most."""
        return sum(
            len(rule.perms) * len(self.types(source)) * len(self.types(target))
            for rule, source, target in self.rules(macro, arguments)
        )

    def granted(self, macro: Macro, arguments: Sequence[str]) -> Iterator[tuple[Place, MacroRule]]:
        """Yield each place where a call of MACRO with ARGUMENTS grants something, with the rule that does."""
        for rule, source, target in self.rules(macro, arguments):
            for of in self.types(source):
                for to in self.types(target):
                    yield (of, to, rule.tclass), rule

    def transitions(self, macro: Macro, arguments: Sequence[str]) -> frozenset[tuple[str, str, str, str, str]]:
        """Return the transitions that a call gives: source, target, class, default, name."""
        return frozenset(
            (
                _filled(transition.source, arguments),
                _filled(transition.target, arguments),
                _filled(transition.tclass, arguments),
                _filled(transition.default, arguments),
                _filled(transition.name, arguments),
            )
            for transition in macro.transitions
        )

    def ends(self, macro: Macro) -> frozenset[End]:
        """Return what the rules of MACRO have at their other end, names as in the rules; it takes one type."""
        found = self._ends.get(macro.name)
        if found is None:
            rules = [*macro.rules]
            for attribute in (name for names in macro.attributes for name in names):
                rules += [*self._table.as_source.get(attribute, ()), *self._table.as_target.get(attribute, ())]
            found = frozenset(
                (rule.tclass, rule.target, True) if rule.source == "$1" else (rule.tclass, rule.source, False)
                for rule in rules
            )
            self._ends[macro.name] = found
        return found

    @cached_property
    def smallest_first(self) -> tuple[Macro, ...]:
        """All macros, those that grant the least to one type first."""
        count = {
            macro.name: sum(len(self.types(name)) for _, name, _ in self.ends(macro))
            for macro in self._table.macros
        }
        return tuple(sorted(self._table.macros, key=lambda macro: count[macro.name]))

    def names(self, type_: str) -> frozenset[str]:
        """Return the names by which rules of macros mean TYPE_: its own, and attributes."""
        return self._names.get(type_, frozenset()) | {type_}

    @cached_property
    def _names(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        rules = [rule for macro in self._table.macros for rule in macro.rules]
        for kept in (self._table.as_source, self._table.as_target):
            rules += [rule for of in kept.values() for rule in of]
        for name in {name for rule in rules for name in (rule.source, rule.target)}:
            for type_ in self.types(name):
                found.setdefault(type_, set()).add(name)
        return {type_: frozenset(names) for type_, names in found.items()}


def _filled(name: str, arguments: Sequence[str]) -> str:
    if not name.startswith("$"):
        return name
    place = int(name[1:]) - 1
    # A file's name may be left away.
    return arguments[place] if place < len(arguments) else ""
