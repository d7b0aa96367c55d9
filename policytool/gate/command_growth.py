# SPDX-License-Identifier: GPL-2.0-or-later
"""Extended permissions: which ioctl commands and netlink messages are allowed now that were not.

Where no allowxperm rule names a source, target and class, an allowed `ioctl` means every command; where one does,
only those that such rules name. So a rule more can narrow, and a rule less can widen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product

from policytool.gate.growth import Growth, Pair
from policytool.model.xperm_names import xperm_name
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRule, TeRuleType

# Source, target, class, and `ioctl` or `nlmsg`.
_Key = tuple[str, str, str, str]

# Beyond so many pairs of types the growth is told of the rule, without a look at each pair.
_MAX_PAIRS = 50_000
_NAMED = 6
_ALL = None


def command_growth(pair: Pair) -> Iterator[Growth]:
    """Yield what is no longer narrowed by allowxperm rules, or not as tightly, for types that BEFORE has."""
    rules = list(_differing(pair))
    names = {_key(rule) for rule in rules}
    if not names:
        return
    every = (
        (source, target, tclass, perm)
        for source, target, tclass, perm in names
        for source, target in product(_types(pair, source), _types(pair, target))
    )
    pairs = sorted(set(islice(every, _MAX_PAIRS)))
    before, after = _Commands(pair.before, _then(pair, pairs)), _Commands(pair.after, pairs)
    gained: dict[tuple[str, str, frozenset[int] | None], list[_Key]] = {}
    for key in pairs:
        old, new = before.of(_then(pair, [key])[0]), after.of(key)
        if old == frozenset() or new == frozenset() or old is _ALL:
            # What was not allowed at all is told of the allow rule.
            continue
        more = _ALL if new is _ALL else new - old
        if more is _ALL or more:
            gained.setdefault((key[2], key[3], more), []).append(key)
    for (tclass, perm, more), keys in sorted(gained.items(), key=lambda item: item[1]):
        yield _told(tclass, perm, more, keys)


def _told(tclass: str, perm: str, more: frozenset[int] | None, keys: list[_Key]) -> Growth:
    source, target, *_ = keys[0]
    others = f" (and {len(keys) - 1} more pairs of types)" if len(keys) > 1 else ""
    if more is None:
        said = f"{source} {target}:{tclass} {perm} is no longer narrowed by allowxperm{others}"
    else:
        some = ", ".join(xperm_name(command, tclass, target) for command in sorted(more)[:_NAMED])
        rest = ", ..." if len(more) > _NAMED else ""
        said = f"{source} {target}:{tclass} {perm} may use {len(more)} commands more{others}: {some}{rest}"
    # Where the rule is gone, the allow rule that it narrowed is what there is to point at.
    words = (source, target, tclass) if more else (source, target, tclass, perm)
    return Growth(
        "G-xperm",
        said,
        source,
        target,
        tclass,
        (perm,),
        example=(source, target),
        count=len(keys),
        words=words,
        keyword="allowx" if more else "allow",
    )


def _key(rule: TeRule) -> _Key:
    return rule.source, rule.target, rule.tclass, rule.perm


def _differing(pair: Pair) -> Iterator[TeRule]:
    kind = TeRuleType.ALLOWXPERM
    yield from pair.after.rules_beyond(pair.before, kind)
    yield from pair.before.rules_beyond(pair.after, kind)
    changed = {
        name
        for name in pair.before.attributes.keys() | pair.after.attributes.keys()
        if pair.before.expand(name) != pair.after.expand(name)
    }
    for policy in (pair.before, pair.after):
        yield from policy.rules([kind], lambda source, target, _: source in changed or target in changed)


def _types(pair: Pair, name: str) -> frozenset[str]:
    """Return the types, by their names in AFTER, that NAME stands for in either policy and both have."""
    return (pair.now(pair.before.expand(name)) | pair.after.expand(name)).intersection(pair.then)


def _then(pair: Pair, keys: Iterable[_Key]) -> list[_Key]:
    return [(pair.then[source], pair.then[target], tclass, perm) for source, target, tclass, perm in keys]


class _Commands:
    """The commands that one policy allows for some keys of types."""

    def __init__(self, policy: CompiledPolicy, keys: Iterable[_Key]) -> None:
        self._policy = policy
        keys = list(keys)
        self._names = {type_: {type_, *policy.attributes_of(type_)} for key in keys for type_ in key[:2]}
        sources = {name for key in keys for name in self._names[key[0]]}
        targets = {name for key in keys for name in self._names[key[1]]}
        classes = {key[2] for key in keys}

        def asked(source: str, target: str, tclass: str) -> bool:
            return source in sources and target in targets and tclass in classes

        self._allowed: dict[tuple[str, str, str], set[str]] = {}
        for rule in policy.rules((TeRuleType.ALLOW,), asked):
            self._allowed.setdefault((rule.source, rule.target, rule.tclass), set()).update(rule.perms)
        narrowed: dict[_Key, frozenset[int]] = {}
        for rule in policy.rules((TeRuleType.ALLOWXPERM,), asked):
            narrowed[_key(rule)] = narrowed.get(_key(rule), frozenset()) | rule.xperms
        self._narrowed: Mapping[_Key, frozenset[int]] = narrowed

    def of(self, key: _Key) -> frozenset[int] | None:
        """Return the commands of one key; none where nothing is allowed, and None for all of them."""
        *_, tclass, perm = key
        pairs = list(product(self._names[key[0]], self._names[key[1]]))
        if not any(perm in self._allowed.get((source, target, tclass), ()) for source, target in pairs):
            return frozenset()
        found = [
            self._narrowed[source, target, tclass, perm]
            for source, target in pairs
            if (source, target, tclass, perm) in self._narrowed
        ]
        return frozenset().union(*found) if found else _ALL
