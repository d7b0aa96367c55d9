# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements of the policy language, spelled as in the language. Permissions and xperms are sorted tuples."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from policytool.model.access import Evidence


@dataclass(frozen=True, slots=True, order=True)
class TypeDeclaration:
    """`type NAME, ATTRIBUTES;` with the reason why the type exists."""

    name: str
    attributes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, order=True)
class TypeAttribute:
    """`typeattribute TYPE ATTRIBUTES;` for a type declared elsewhere."""

    type_: str
    attributes: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, order=True)
class RoleType:
    """`role ROLE types TYPE;`."""

    role: str
    type_: str


@dataclass(frozen=True, slots=True, order=True)
class TypeTransition:
    """`type_transition SOURCE TARGET:TCLASS DEFAULT ["NAME"];`."""

    source: str
    target: str
    tclass: str
    default: str
    name: str = ""
    reason: str = ""

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """What the statement says, without its reason."""
        return (self.source, self.target, self.tclass, self.default, self.name)


@dataclass(frozen=True, slots=True)
class AllowRule:
    """`allow SOURCE TARGET:TCLASS { PERMS };` with the evidence of each permission, in the order of PERMS.

    `reason` is one reason a line.
    """

    source: str
    target: str
    tclass: str
    perms: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """What one rule of a module is told apart by."""
        return (self.source, self.target, self.tclass)

    def only(self, perms: Collection[str]) -> AllowRule:
        """Return the rule with those of its permissions that are among PERMS."""
        kept = [place for place, perm in enumerate(self.perms) if perm in perms]
        if len(kept) == len(self.perms):
            return self
        evidence = tuple(self.evidence[place] for place in kept) if self.evidence else ()
        return replace(self, perms=tuple(self.perms[place] for place in kept), evidence=evidence)


@dataclass(frozen=True, slots=True, order=True)
class DontauditRule:
    """`dontaudit SOURCE TARGET:TCLASS { PERMS };`: what is denied and shall not be logged."""

    source: str
    target: str
    tclass: str
    perms: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AllowXpermRule:
    """`allowxperm SOURCE TARGET:TCLASS PERM { XPERMS };`: narrows an allow of PERM (ioctl) to those commands."""

    source: str
    target: str
    tclass: str
    perm: str
    xperms: tuple[int, ...]
    reason: str = ""

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        """What one rule of a module is told apart by."""
        return (self.source, self.target, self.tclass, self.perm)
