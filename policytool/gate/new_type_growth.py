# SPDX-License-Identifier: GPL-2.0-or-later
"""Types of new objects and processes: type_transition, type_change and type_member rules that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from policytool.gate.growth import Growth, Pair
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TransitionRule


class _Key(NamedTuple):
    """What a rule is about, attributes expanded."""

    ruletype: str
    source: str
    target: str
    tclass: str
    name: str


# The rules that give a type, each as (rule as written, the type by its name in AFTER, when).
_Given = tuple[TransitionRule, str, str]


def new_type_growth(pair: Pair) -> Iterator[Growth]:
    """Yield a growth for each rule that gives a type which it did not give, or gives none any more.

    Where a rule is gone, what is made new has the type of its folder, or of the process that runs the program:
    others may use it, or it runs with more rights. What is about a new source is left out.
    """
    before, after = _table(pair, pair.before), _table(pair, pair.after)
    told: dict[tuple[TransitionRule, str], list[tuple[_Key, str]]] = {}
    for key, given in after.items():
        old = {(default, when) for _, default, when in before.get(key, ())}
        for rule, default, when in given:
            if (default, when) not in old and key.source in pair.then:
                was = ", ".join(sorted({default for default, _ in old} - {default}))
                told.setdefault((rule, was), []).append((key, default))
    for (brought, was), keys in told.items():
        yield _new(brought, was, keys)
    gone: dict[TransitionRule, list[_Key]] = {}
    for key, given in before.items():
        if key not in after and key.source in pair.then and key.target in pair.then:
            for rule, default, _ in given:
                if default in pair.after.types:
                    gone.setdefault(rule, []).append(key)
    for rule, gone_keys in gone.items():
        key = gone_keys[0]
        yield Growth(
            "G-transition",
            f"{_said(key)} no longer gives {rule.default}{_more(len(gone_keys))}",
            key.source,
            key.target,
            key.tclass,
            example=(key.source, key.target),
            count=len(gone_keys),
            words=(rule.source, rule.target),
        )


def _new(rule: TransitionRule, was: str, keys: list[tuple[_Key, str]]) -> Growth:
    key, default = keys[0]
    when = ""
    if rule.condition:
        when = f" if {'' if rule.condition.block else 'not '}{rule.condition.expression}"
    instead = f" instead of {was}" if was else ""
    return Growth(
        "G-transition",
        f"{_said(key)} gives {default}{instead}{when}{_more(len(keys))}",
        key.source,
        key.target,
        key.tclass,
        example=(key.source, key.target),
        count=len(keys),
        words=tuple(name for name in (rule.default, rule.source, rule.target, rule.tclass, rule.name) if name),
        keyword=rule.ruletype.replace("_", ""),
    )


def _said(key: _Key) -> str:
    name = f' "{key.name}"' if key.name else ""
    return f"{key.ruletype} {key.source} {key.target}:{key.tclass}{name}"


def _more(count: int) -> str:
    return f" (and for {count - 1} more pairs of types)" if count > 1 else ""


def _table(pair: Pair, policy: CompiledPolicy) -> Mapping[_Key, list[_Given]]:
    """Return what the rules of POLICY give, by names of AFTER."""
    found: dict[_Key, list[_Given]] = {}
    renamed = pair.renamed if policy is pair.before else {}
    for rule in policy.type_rules:
        when = f"{rule.condition.block} {rule.condition.expression}" if rule.condition else ""
        default = renamed.get(rule.default, rule.default)
        for source in policy.expand(rule.source):
            for target in policy.expand(rule.target):
                key = _Key(
                    rule.ruletype.value,
                    renamed.get(source, source),
                    renamed.get(target, target),
                    rule.tclass,
                    rule.name,
                )
                found.setdefault(key, []).append((rule, default, when))
    return found
