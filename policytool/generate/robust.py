# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `robust`: what was seen, and of what was not seen the likeliest, each addition with what speaks for it.

A recording shows what its scenarios did. What speaks for more is in signs.py, how much each sign is worth in
chances.py. It is about what the daemon itself does, never about what others do to it, and goes by permissions,
classes and by who may what, never by names of types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from policytool.generate.likely import Likely
from policytool.model.access import AccessKey
from policytool.model.module import FileContext, FileKind, OptionalBlock, PolicyModule
from policytool.model.profile import Profile
from policytool.model.rules import AllowRule, AllowXpermRule

_IOCTL = "ioctl"

# So much more than was seen may be added where nobody says how much: docs/decisions/exact-by-default.md.
DEFAULT_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Limit:
    """How much is added: at most BUDGET permissions (None: DEFAULT_SHARE of those seen), none of less CONFIDENCE.

    The confidence is a chance, 0.0 to 1.0, as that of `Likely`.
    """

    budget: int | None = None
    confidence: float = 0.0

    def most(self, seen: int) -> int:
        """Return how many permissions may be added to a module with so many that were SEEN."""
        return round(DEFAULT_SHARE * seen) if self.budget is None else self.budget


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What was likely and was not added, and WHY."""

    likely: Likely
    why: str


def permissions(module: PolicyModule) -> int:
    """Return how many permissions the allow rules of MODULE give."""
    return sum(len(rule.perms) for rule in module.every_rule)


def close(module: PolicyModule, closed: Iterable[Likely], base_types: frozenset[str]) -> PolicyModule:
    """Add CLOSED to MODULE, in rules of their own, and let its file contexts name numbered siblings."""
    groups: dict[AccessKey, set[str]] = {}
    commands: dict[AccessKey, frozenset[int]] = {}
    for likely in closed:
        vector = likely.vector
        group = (*vector.key[:3], likely.reason)
        groups.setdefault(group, set()).add(vector.perm)
        if vector.perm == _IOCTL:
            commands[group] = vector.xperms
    known = base_types | module.declared
    blocks = {block.types: block for block in module.optionals}
    rules, xperms = list(module.rules), list(module.xperm_rules)
    for group, perms in sorted(groups.items()):
        source, target, tclass, reason = group
        rule = AllowRule(source, target, tclass, tuple(sorted(perms)), reason=f"not seen: {reason}")
        # A bare ioctl would open all commands, and nobody was seen to need them.
        shown = sorted(commands.get(group, ()))
        narrowed = (
            [AllowXpermRule(source, target, tclass, _IOCTL, tuple(shown), "not seen: as the rule")] if shown else []
        )
        foreign = tuple(sorted({source, target} - known))
        if foreign:
            block = blocks.get(foreign) or OptionalBlock(foreign, ())
            blocks[foreign] = replace(
                block, rules=_sorted([*block.rules, rule]), xperm_rules=(*block.xperm_rules, *narrowed)
            )
        else:
            rules.append(rule)
            xperms += narrowed
    return replace(
        module,
        rules=_sorted(rules),
        xperm_rules=tuple(sorted(xperms, key=lambda rule: rule.sort_key)),
        optionals=tuple(block for _, block in sorted(blocks.items())),
        file_contexts=tuple(sorted({numbered(entry, module) for entry in module.file_contexts})),
        profile=Profile.ROBUST,
    )


# The last run of digits in the last part of a pattern, outside the escapes and brackets that a pattern may have.
_NUMBER = re.compile(r"(?P<head>.*/[A-Za-z_.\\-]*?)(?P<number>\d+)(?P<tail>[A-Za-z_.\\-]*)")


def numbered(entry: FileContext, module: PolicyModule) -> FileContext:
    """Let ENTRY stand for its numbered siblings too (vnet0 → vnet[0-9]+), if its type is the module's own.

    A program's name is left as it is, and so is one with two numbers in it (a version, x86_64).
    """
    programs = {declaration.name for declaration in module.types if "exec_type" in declaration.attributes}
    if entry.context.type_ in programs or entry.context.type_ not in module.declared or entry.kind is FileKind.DIR:
        return entry
    match = _NUMBER.fullmatch(entry.pattern)
    return replace(entry, pattern=f"{match['head']}[0-9]+{match['tail']}") if match else entry


def _sorted(rules: Iterable[AllowRule]) -> tuple[AllowRule, ...]:
    # What was seen first, then what was not.
    return tuple(sorted(rules, key=lambda rule: (rule.sort_key, rule.reason, rule.perms)))
