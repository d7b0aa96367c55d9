# SPDX-License-Identifier: GPL-2.0-or-later
"""The statements that may stand for the rules of a module: raw rules, and every call of a macro that covers some.

Nothing dangerous is ever bought as excess, nor what triage decided against, nor what neverallow rules forbid: a
call that brings such an access is no option. Neither is one that brings a transition the module does not make, or
gives an attribute that constraints name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import inf

from policytool.generate.cover import Item, Option, cost_of
from policytool.model.access import AccessKey
from policytool.model.module import PolicyModule
from policytool.policy.allowed_perms import AllowedPerms
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.macros import End, Expansion, Macro, MacroTable, MacroTransition, Place
from policytool.policy.signatures import MacroKind, Parameter
from policytool.surface.danger import DANGERS, On, places

# A name that m4 leaves alone, if no word in it is a macro.
_PLAIN_NAME = re.compile(r"[\w.+:@-]+")
_WORD = re.compile(r"[A-Za-z_]\w*")
# m4's own words that need no parenthesis to be taken for macros.
_M4_WORDS = frozenset({"dnl", "divnum", "shift", "sysval", "divert", "undivert", "popdef", "unix", "linux"})

# A call that grants more than this is not looked at, whatever the price.
MOST = 20_000

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """A call as it is written; `types` are the arguments that are types."""

    macro: str
    kind: MacroKind
    arguments: tuple[str, ...]
    types: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.macro}({', '.join(self.arguments)})"

    @property
    def plain(self) -> tuple[str, ...]:
        """The arguments without quotes."""
        return tuple(argument.strip('"') for argument in self.arguments)

    def by(self, domain: str, other: str) -> Written:
        """Return the same call with DOMAIN where this one has OTHER."""
        arguments, types = (
            tuple(domain if name == other else name for name in names) for names in (self.arguments, self.types)
        )
        return Written(self.macro, self.kind, arguments, types)


@dataclass(frozen=True, slots=True)
class Alternative:
    """An interface that grants all of a rule and EXCESS more; `why_not` says why it is never called."""

    interface: str
    excess: int
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be written for ROWS: `raw` by rule or transition, `calls` by their text.

    `alternatives` has for each raw statement the interface that comes nearest to granting it and nothing else.
    """

    rows: frozenset[Item]
    raw: tuple[Option, ...]
    calls: tuple[Option, ...]
    written: Mapping[str, Written]
    alternatives: Mapping[str, Alternative]


@dataclass(frozen=True)
class Limits:
    """What is known of accesses beyond the rows of a module, under the skeletons of all daemons.

    `allowed` says what the base grants. `observed` are accesses that are no excess either: seen, and allowed by
    whatever module. `forbidden` are never granted.
    """

    policy: CompiledPolicy
    allowed: AllowedPerms
    observed: frozenset[AccessKey]
    forbidden: frozenset[AccessKey]
    _places: dict[str, Mapping[On, frozenset[str]]] = field(default_factory=dict)
    _known: dict[Place, frozenset[str]] = field(default_factory=dict)

    def known(self, place: Place) -> frozenset[str]:
        """Return the permissions that are no excess at PLACE."""
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self.allowed.perms(*place) | self._observed.get(place, _NOTHING)
        return found

    @cached_property
    def _observed(self) -> Mapping[Place, Set[str]]:
        found: dict[Place, set[str]] = {}
        for source, target, tclass, perm in self.observed:
            found.setdefault((source, target, tclass), set()).add(perm)
        return found

    def objection(self, excess: frozenset[AccessKey]) -> str:
        """Say why one of EXCESS must not be granted unseen, "" where nothing speaks against them."""
        found: list[tuple[AccessKey, str]] = [
            (access, "was decided against") for access in self.forbidden.intersection(excess)
        ]
        found += ((access, "is dangerous") for access in excess if self._is_dangerous(access))
        if not found:
            return ""
        access, why = min(found)
        return f"grants {_shown(access)}, which {why}"

    def _is_dangerous(self, access: AccessKey) -> bool:
        rules = _DANGERS.get((access[2], access[3]))
        return rules is not None and any(access[1] in self._dangerous(access[0])[rule] for rule in rules)

    def _dangerous(self, source: str) -> Mapping[On, frozenset[str]]:
        if source not in self._places:
            self._places[source] = places(self.policy, source)
        return self._places[source]


def _shown(access: AccessKey) -> str:
    source, target, tclass, perm = access
    return f"{source} {target}:{tclass} {perm}"


_DANGERS: dict[tuple[str, str], set[On]] = {}
for _rule in DANGERS:
    for _place in product(_rule.classes, _rule.perms):
        _DANGERS.setdefault(_place, set()).add(_rule.on)


def rows_of(module: PolicyModule) -> frozenset[Item]:
    """Return what the rules and transitions of MODULE are about, without those of optional blocks."""
    accesses = {(*rule.sort_key, perm) for rule in module.rules for perm in rule.perms}
    return frozenset(accesses | {transition.row for transition in module.transitions})


def options_of(
    module: PolicyModule, table: MacroTable, expansion: Expansion, limits: Limits, price: float | None
) -> Options:
    """Return the statements that may stand for the rules and transitions of MODULE at PRICE; None: no excess."""
    return _Maker(module, table, expansion, limits, price).options()


def bring_nothing(
    module: PolicyModule, calls: Iterable[Written], table: MacroTable, expansion: Expansion, limits: Limits
) -> frozenset[Written]:
    """Return those of CALLS that grant nothing beyond MODULE's rules and what is no excess."""
    macros = {macro.name: macro for macro in table.macros}
    maker = _Maker(module, table, expansion, limits, None)
    return frozenset(call for call in calls if not any(maker.beyond(macros[call.macro], call.plain)))


class _Maker:
    def __init__(
        self, module: PolicyModule, table: MacroTable, expansion: Expansion, limits: Limits, price: float | None
    ) -> None:
        self._module = module
        self._table = table
        self._expansion = expansion
        self._limits = limits
        self._price = price
        self._rows = rows_of(module)
        self._transitions = frozenset(transition.row for transition in module.transitions)
        self._pairs: dict[str, set[tuple[str, str]]] = {}
        self._perms: dict[tuple[str, str, str], frozenset[str]] = {}
        for rule in module.rules:
            self._pairs.setdefault(rule.tclass, set()).add((rule.source, rule.target))
            self._perms[rule.sort_key] = frozenset(rule.perms)
        # What has to be required whatever is chosen.
        self._free = module.declared | {attribute.type_ for attribute in module.attributes}
        self._free |= {name for rule in module.dontaudit_rules for name in (rule.source, rule.target)}
        self._free |= {module.domain}
        self._alternatives: dict[str, Alternative] = {}
        self._names: dict[Item, str] = {}
        self._whole: dict[str, frozenset[Item]] = {}
        # An allowxperm stands beside its allow.
        self._known: dict[Place, frozenset[str]] = {}
        self._narrowed = frozenset((*rule.sort_key[:3], rule.perm) for rule in module.xperm_rules)

    def options(self) -> Options:
        raw = tuple(self._raw())
        most = 0.0 if self._price is None else cost_of(raw, self._price) / self._price
        calls: dict[str, Option] = {}
        written: dict[str, Written] = {}
        # Those that grant little first: then what grants much is soon seen to be no better.
        for macro in self._expansion.smallest_first:
            if macro.constrained:
                continue
            for arguments in self._arguments(macro):
                types = tuple(
                    argument
                    for argument, kind in zip(arguments, macro.parameters, strict=False)
                    if kind is Parameter.TYPE
                )
                call = Written(macro.name, macro.kind, arguments, types)
                option = self._option(macro, call, most)
                if option:
                    calls[option.name] = option
                    written[option.name] = call
        # Of equals the first is chosen: that of the first macro in the headers.
        place = {macro.name: place for place, macro in enumerate(self._table.macros)}
        ordered = sorted(calls, key=lambda name: place[written[name].macro])
        return Options(self._rows, raw, tuple(calls[name] for name in ordered), written, self._alternatives)

    def _raw(self) -> Iterator[Option]:
        for rule in self._module.rules:
            covers = frozenset((*rule.sort_key, perm) for perm in rule.perms)
            option = Option(
                f"allow {rule.source} {rule.target}:{rule.tclass}", covers, self._needs(rule.sort_key[:2])
            )
            self._names.update(dict.fromkeys(covers, option.name))
            self._whole[option.name] = covers
            yield option
        for row in sorted(self._transitions):
            option = Option(f"type_transition {' '.join(row)}", frozenset((row,)), self._needs((*row[:2], row[3])))
            self._names[row] = option.name
            self._whole[option.name] = option.covers
            yield option

    def _needs(self, names: Iterable[str]) -> frozenset[Item]:
        return frozenset(("type", name) for name in names if name not in self._free)

    def _arguments(self, macro: Macro) -> Iterator[tuple[str, ...]]:
        """Yield what MACRO may be called with: types in rows, and the classes and names of transitions."""
        if macro.transitions:
            for transition in sorted(self._transitions):
                if bound := self._bound(macro.transitions[0], transition, macro.parameters):
                    yield from self._filled(macro, bound)
            return
        if macro.parameters.count(Parameter.TYPE) != len(macro.parameters):
            return
        if len(macro.parameters) == 1:
            ends = self._expansion.ends(macro)
            yield from ((source,) for source in self._sources if not ends.isdisjoint(self._ends[source]))
            return
        for source in self._sources:
            yield from self._filled(macro, {0: source})

    @cached_property
    def _ends(self) -> Mapping[str, Set[End]]:
        """For each source, what the rules of a macro may have at their other end if they grant a row of it."""
        found: dict[str, set[End]] = {source: set() for source in self._sources}
        for source, target, tclass in self._perms:
            found[source].update((tclass, name, True) for name in self._expansion.names(target))
            if target == source:
                found[source].add((tclass, "$1", True))
            if target in found:
                found[target].update((tclass, name, False) for name in self._expansion.names(source))
        return found

    @cached_property
    def _sources(self) -> tuple[str, ...]:
        return tuple(sorted({rule.source for rule in self._module.rules} | {self._module.domain}))

    def _bound(self, of: MacroTransition, row: Item, parameters: tuple[Parameter, ...]) -> dict[int, str] | None:
        """Return which parameters make a transition OF a macro that in ROW, None if none do."""
        bound: dict[int, str] = {}
        for name, value in zip((of.source, of.target, of.tclass, of.default, of.name), row, strict=True):
            if not name.startswith("$"):
                if name != value:
                    return None
            elif bound.setdefault(int(name[1:]) - 1, value) != value:
                return None
        for place, value in bound.items():
            if parameters[place] is Parameter.FILE_NAME and value:
                words = _WORD.findall(value)
                if not _PLAIN_NAME.fullmatch(value) or any(word in self._macro_names for word in words):
                    return None
        return bound

    @cached_property
    def _macro_names(self) -> frozenset[str]:
        return _M4_WORDS | {macro.name for macro in self._table.macros}

    def _filled(self, macro: Macro, bound: dict[int, str]) -> Iterator[tuple[str, ...]]:
        """Yield the arguments with BOUND ones, the other types being those that have rows for what is granted."""
        choices: list[Collection[str]] = []
        for place, kind in enumerate(macro.parameters):
            if place in bound:
                value = bound[place]
                if kind is Parameter.FILE_NAME:
                    if value:
                        choices.append((f'"{value}"',))
                    continue
                choices.append((value,))
            elif kind is Parameter.TYPE and 0 in bound:
                types = self._granted_to(macro, bound[0], f"${place + 1}")
                # An interface whose name speaks of one thing says nothing true of another module's types.
                own = macro.kind is MacroKind.PATTERN
                choices.append([type_ for type_ in types if own or type_ in self._module.declared])
            else:
                return
        if sum(len(choice) > 1 for choice in choices) < 2:
            yield from product(*choices)
            return
        # Folder and file of one type, or of two where a pattern brings nothing beside what was seen.
        alike = frozenset.intersection(*map(frozenset, choices[1:]))
        within = [
            [value for value in choice if value in alike or self._within(macro, place, (bound[0], value))]
            for place, choice in enumerate(choices)
        ]
        for arguments in product(*within):
            if len(set(arguments[1:])) == 1 or not any(self.beyond(macro, arguments)):
                yield arguments

    def _within(self, macro: Macro, place: int, ends: tuple[str, str]) -> bool:
        """Say whether MACRO's rules from its first parameter to the one at PLACE bring no excess at ENDS."""
        return place == 0 or all(
            self._no_excess((*ends, rule.tclass)).issuperset(rule.perms)
            for rule in macro.rules
            if rule.source == "$1" and rule.target == f"${place + 1}"
        )

    def _granted_to(self, macro: Macro, source: str, parameter: str) -> Collection[str]:
        """Return the types on which SOURCE has a row that MACRO grants on its PARAMETER."""
        found = set()
        for rule in macro.rules:
            if rule.source == "$1" and rule.target == parameter:
                for of, target in self._pairs.get(rule.tclass, ()):
                    if of == source and self._perms[of, target, rule.tclass] & set(rule.perms):
                        found.add(target)
        return sorted(found)

    def beyond(self, macro: Macro, arguments: tuple[str, ...]) -> Iterator[tuple[Place, frozenset[str]]]:
        """Yield where a call grants permissions beyond rows and what is no excess; a place may come twice."""
        for place, rule in self._expansion.granted(macro, arguments):
            no_excess = self._no_excess(place)
            if not no_excess.issuperset(rule.perms):
                yield place, frozenset(rule.perms) - no_excess

    def _no_excess(self, place: Place) -> frozenset[str]:
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self._limits.known(place) | self._perms.get(place, _NOTHING)
        return found

    def _covered(self, macro: Macro, arguments: tuple[str, ...]) -> frozenset[Item]:
        """Return the accesses of rules that a call grants whatever the booleans."""
        found: set[Item] = set()
        for rule, source, target in self._expansion.rules(macro, arguments):
            pairs = self._pairs.get(rule.tclass)
            if not pairs or rule.conditional:
                continue
            sources, targets = self._expansion.types(source), self._expansion.types(target)
            if len(sources) == len(targets) == 1:
                pairs = pairs & {(*sources, *targets)}
            for of, to in pairs:
                if of in sources and to in targets:
                    wanted = self._perms[of, to, rule.tclass]
                    found.update((of, to, rule.tclass, perm) for perm in rule.perms if perm in wanted)
        return frozenset(found)

    def _option(self, macro: Macro, call: Written, most: float) -> Option | None:
        """Return the CALL of MACRO as an option, None if it is none; it brings less excess than MOST, or none."""
        plain = call.plain
        accesses = self._covered(macro, plain)
        if not (accesses or macro.transitions) or self._expansion.size(macro, plain) > MOST:
            return None
        transitions = self._expansion.transitions(macro, plain)
        covers = (accesses | (self._rows & transitions)) - self._narrowed
        if not covers or not all(self._makes(transition) for transition in transitions):
            return None
        names = {self._names[row] for row in covers}
        whole = [name for name in names if self._whole[name] <= accesses and macro.kind is MacroKind.INTERFACE]
        # More than that is neither an option nor a better alternative.
        enough = max(most, *(self._nearest(name) for name in whole), 0)
        beyond: dict[Place, frozenset[str]] = {}
        count = 0
        for at, perms in self.beyond(macro, plain):
            there = beyond.get(at, _NOTHING)
            beyond[at] = perms | there
            count += len(perms - there)
            if count > enough:
                return None
        excess = frozenset((*at, perm) for at, perms in beyond.items() for perm in perms)
        objection = self._limits.objection(excess)
        found = Alternative(macro.name, len(excess), objection)
        for name in whole:
            if (known := self._alternatives.get(name)) is None or _rank(found) < _rank(known):
                self._alternatives[name] = found
        if objection or (excess and len(excess) >= most):
            return None
        if macro.kind is MacroKind.PATTERN and len(names) < 2:
            return None
        return Option(str(call), covers, self._needs(call.types), excess)

    def _nearest(self, name: str) -> float:
        """Return the excess of the best interface known for the raw statement NAME, if it may be called."""
        known = self._alternatives.get(name)
        return known.excess if known and not known.why_not else inf

    def _makes(self, transition: Item) -> bool:
        source, target, tclass, default, name = transition
        if transition in self._transitions:
            return True
        return self._limits.policy.transition(source, target, tclass, name) == default


def _rank(found: Alternative) -> tuple[bool, int, str]:
    return bool(found.why_not), found.excess, found.interface
