# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces to a daemon's private types, for the others that were seen to need what is at its paths."""

from __future__ import annotations

from collections.abc import Container, Iterable

from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.module import Interface, InterfaceKind
from policytool.model.own_path import KINDS, Labelling

# What changes an object (policy/support/obj_perm_sets.spt of refpolicy: manage beyond read).
CHANGES = frozenset({"write", "append", "create", "unlink", "rename", "link", "add_name", "remove_name", "rmdir"})
# A socket is connected to by writing to it: that is the business of stream_connect.
_CONNECTED = "sock_file"


# By how the name of a type ends for its place (model/own_path.py): what refpolicy calls the files there in the
# names of interfaces, and the interface by which the place is searched.
_PLACES = {
    "conf": ("config", "files_search_etc"),
    "runtime": ("runtime_files", "files_search_runtime"),
    "var_lib": ("lib_files", "files_search_var_lib"),
    "cache": ("cache_files", "files_search_var"),
    "log": ("log", "logging_search_logs"),
    "spool": ("spool_files", "files_search_spool"),
    "tmp": ("tmp_files", "files_search_tmp"),
    "lock": ("lock_files", "files_search_locks"),
}


def file_interfaces(daemon: Daemon, vectors: Iterable[AccessVector], labelling: Labelling) -> tuple[Interface, ...]:
    """Return interfaces for each private type that others than DAEMON were seen to read or to change.

    One to read it, and where it was changed one to manage it. VECTORS are what was seen, mapped to private types.
    """
    names = {private.name for private in labelling.private}
    perms: dict[str, set[str]] = {}
    for vector in vectors:
        other = vector.source.type_ != daemon.domain and vector.target.type_ in names
        if other and vector.tclass in KINDS and vector.tclass != _CONNECTED:
            perms.setdefault(vector.target.type_, set()).add(vector.perm)
    found = []
    for name, seen in sorted(perms.items()):
        what = _what(daemon, name)
        noun, search = _PLACES.get(what, (f"{what}_files", ""))
        kinds = {InterfaceKind.READ: "Read"}
        if seen & CHANGES:
            kinds[InterfaceKind.MANAGE] = "Create, read, write and delete"
        for kind, verb in kinds.items():
            summary = f"{verb} the {what} files of {daemon.name}."
            call = f"{daemon.name}_{kind.value}_{noun}"
            folders, searches = _folders((name,), labelling), (search,) if search else ()
            found.append(Interface(call, kind, summary, daemon.domain, (name,), folders, searches))
    return tuple(found)


def admin_interface(daemon: Daemon, labelling: Labelling) -> Interface:
    """Return the interface for whoever administrates DAEMON: its processes, and files of all its private types.

    Starting it is no part of it: no script or unit of it has a type.
    """
    types = tuple(sorted(private.name for private in labelling.private))
    known = (_PLACES[what] for name in types if (what := _what(daemon, name)) in _PLACES)
    searches = tuple(sorted({search for _, search in known}))
    summary = f"All of the rules required to administrate a {daemon.name} environment, but for starting it."
    folders = _folders(types, labelling)
    return Interface(f"{daemon.name}_admin", InterfaceKind.ADMIN, summary, daemon.domain, types, folders, searches)


def _what(daemon: Daemon, name: str) -> str:
    return name.removeprefix(f"{daemon.name}_").removesuffix("_t")


def _folders(types: Container[str], labelling: Labelling) -> tuple[str, ...]:
    """Return the types of the folders that TYPES are in, but for private ones."""
    private = {own.name for own in labelling.private}
    folders = {transition.target for transition in labelling.transitions if transition.default in types}
    return tuple(sorted(folders - private))
