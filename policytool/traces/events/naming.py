# SPDX-License-Identifier: GPL-2.0-or-later
"""Which object each decision of an event is about, as far as the records of that event tell.

A record of the kernel names the object by a path, by device, inode and name, or by a name alone
(security/lsm_audit.c). A folder that is asked for an entry is named by the entry: `add_name` and `remove_name`,
with the `search` that goes with them, have the name of the entry, and the inode of one that is there
(security/selinux/hooks.c: may_create, may_link, may_rename).
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from policytool.model.event import PathItem
from policytool.model.identity import NOTHING, Identity, Place
from policytool.model.own_path import ENTRY_PERMS, KINDS
from policytool.traces.events.devices import KERNELS, may_be_same, tidy_device

_SEARCH = frozenset({"search"})
_REMOVED = frozenset({"unlink", "rmdir"})
_MOVED = frozenset({"rename", "link"})
# Calls that write to two folders, of which a log may hold one.
_TWO_FOLDERS = frozenset({"rename", "renameat", "renameat2", "link", "linkat"})
_MADE = frozenset({"CREATE", "DELETE"})

# The class of an object by the type in its mode (S_IFMT).
_CLASSES = {
    0o010000: "fifo_file",
    0o020000: "chr_file",
    0o040000: "dir",
    0o060000: "blk_file",
    0o100000: "file",
    0o120000: "lnk_file",
    0o140000: "sock_file",
}


class Asked(Protocol):
    """What a record says of the object of a decision."""

    @property
    def tclass(self) -> str:
        """The class of the object."""
        ...

    @property
    def perms(self) -> tuple[str, ...]:
        """The permissions."""
        ...

    @property
    def path(self) -> str:
        """path= of the record."""
        ...

    @property
    def name(self) -> str:
        """name= of the record."""
        ...

    @property
    def dev(self) -> str:
        """dev= of the record."""
        ...

    @property
    def inode(self) -> int | None:
        """ino= of the record."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """The object of a decision: a path, or an identity, or nothing.

    Where FOLDER is given, PATH is that of an entry in it, and the folder is what was asked.
    """

    path: str = ""
    folder: str = ""
    identity: Identity = NOTHING

    def of(self, perm: str) -> tuple[str, Identity]:
        """Return path and identity of a use of PERM: of the entry for what is asked of a folder for it."""
        if perm in ENTRY_PERMS:
            return self.path, self.identity
        identity = self.identity._replace(entry="") if self.identity.entry else self.identity
        return self.folder or self.path, identity


NAMELESS = Named()


def class_of(item: PathItem) -> str:
    """Return the class of the object of a PATH record, "" where it does not tell."""
    if item.nametype == "PARENT":
        return "dir"
    return "" if item.mode is None else _CLASSES.get(item.mode & 0o170000, "")


Places = tuple[tuple[Place, bool], ...]


def name_objects(
    decisions: Sequence[Asked], items: Sequence[PathItem], node: str, call: str = ""
) -> tuple[tuple[Named, ...], Places]:
    """Name the objects of the DECISIONS of an event of NODE; ITEMS are its PATH records, absolute if CWD tells.

    CALL is the system call, "" unknown. The second result is where objects were seen, and whether each was removed.
    """
    if len(decisions) == 1 and not items:
        # Most events.
        only = decisions[0]
        if only.path.startswith("/") and not ENTRY_PERMS.intersection(only.perms):
            place = _place_at(only, only.path, node)
            return (Named(only.path),), () if place is None else ((place, _removes(only)),)
    scene = Scene(decisions, items, node, call)
    named = tuple([scene.name(decision) for decision in decisions])
    return named, scene.places(named)


class Scene:
    """The objects of one event."""

    def __init__(self, decisions: Sequence[Asked], items: Sequence[PathItem], node: str, call: str = "") -> None:
        self._node = node
        self._call = call
        self._decisions = decisions
        self._records = items
        self.items = [item for item in items if item.name.startswith("/")]
        self._unplaced = {item.inode for item in items if not item.name.startswith("/")}
        # Objects with the path that the kernel gave them.
        self.pathed = [
            decision for decision in decisions if decision.path.startswith("/") and not is_about_entry(decision)
        ]
        self._entries = [item.name for item in self.items if item.nametype in _MADE]

    def name(self, asked: Asked) -> Named:
        """Name the object of one of the decisions."""
        if is_about_entry(asked):
            return self._of_folder(asked)
        if asked.path:
            return Named(asked.path)
        if not asked.inode:
            return self._without_inode(asked)
        found = self._by_inode(asked)
        if found is None:
            # What is moved is seen elsewhere afterwards, so that what other events tell may be its new place.
            return NAMELESS if _MOVED.intersection(asked.perms) else Named(identity=self._identity(asked))
        path, tclass, nametype = found
        if _searched(asked) and (nametype == "DELETE" or tclass not in ("", "dir")):
            return Named(posixpath.dirname(path))
        return Named(path)

    def places(self, named: Sequence[Named]) -> Places:
        """Return where the objects were seen, and whether each was removed; the decisions are about those NAMED."""
        found: dict[Place, bool] = {}
        for item in self.items:
            if item.inode and item.nametype != "UNKNOWN" and not _has_another_name(item, self._records):
                place = Place(item.inode, item.dev, self._node, item.name, "", class_of(item))
                found[place] = found.get(place, False) or item.nametype == "DELETE"
        for asked, name in zip(self._decisions, named, strict=True):
            path = "" if is_about_entry(asked) else name.path
            there = _place_at(asked, path, self._node)
            if there is None:
                if name.identity == NOTHING or not asked.inode or asked.dev in KERNELS:
                    continue
                there = Place(asked.inode, tidy_device(asked.dev), self._node, "", asked.name, asked.tclass)
                if folder := self.implied(asked):
                    found.setdefault(there._replace(path=folder, name="", sure=False), False)
            found[there] = found.get(there, False) or _removes(asked)
        return tuple(found.items())

    def implied(self, asked: Asked) -> str:
        """Return the one folder of the event's paths with the name of ASKED, a folder; "" if that is not one."""
        if asked.tclass != "dir" or not asked.name or not asked.inode or asked.inode in self._unplaced:
            return ""
        if ENTRY_PERMS.intersection(asked.perms) or "write" in asked.perms:
            # What is written to is the folder of the entry itself.
            folders = {posixpath.dirname(path) for path in self._made}
            named = {folder for folder in folders if posixpath.basename(folder) == asked.name}
        else:
            named = self._above(asked.name)
        if len(named) != 1:
            return ""
        (folder,) = named
        others = [decision.inode for decision in self.pathed if decision.path == folder]
        others += [item.inode for item in self.items if item.name == folder]
        rivals = {
            decision.inode
            for decision in self._decisions
            if decision.tclass == "dir" and decision.name == asked.name
        }
        return folder if {asked.inode}.issuperset(others) and not rivals - {asked.inode, None} else ""

    def _identity(self, asked: Asked, entry: str = "") -> Identity:
        if asked.dev in KERNELS:
            return Identity(asked.dev)
        return Identity(tidy_device(asked.dev), asked.inode or 0, asked.name, self._node, entry)

    @cached_property
    def _paths(self) -> set[str]:
        """The paths of all objects that have one."""
        return {item.name for item in self.items} | {decision.path for decision in self.pathed}

    def _above(self, name: str) -> set[str]:
        """Return the folders called NAME that the objects with a path are in, at any depth, or two of them."""
        found: set[str] = set()
        inside = f"/{name}/"
        for path in self._paths if "/" not in name else ():
            place = path.find(inside)
            # A path may be long, and repeat a name: all its folders together would be much longer.
            while place >= 0 and len(found) < 2:
                place += len(inside) - 1
                found.add(path[:place])
                place = path.find(inside, place)
        return found

    @cached_property
    def _made(self) -> set[str]:
        """The paths of the entries that the event made or removed, else of all objects with a path."""
        return set(self._entries) or {decision.path for decision in self.pathed if decision.tclass != "dir"}

    def _by_inode(self, asked: Asked) -> tuple[str, str, str] | None:
        """Return path, class and nametype of the object with the inode of ASKED, None where not one is told."""
        found = [
            (item.name, class_of(item), item.nametype)
            for item in self.items
            if item.inode == asked.inode and may_be_same(asked.dev, item.dev)
        ]
        found += [(o.path, o.tclass, "") for o in self.pathed if o.inode == asked.inode and o.dev == asked.dev]
        if not found:
            return None
        fitting = [
            (path, tclass, nametype)
            for path, tclass, nametype in found
            if fits_name(path, asked.name) and _fits(asked, tclass)
        ]
        two_names = self._call in _TWO_FOLDERS or not _MOVED.isdisjoint(asked.perms)
        if two_names or len({path for path, _, _ in fitting}) > 1:
            # The two names of what is renamed or linked: the new one is only asked to be added.
            new = "add_name" in asked.perms
            fitting = [(path, tclass, kind) for path, tclass, kind in fitting if (kind == "CREATE") == new]
        return fitting[0] if len({path for path, _, _ in fitting}) == 1 else None

    def _without_inode(self, asked: Asked) -> Named:
        """Name what has no inode yet, or is named in poorer words than the kernel's."""
        if not asked.name:
            return NAMELESS
        if asked.name.startswith("/"):
            # A name of "/" is the root of whatever file system `dev` is, not of the machine.
            return Named(asked.name) if asked.name != "/" else NAMELESS
        path = self._entry_called(asked.name, asked.tclass)
        if path and _searched(asked):
            return Named(posixpath.dirname(path))
        return Named(path)

    def _entry_called(self, name: str, tclass: str = "") -> str:
        """Return the path of the one entry with NAME that the event made or removed, "" if that is not one."""
        for nametype in ("CREATE", "DELETE"):
            if named := {i.name for i in self.items if i.nametype == nametype and fits_name(i.name, name)}:
                return named.pop() if len(named) == 1 else ""
        named = {
            decision.path
            for decision in self.pathed
            if posixpath.basename(decision.path) == name and (not tclass or tclass in ("dir", decision.tclass))
        }
        return named.pop() if len(named) == 1 else ""

    def _of_folder(self, asked: Asked) -> Named:
        """Name the object of a decision about an entry in a folder."""
        itself = not ENTRY_PERMS.issuperset(set(asked.perms) - _SEARCH)
        if asked.path.startswith("/"):
            held = any(posixpath.dirname(path) == asked.path for path in self._made)
            return self._entry_in(asked.path) if itself or held else _entry(asked.path)
        if asked.inode:
            found = self._by_inode(asked)
            if found is not None:
                return self._entry_in(found[0]) if itself or found[2] == "PARENT" else _entry(found[0])
            if itself or self.implied(asked):
                return Named(identity=self._identity(asked, "/" + posixpath.basename(self._only_entry())))
            # The entry of what is moved: as above.
            return NAMELESS if self._call in _TWO_FOLDERS else Named(identity=self._identity(asked))
        if not asked.name:
            return NAMELESS
        if not itself and (path := self._entry_called(asked.name)):
            return _entry(path)
        folders = {posixpath.dirname(path) for path in self._made}
        named = {folder for folder in folders if posixpath.basename(folder) == asked.name}
        if len(named) == 1:
            return self._entry_in(named.pop())
        return NAMELESS if itself else self._beside(asked.name)

    def _beside(self, name: str) -> Named:
        """Name the entry NAME by the one folder that the event writes to, if the call has no second folder."""
        made = any("create" in decision.perms and decision.name == name for decision in self._decisions)
        if self._call in _TWO_FOLDERS or not (self._call or made):
            return NAMELESS
        written = [
            decision
            for decision in self._decisions
            if decision.tclass == "dir"
            and "write" in decision.perms
            and not ENTRY_PERMS.intersection(decision.perms)
        ]
        if len({(decision.dev, decision.inode, decision.name, decision.path) for decision in written}) != 1:
            return NAMELESS
        folder = self.name(written[0])
        if folder.path:
            return _entry(posixpath.join(folder.path, name))
        if folder.identity == NOTHING:
            return NAMELESS
        return Named(identity=folder.identity._replace(entry=f"/{name}"))

    def _only_entry(self, folder: str = "") -> str:
        inside = {path for path in self._made if not folder or posixpath.dirname(path) == folder}
        return inside.pop() if len(inside) == 1 else ""

    def _entry_in(self, folder: str) -> Named:
        return Named(self._only_entry(folder) or posixpath.join(folder, ""), folder)


def _place_at(asked: Asked, path: str, node: str) -> Place | None:
    """Return the place of what ASKED is about, at PATH; None if it is elsewhere, or cannot be told."""
    if not path or not asked.inode or asked.dev in KERNELS or _searched(asked):
        return None
    return Place(asked.inode, tidy_device(asked.dev), node, path, "", asked.tclass)


def _removes(asked: Asked) -> bool:
    return not _REMOVED.isdisjoint(asked.perms)


def _has_another_name(item: PathItem, items: Sequence[PathItem]) -> bool:
    """Say whether ITEM is the new name of an object that has another in the event, whose folder is not known."""
    return item.nametype == "CREATE" and any(
        other.inode == item.inode and not other.name.startswith("/") for other in items
    )


def _searched(asked: Asked) -> bool:
    return asked.tclass == "dir" and _SEARCH.issuperset(asked.perms)


def is_about_entry(asked: Asked) -> bool:
    """Say whether ASKED, of a folder, is about an entry in it."""
    return asked.tclass == "dir" and not ENTRY_PERMS.isdisjoint(asked.perms)


def fits_name(path: str, name: str) -> bool:
    """Say whether the object at PATH may have NAME in a record; "/" is the root of any file system."""
    return name in ("", "/", posixpath.basename(path))


def _fits(asked: Asked, tclass: str) -> bool:
    """Say whether an object of TCLASS ("" unknown) may be what ASKED is about: a folder, or an entry in it."""
    if tclass in ("", asked.tclass) or asked.tclass not in KINDS:
        return True
    return asked.tclass == "dir" and ENTRY_PERMS.union(_SEARCH).issuperset(asked.perms)


def _entry(path: str) -> Named:
    return Named(path, posixpath.dirname(path))
