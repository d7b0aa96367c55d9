# SPDX-License-Identifier: GPL-2.0-or-later
"""The paths of an event's records, made absolute: those of decisions, and the names in PATH records."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from policytool.model.event import PathItem

_UNTIDY = re.compile(r"//|/\.|/$")

# Where a call has the folders that its relative paths begin in (include/linux/syscalls.h), and what stands for the
# current one (AT_FDCWD), as audit prints it.
_ONE_FOLDER = (
    "execveat faccessat faccessat2 fchmodat fchmodat2 fchownat fstatat fstatat64 futimesat mkdirat mknodat "
    "mount_setattr name_to_handle_at newfstatat open_tree openat openat2 readlinkat statx unlinkat utimensat"
)
_FOLDERS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(_ONE_FOLDER.split(), (0,)),
    "fanotify_mark": (3,),
    "linkat": (0, 2),
    "renameat": (0, 2),
    "renameat2": (0, 2),
    "symlinkat": (1,),
}
_CURRENT = frozenset({0xFFFFFF9C, 0xFFFFFFFFFFFFFF9C})


def tidy(path: str, cwd: str) -> str:
    """Return PATH absolute, against CWD where that is known, and without `.`, `..` and doubled slashes."""
    if not path.startswith("/"):
        if not path or not cwd.startswith("/"):
            return path
        path = f"{cwd}/{path}"
    elif not _UNTIDY.search(path):
        return path
    return "/" + posixpath.normpath(path).lstrip("/")


def path_of_decision(path: str, avc_path: str = "") -> str:
    """Return the path of a decision by its own record's PATH, else by AVC_PATH, of the event's AVC_PATH record."""
    return tidy(path or (avc_path if avc_path.startswith("/") else ""), "")


def named_from(item: PathItem, folder: str) -> PathItem:
    """Return ITEM, of a PATH record, with its name absolute; a relative one begins in FOLDER ("": unknown)."""
    name = tidy(item.name, folder)
    return item if name == item.name else replace(item, name=name)


def begin_in_cwd(call: str, args: Callable[[], Sequence[int]]) -> bool:
    """Say whether relative paths of the system call CALL begin in the current folder; so if ARGS are unknown.

    ARGS are only asked for where CALL can be given another folder.
    """
    places = _FOLDERS.get(call)
    if places is None:
        return True
    known = args()
    return not known or all(known[place] in _CURRENT for place in places)
