# SPDX-License-Identifier: GPL-2.0-or-later
"""refpolicy's permission sets (support/obj_perm_sets.spt): which permissions of a class go together.

The file is m4 of one shape, `define(`NAME', `{ WORDS }')`, where a word is a permission, a class, or the name of
another set. A set's name says what it is for: read_file_perms is for files, rw_stream_socket_perms for the classes
of stream_socket_class_set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DEFINITION = re.compile(r"define\(`(?P<name>\w+)',\s*`\{(?P<words>[^{}']*)\}\s*'\s*\)")

# Kinds of sets that are not called by a class: the word before `_perms`, and the class or set of classes meant.
_FAMILIES = (
    ("_stream_socket", "stream_socket_class_set"),
    ("_netlink_socket", "socket_class_set"),
    ("_socket", "socket_class_set"),
)
_SUFFIX = "_perms"


@dataclass(frozen=True, slots=True, order=True)
class PermissionSet:
    """A named set of permissions."""

    name: str
    perms: frozenset[str]


@dataclass(frozen=True, slots=True)
class PermissionSets:
    """All sets of a file, nested names expanded."""

    sets: Mapping[str, frozenset[str]]

    def of_class(self, tclass: str, perms: frozenset[str]) -> tuple[PermissionSet, ...]:
        """Return the sets meant for TCLASS, whose permissions are PERMS, sorted by name.

        One with a permission that the class does not have is not meant for it.
        """
        found = [
            PermissionSet(name, held)
            for name, held in self.sets.items()
            if name.endswith(_SUFFIX) and held and held <= perms and self._meant(name.removesuffix(_SUFFIX), tclass)
        ]
        return tuple(sorted(found, key=lambda permission_set: permission_set.name))

    def _meant(self, kind: str, tclass: str) -> bool:
        for ending, classes in _FAMILIES:
            if kind.endswith(ending):
                netlink = ending == "_netlink_socket"
                return tclass in self.sets.get(classes, ()) and (not netlink or tclass.startswith("netlink_"))
        # `read_lnk_file` is of lnk_file and not of file: the longest class that the name ends with.
        known = self.sets.get("dir_file_class_set", frozenset()) | {tclass}
        return max((name for name in known if kind.endswith(f"_{name}")), key=len, default="") == tclass


def parse_permission_sets(text: str) -> PermissionSets:
    """Read the TEXT of an obj_perm_sets.spt; what has another shape is left out."""
    words = {match["name"]: match["words"].split() for match in _DEFINITION.finditer(text)}
    sets: dict[str, frozenset[str]] = {}
    # m4 expands a name where it is used, so that order does not matter; a ring of names, which would never end
    # there, is left out here.
    while ready := [
        name
        for name, parts in words.items()
        if name not in sets and all(part in sets or part not in words for part in parts)
    ]:
        for name in ready:
            sets[name] = frozenset[str]().union(*(sets.get(part, frozenset({part})) for part in words[name]))
    return PermissionSets(sets)
