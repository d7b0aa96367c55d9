# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces to a daemon's private types, for the others that were seen to need what is at its paths."""

from __future__ import annotations

from collections.abc import Iterable

from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.module import Interface, InterfaceKind
from policytool.model.own_path import KINDS, Labelling

# What changes an object (policy/support/obj_perm_sets.spt of refpolicy: manage beyond read).
CHANGES = frozenset({"write", "append", "create", "unlink", "rename", "link", "add_name", "remove_name", "rmdir"})
# A socket is connected to by writing to it: that is the business of stream_connect.
_CONNECTED = "sock_file"


def file_interfaces(daemon: Daemon, vectors: Iterable[AccessVector], labelling: Labelling) -> tuple[Interface, ...]:
    """Return an interface for each private type that others than DAEMON were seen to read or to change.

    VECTORS are what was seen, mapped to the private types.
    """
    names = {private.name for private in labelling.private}
    perms: dict[str, set[str]] = {}
    for vector in vectors:
        other = vector.source.type_ != daemon.domain and vector.target.type_ in names
        if other and vector.tclass in KINDS and vector.tclass != _CONNECTED:
            perms.setdefault(vector.target.type_, set()).add(vector.perm)
    found = []
    for name, seen in sorted(perms.items()):
        kind = InterfaceKind.MANAGE if seen & CHANGES else InterfaceKind.READ
        what = name.removeprefix(f"{daemon.name}_").removesuffix("_t")
        folders = {transition.target for transition in labelling.transitions if transition.default == name}
        verb = "Change" if kind is InterfaceKind.MANAGE else "Read"
        summary = f"{verb} the {what} files of {daemon.name}."
        call = f"{daemon.name}_{kind.value}_{what}"
        found.append(Interface(call, kind, summary, daemon.domain, (name,), tuple(sorted(folders))))
    return tuple(found)
