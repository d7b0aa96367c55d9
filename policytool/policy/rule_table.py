# SPDX-License-Identifier: GPL-2.0-or-later
"""All type-enforcement rules of a compiled policy in plain values, and as bytes, so that they can be kept.

setools needs half a second to make them; to read them from bytes takes some hundredths.
"""

from __future__ import annotations

import gc
import json
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from policytool.policy.terule import Condition, TeRuleType

TYPE_RULES = (TeRuleType.TYPE_TRANSITION, TeRuleType.TYPE_CHANGE, TeRuleType.TYPE_MEMBER)
XPERM_RULES = (
    TeRuleType.ALLOWXPERM,
    TeRuleType.AUDITALLOWXPERM,
    TeRuleType.DONTAUDITXPERM,
    TeRuleType.NEVERALLOWXPERM,
)
PERMISSION_RULES = (TeRuleType.ALLOW, TeRuleType.AUDITALLOW, TeRuleType.DONTAUDIT, TeRuleType.NEVERALLOW)

# Source, target, class, permissions and condition of a rule.
AccessRow = tuple[str, str, str, frozenset[str], Condition | None]

# The same of a rule on extended permissions, with their kind (ioctl, nlmsg) and numbers.
XpermRow = tuple[str, str, str, tuple[str, frozenset[int]], Condition | None]

# The same of a rule that names the type of something new, with the name of that object ("" for any) and the type.
TypeRow = tuple[str, str, str, tuple[str, str], Condition | None]

# The booleans of an expression, and the sets of those that are on where it holds.
Truth = tuple[frozenset[str], frozenset[frozenset[str]]]

# Changed whenever the meaning of the bytes changes.
_FORMAT = 1

# How numbers are kept: as this machine has them.
_NUMBER = "I"
_MACHINE = f"{sys.byteorder} {array(_NUMBER).itemsize}"


class RuleTableError(ValueError):
    """Bytes that are no table of rules, or one of another version or machine."""


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The rules by their kind, in the order of the file but for conditional ones, which come first.

    `truths` are those of the expressions of conditions.
    """

    access: Mapping[TeRuleType, Sequence[AccessRow]]
    xperms: Mapping[TeRuleType, Sequence[XpermRow]]
    types: Mapping[TeRuleType, Sequence[TypeRow]]
    truths: Mapping[str, Truth]

    def holds(self, expression: str, booleans: Mapping[str, bool]) -> bool:
        """Say whether the EXPRESSION of a condition holds at the values of BOOLEANS."""
        names, states = self.truths[expression]
        return frozenset(name for name in names if booleans[name]) in states


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector rest: all rules stay, so that it would look at them again and again for nothing."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def to_bytes(table: RuleTable) -> bytes:
    """Return TABLE as a line of JSON with every distinct value, and behind it numbers, which tell the rows."""
    names: dict[str, int] = {}
    conditions: dict[Condition | None, int] = {None: 0}
    details: dict[str, dict[Any, int]] = {group: {} for group in ("access", "xperms", "types")}
    counts: list[tuple[str, str, int]] = []
    numbers: list[bytes] = []
    for group, kind, rows in _groups(table):
        counts.append((group, kind, len(rows)))
        distinct: tuple[dict[Any, int], ...] = (names, names, names, details[group], conditions)
        for place, values in enumerate(distinct):
            column = array(_NUMBER, [values.setdefault(row[place], len(values)) for row in rows])
            numbers.append(column.tobytes())
    head = {
        "format": _FORMAT,
        "machine": _MACHINE,
        "counts": counts,
        "names": list(names),
        "access": [sorted(perms) for perms in details["access"]],
        "xperms": [(kind, sorted(xperms)) for kind, xperms in details["xperms"]],
        "types": list(details["types"]),
        "conditions": [(c.expression, sorted(c.booleans), c.block) for c in conditions if c],
        "truths": [(text, sorted(of), sorted(map(sorted, states))) for text, (of, states) in table.truths.items()],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(numbers)


def from_bytes(data: bytes) -> RuleTable:
    """Return the table that `to_bytes` has made DATA of; RuleTableError if it is none of this machine."""
    line, _, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        if (head["format"], head["machine"]) != (_FORMAT, _MACHINE):
            raise RuleTableError("a table of another version or machine")
        names: list[str] = head["names"]
        details: dict[str, list[Any]] = {
            "access": [frozenset(perms) for perms in head["access"]],
            "xperms": [(kind, frozenset(xperms)) for kind, xperms in head["xperms"]],
            "types": [(name, default) for name, default in head["types"]],
        }
        conditions = [None, *(Condition(text, frozenset(of), block) for text, of, block in head["conditions"])]
        columns = array(_NUMBER)
        columns.frombytes(rest)
        found: dict[str, dict[TeRuleType, list[Any]]] = {group: {} for group in details}
        place = 0
        with uncollected():
            for group, kind, count in head["counts"]:
                parts = [columns[place + part * count : place + (part + 1) * count] for part in range(5)]
                place += 5 * count
                values: tuple[Sequence[Any], ...] = (names, names, names, details[group], conditions)
                made = (map(of.__getitem__, part) for of, part in zip(values, parts, strict=True))
                found[group][TeRuleType(kind)] = list(zip(*made, strict=True))
        if place != len(columns):
            raise RuleTableError("not as long as it says")
        truths = {text: (frozenset(of), frozenset(map(frozenset, states))) for text, of, states in head["truths"]}
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise RuleTableError(f"not a table of rules: {error}") from error
    return RuleTable(found["access"], found["xperms"], found["types"], truths)


def _groups(table: RuleTable) -> Iterator[tuple[str, TeRuleType, Sequence[tuple[Any, ...]]]]:
    for group, kinds in (("access", table.access), ("xperms", table.xperms), ("types", table.types)):
        for kind, rows in kinds.items():
            yield group, kind, rows
