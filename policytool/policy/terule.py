# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule of a compiled policy: what is left of `allow`, `dontaudit` and the like after compilation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TeRuleType(StrEnum):
    """The type-enforcement rules, spelled as in the language. A kernel policy holds no neverallow rules."""

    ALLOW = "allow"
    AUDITALLOW = "auditallow"
    DONTAUDIT = "dontaudit"
    NEVERALLOW = "neverallow"
    ALLOWXPERM = "allowxperm"
    AUDITALLOWXPERM = "auditallowxperm"
    DONTAUDITXPERM = "dontauditxperm"
    NEVERALLOWXPERM = "neverallowxperm"
    TYPE_TRANSITION = "type_transition"
    TYPE_CHANGE = "type_change"
    TYPE_MEMBER = "type_member"


@dataclass(frozen=True, slots=True)
class Condition:
    """The `if` around a rule: its EXPRESSION over BOOLEANS; the rule stands in the true or the false BLOCK."""

    expression: str
    booleans: frozenset[str]
    block: bool


@dataclass(frozen=True, slots=True)
class TeRule:
    """One access rule; `source` and `target` are types or attributes.

    Rules on extended permissions have `perm` (ioctl or nlmsg) and `xperms` instead of `perms`. `enabled` says
    whether the rule is in force at the booleans' stored values; without a condition it always is.
    """

    ruletype: TeRuleType
    source: str
    target: str
    tclass: str
    perms: frozenset[str]
    perm: str
    xperms: frozenset[int]
    condition: Condition | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class TransitionRule:
    """A rule that names the type of something new: type_transition, type_change or type_member.

    `source` and `target` are types or attributes, `name` is the object's name, "" for any.
    """

    ruletype: TeRuleType
    source: str
    target: str
    tclass: str
    name: str
    default: str
    condition: Condition | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """What one constraint says of one class and permission ("" for validatetrans); `names` are its types."""

    ruletype: str
    tclass: str
    perm: str
    expression: str
    names: frozenset[str]
