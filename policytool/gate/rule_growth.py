# SPDX-License-Identifier: GPL-2.0-or-later
"""What allow rules grant that they did not, at whatever values booleans have.

Rules are compared as they are written first; only what differs is expanded. So a rule that says the same through
another attribute, or in two parts, is no growth, and the millions of triples of unconfined domains are never made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from policytool.gate.growth import Growth, Pair
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import Condition, TeRule, TeRuleType
from policytool.surface.grants import Universe

_ALLOW = (TeRuleType.ALLOW,)

# So many booleans are tried at all their values; where rules depend on more, growth is assumed.
_MAX_BOOLEANS = 10
_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Piece:
    """Sources and targets for which a rule may be new.

    SWITCHED: only since these booleans have other defaults. JOINED: only since a type joined this attribute.
    """

    rule: TeRule
    sources: frozenset[str]
    targets: frozenset[str]
    switched: frozenset[str] = frozenset()
    joined: str = ""


@dataclass(slots=True)
class _Held:
    """The targets of one name's rules for one permission: always, at stored values, and under conditions."""

    always: int = 0
    stored: int = 0
    under: list[tuple[Condition, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Gain:
    """What one piece of a rule really grants."""

    perms: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    targets: int = 0
    count: int = 0


def rule_growth(pair: Pair) -> Iterator[Growth]:
    """Yield what AFTER's allow rules let types do that BEFORE's did not; a new domain is told as one."""
    yield from _new_domains(pair)
    yield from _switched_on(pair)
    yield from gained(pair, TeRuleType.ALLOW, "is allowed now")


def gained(pair: Pair, ruletype: TeRuleType, said: str) -> Iterator[Growth]:
    """Yield what rules of RULETYPE, which name permissions, say in AFTER of types that BEFORE has, and not there.

    Each is SAID of the rule. The id is that for an allow rule.
    """
    pieces = [piece for piece in _pieces(pair, ruletype) if piece.sources and piece.targets]
    held = _Before(pair, pieces, ruletype)
    for piece in pieces:
        for id_, gain in held.gains(piece):
            yield _told(id_, piece, gain, held.universe, said)


def _pieces(pair: Pair, ruletype: TeRuleType) -> Iterator[_Piece]:
    old = frozenset(pair.then)
    after = pair.after
    told = set()
    for rule in after.rules_beyond(pair.before, ruletype):
        told.add(rule)
        yield _Piece(rule, after.expand(rule.source) & old, after.expand(rule.target))
    gained, none = pair.gained, frozenset[str]()
    if gained:
        for rule in after.rules((ruletype,), lambda source, target, _: source in gained or target in gained):
            if rule not in told:
                # What an attribute gives a new type, as source or as target, is no choice of the change.
                yield _Piece(
                    rule,
                    gained.get(rule.source, none),
                    after.expand(rule.target) & old,
                    joined=rule.source,
                )
                yield _Piece(
                    rule,
                    after.expand(rule.source) & old,
                    gained.get(rule.target, none),
                    joined=rule.target,
                )
    flipped = _flipped(pair)
    if flipped:
        for rule in after.rules((ruletype,)):
            if rule.condition and rule.enabled and rule.condition.booleans & flipped and rule not in told:
                sources, targets = after.expand(rule.source) & old, after.expand(rule.target)
                yield _Piece(rule, sources, targets, rule.condition.booleans & flipped)


def _flipped(pair: Pair) -> frozenset[str]:
    before, after = pair.before.booleans, pair.after.booleans
    return frozenset(name for name, on in after.items() if before.get(name, on) != on)


class _Before:
    """What BEFORE granted to the sources of some pieces, in the bits of AFTER's types."""

    def __init__(self, pair: Pair, pieces: Iterable[_Piece], ruletype: TeRuleType) -> None:
        self.pair = pair
        self.universe = Universe.of(pair.after.types)
        self._masks: dict[frozenset[str], int] = {}
        self._targets: dict[str, int] = {}
        self._held: dict[tuple[str, str, str], _Held] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        classes = set()
        for piece in pieces:
            classes.add(piece.rule.tclass)
            for source in piece.sources - self.names.keys():
                then = pair.then[source]
                self.names[source] = (then, *pair.before.attributes_of(then))
        wanted = frozenset(name for names in self.names.values() for name in names)

        def asked(source: str, target: str, tclass: str) -> bool:
            return tclass in classes and source in wanted

        for rule in pair.before.rules((ruletype,), asked) if wanted else ():
            mask = self._expanded(rule.target)
            for perm in rule.perms:
                held = self._held.setdefault((rule.source, rule.tclass, perm), _Held())
                if rule.enabled:
                    held.stored |= mask
                if rule.condition:
                    held.under.append((rule.condition, mask))
                else:
                    held.always |= mask

    def _expanded(self, target: str) -> int:
        if target not in self._targets:
            self._targets[target] = self.mask(self.pair.now(self.pair.before.expand(target)))
        return self._targets[target]

    def mask(self, types: frozenset[str]) -> int:
        if types not in self._masks:
            self._masks[types] = self.universe.mask(types)
        return self._masks[types]

    def gains(self, piece: _Piece) -> Iterator[tuple[str, _Gain]]:
        """Yield what PIECE grants that was not granted, by the id of its growth."""
        found: dict[str, _Gain] = {}
        rule, targets = piece.rule, self.mask(piece.targets)
        for source in sorted(piece.sources):
            for perm in sorted(rule.perms):
                every = [held for name in self.names[source] if (held := self._held.get((name, rule.tclass, perm)))]
                stored = targets if rule.enabled else 0
                ever = targets
                for held in every:
                    stored &= ~held.stored
                    ever &= ~held.always
                ever = self._at_some_state(rule.condition, ever, every) & ~stored
                if piece.switched:
                    ever = 0
                entry = (rule.tclass, perm) == ("file", "entrypoint")
                now = "G-boolean" if piece.switched else "G-entrypoint" if entry else "G-allow"
                for id_, mask in ((now, stored), ("G-conditional", ever)):
                    if mask:
                        gain = found.setdefault(id_, _Gain())
                        gain.perms.add(perm)
                        gain.sources.add(source)
                        gain.targets |= mask
                        gain.count += mask.bit_count()
        yield from sorted(found.items())

    def _at_some_state(self, condition: Condition | None, mask: int, every: Iterable[_Held]) -> int:
        """Return those of MASK that CONDITION grants at values of the booleans at which EVERY did not."""
        under = [(other, part & mask) for held in every for other, part in held.under if part & mask]
        if not mask or not under:
            return mask
        left = mask
        # Targets under the same conditions stand and fall together.
        groups: dict[tuple[int, ...], int] = {}
        covered = 0
        for _, part in under:
            covered |= part
        for number in _bits(covered):
            bit = 1 << number
            key = tuple(index for index, (_, part) in enumerate(under) if part & bit)
            groups[key] = groups.get(key, 0) | bit
        for key, part in groups.items():
            if not self._ever(condition, [under[index][0] for index in key]):
                left &= ~part
        return left

    def _ever(self, condition: Condition | None, others: list[Condition]) -> bool:
        if condition in others:
            return False
        tables = [_Table.of(self.pair.after, condition)] if condition else []
        tables += [_Table.of(self.pair.before, other) for other in others]
        names = sorted(frozenset().union(*(table.booleans for table in tables)))
        if len(names) > _MAX_BOOLEANS:
            return True
        for size in range(len(names) + 1):
            for on in combinations(names, size):
                answers = [table.holds(frozenset(on)) for table in tables]
                if condition is None:
                    answers.insert(0, True)
                if answers[0] and not any(answers[1:]):
                    return True
        return False


@dataclass(frozen=True, slots=True)
class _Table:
    """A condition as the states at which it holds."""

    booleans: frozenset[str]
    states: frozenset[frozenset[str]]
    block: bool

    @classmethod
    def of(cls, policy: CompiledPolicy, condition: Condition) -> _Table:
        booleans, states = policy.conditions[condition.expression]
        return cls(booleans, states, condition.block)

    def holds(self, on: frozenset[str]) -> bool:
        return (on & self.booleans in self.states) is self.block


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _told(id_: str, piece: _Piece, gain: _Gain, universe: Universe, what: str) -> Growth:
    rule = piece.rule
    sources = tuple(sorted(gain.sources))
    targets = universe.types(gain.targets)
    perms = tuple(sorted(gain.perms))
    source = rule.source if len(sources) > 1 else sources[0]
    target = rule.target if len(targets) > 1 else targets[0]
    said = f"{source} {target}:{rule.tclass} {{ {' '.join(perms)} }}"
    parts = [f"{said} {what}"]
    if rule.condition:
        parts.append(f"if {'' if rule.condition.block else 'not '}{rule.condition.expression}")
    elif id_ == "G-conditional":
        parts.append("whatever values booleans have")
    if piece.switched:
        parts.append(f"since {', '.join(sorted(piece.switched))} has another default")
    if (source, target) != (rule.source, rule.target):
        parts.append(f"through {rule.source} {rule.target}")
    if len(sources) > 1:
        parts.append(f"for {len(sources)} domains ({_some(sources)})")
    if len(targets) > 1:
        parts.append(f"on {len(targets)} types ({_some(targets)})")
    # What brought it is a rule, or that a type joined the attribute which the rule names.
    joins = (sources[0] if piece.joined == rule.source else targets[0], piece.joined)
    return Growth(
        id=id_,
        message=", ".join(parts),
        source=source,
        target=target,
        tclass=rule.tclass,
        perms=perms,
        example=("", "") if piece.joined else (sources[0], targets[0]),
        count=gain.count,
        words=joins if piece.joined else (rule.source, rule.target, rule.tclass, *perms),
        keyword="typeattributeset" if piece.joined else rule.ruletype.value,
    )


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _switched_on(pair: Pair) -> Iterator[Growth]:
    before = pair.before.booleans
    for name in sorted(_flipped(pair)):
        state = "on" if pair.after.booleans[name] else "off"
        yield Growth(
            "G-boolean",
            f"boolean {name} is {state} by default, and was {'on' if before[name] else 'off'}",
            words=(name,),
            keyword="boolean",
        )


def new_domains(pair: Pair) -> Mapping[str, int]:
    """Return the new types that rules let do something, with the number of triples that each holds.

    An object is no domain: all that it may do is to lie on a filesystem (`associate`).
    """
    policy = pair.after
    asked = {name for type_ in pair.new for name in (type_, *policy.attributes_of(type_))}
    masks: dict[str, dict[tuple[str, str], int]] = {}
    universe = Universe.of(policy.types)
    if not asked:
        return {}
    expanded: dict[str, int] = {}
    for rule in policy.rules(_ALLOW, lambda source, _, __: source in asked):
        if rule.target not in expanded:
            expanded[rule.target] = universe.mask(policy.expand(rule.target))
        mine = masks.setdefault(rule.source, {})
        for perm in rule.perms - {"associate"}:
            key = (rule.tclass, perm)
            mine[key] = mine.get(key, 0) | expanded[rule.target]
    found = {}
    for type_ in sorted(pair.new):
        total: dict[tuple[str, str], int] = {}
        for name in (type_, *policy.attributes_of(type_)):
            for key, mask in masks.get(name, {}).items():
                total[key] = total.get(key, 0) | mask
        if count := sum(mask.bit_count() for mask in total.values()):
            found[type_] = count
    return found


def _new_domains(pair: Pair) -> Iterator[Growth]:
    for type_, count in new_domains(pair).items():
        yield Growth(
            "G-domain",
            f"{type_} is new and may do {count} things (target type, class, permission; every boolean counted)",
            source=type_,
            count=count,
            words=(type_,),
            keyword="type",
        )
