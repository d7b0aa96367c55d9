# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of the file system and what their labels are to a daemon: values, and who answers for file contexts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from policytool.model.module import FileKind
from policytool.model.rules import TypeTransition

# Classes of objects in the file system, and the file context kind of each. Devices are never a daemon's own.
KINDS: Mapping[str, FileKind] = {
    "file": FileKind.FILE,
    "dir": FileKind.DIR,
    "lnk_file": FileKind.SYMLINK,
    "sock_file": FileKind.SOCKET,
    "fifo_file": FileKind.PIPE,
}
CLASSES: Mapping[FileKind, str] = {kind: tclass for tclass, kind in KINDS.items()}

# Asked of a directory for an entry in it: what the record names is the entry.
ENTRY_PERMS = frozenset({"add_name", "remove_name"})

# Where the Filesystem Hierarchy Standard and systemd's file-hierarchy(7) have services keep what is theirs, and the
# end of the name of a type for it in refpolicy. These folders themselves are everybody's.
PLACES: Mapping[str, str] = {
    "/run/systemd/system": "unit_t",
    "/etc/systemd/system": "unit_t",
    "/usr/lib/systemd/system": "unit_t",
    "/var/lock": "lock_t",
    "/run/lock": "lock_t",
    "/run": "runtime_t",
    "/var/run": "runtime_t",
    "/etc": "conf_t",
    "/var/lib": "var_lib_t",
    "/var/cache": "cache_t",
    "/var/log": "log_t",
    "/var/spool": "spool_t",
    "/var/tmp": "tmp_t",  # noqa: S108 -- the name of a place, nothing is written there
    "/tmp": "tmp_t",  # noqa: S108 -- the same
}


class Labels(Protocol):
    """What answers for the file contexts of the base; toolchain.labels.FileContextLabels over libselinux does."""

    def types(self, paths: Iterable[str], kind: FileKind) -> Mapping[str, str]:
        """Return the type that each of PATHS gets as an object of KIND, "" where the file contexts give none."""

    def below(self, path: str) -> frozenset[str]:
        """Return the types that the file contexts name for paths below PATH, as far as their text shows."""

    def canonical(self, path: str) -> str:
        """Return the name that the file contexts have for PATH, which may have another one (/var/run)."""

    @property
    def patterns(self) -> frozenset[str]:
        """The patterns of the file contexts."""


@dataclass(frozen=True, slots=True, order=True)
class OwnPath:
    """A path that is one daemon's: a directory stands for everything in it.

    A path that is not LABELLED (a temporary name) gets its type from a transition only.
    """

    path: str
    kind: FileKind
    labelled: bool = True

    def holds(self, path: str) -> bool:
        """Say whether PATH is this path, or in this directory."""
        return path == self.path or (self.kind is FileKind.DIR and path.startswith(f"{self.path}/"))


@dataclass(frozen=True, slots=True, order=True)
class PrivateType:
    """A type of one daemon for its OWN paths.

    `replaced` are the types of the base in whose place it is, each with the class of the objects that had it; ""
    stands for objects of any class, in a directory.
    """

    name: str
    own: tuple[OwnPath, ...]
    replaced: tuple[tuple[str, str], ...]
    attributes: tuple[str, ...]

    @property
    def replaces(self) -> tuple[str, ...]:
        """The types that it replaces, sorted."""
        return tuple(sorted({type_ for type_, _ in self.replaced}))


@dataclass(frozen=True, slots=True)
class Labelling:
    """What labels one daemon's objects: its private types, and the transitions that new objects get them by.

    TRANSITIONS also give what the daemon creates the types that the file contexts of the base have for it.
    `optional` are those from a type that another daemon's module declares, by that type.
    """

    private: tuple[PrivateType, ...] = ()
    transitions: tuple[TypeTransition, ...] = ()
    optional: tuple[tuple[str, TypeTransition], ...] = ()
