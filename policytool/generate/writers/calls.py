# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of a .te file that is in refpolicy's own words, and the rules that are not, under the reason why not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from policytool.generate.writers.comment import safe, supported
from policytool.model.module import MacroCall, RawReason, RawRule
from policytool.model.rules import AllowRule
from policytool.model.support import NOT_TOLD, Sample

# A call that covers more rules than this is not told rule by rule.
_MOST_SHOWN = 20


def write_calls(calls: Iterable[MacroCall], own: Collection[str], sample: Sample = NOT_TOLD) -> list[str]:
    """Return the lines of CALLS, each with what in SAMPLE it covers and what it brings beside it.

    They are in the order that SELint checks (C-001): patterns about OWN types, the interfaces of the module kernel,
    and all others, by module.
    """
    lines = []
    for call in written_order(calls, own):
        lines += [f"# {safe(text)}"] if (text := supported(call.evidence, sample)) else []
        lines += [f"# {safe(line, 0)}" for line in _covered(call)]
        lines += [f"{call.macro}({', '.join(call.arguments)})", ""]
    return lines


def written_order(calls: Iterable[MacroCall], own: Collection[str]) -> list[MacroCall]:
    """Return CALLS in the order that SELint checks; OWN are the types of the module they are in."""
    return sorted(calls, key=partial(_order, own))


def _order(own: Collection[str], call: MacroCall) -> tuple[int, str, str, tuple[str, ...]]:
    is_own = not call.owner and all(type_ in own for type_ in call.types)
    rank = 0 if is_own else 1 if call.owner == "kernel" else 2
    return rank, call.owner or call.macro, call.macro, call.arguments


def raw_groups(
    rules: Iterable[AllowRule], why: Mapping[tuple[str, str, str], RawRule]
) -> list[tuple[str, list[AllowRule]]]:
    """Return RULES by the reason for which WHY says that they are no calls, those about own types first."""
    known = [(rule, why[rule.sort_key]) for rule in rules if rule.sort_key in why]
    return [
        (
            reason.value,
            [
                replace(rule, reason="\n".join(part for part in (raw.interface, rule.reason) if part))
                for rule, raw in known
                if raw.reason is reason
            ],
        )
        for reason in RawReason
    ]


def _covered(call: MacroCall) -> Iterator[str]:
    """Yield what was seen of what CALL grants, and what was not."""
    accesses = [(item[0], item[1], item[2], item[3]) for item in call.covers if len(item) == 4]
    seen = [f"seen: {text}" for text in _grouped(accesses)]
    if call.owner and len(seen) > _MOST_SHOWN:
        seen = [f"seen: all {len(accesses)} permissions that {call.owner}.if names"]
    yield from seen
    for item in call.covers:
        if len(item) == 5:
            source, target, tclass, default, name = item
            yield f"type_transition {source} {target}:{tclass} {default}{f' {name}' if name else ''}"
    yield from (f"never seen: {text}" for text in _grouped(call.excess))


def _grouped(accesses: Iterable[tuple[str, str, str, str]]) -> Iterator[str]:
    perms: dict[tuple[str, str, str], list[str]] = {}
    for source, target, tclass, perm in sorted(accesses):
        perms.setdefault((source, target, tclass), []).append(perm)
    for (source, target, tclass), names in perms.items():
        yield f"{source} {'self' if target == source else target}:{tclass} {{ {' '.join(names)} }}"
