# SPDX-License-Identifier: GPL-2.0-or-later
"""Who changed what in the file system, read off access vectors: the ground on which paths have owners.

The path of a use names the object, but for the permissions that a directory is asked for a name in it: there it is
the path of the name (selinux/hooks.c: may_create and may_link pass the new or the old entry, not the directory).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from posixpath import dirname

from policytool.model.access import AccessVector
from policytool.model.own_path import ENTRY_PERMS, KINDS
from policytool.model.paths import is_telling

# Whoever does this to an object changes it; for writing see `_writes`.
_CHANGES = frozenset({"create", "unlink", "rename", "link", "rmdir", "setattr", "reparent"})
_WRITES = frozenset({"write", "append"})


@dataclass(slots=True)
class Touched:
    """What was seen of the paths of a file system, by canonical path.

    `created` has (domain, class, type) of each new object, `changed` the (domain, type of the object) of whoever
    changed a directory's entries or one of the files in it, by directory; `files` the same by file. `users` are the
    domains that asked for a path at all, with the traces in which they did; `traces` are all in which a domain was
    seen. `renamed` has the paths renamed in a directory, `types` those of an object, `parents` the types that the
    directory of a path had when its entry was made or removed. `relabelled` are the types that a domain gave
    objects itself. `blind` are (domain, type) with changes whose paths are not all known.
    """

    created: dict[str, set[tuple[str, str, str]]] = field(default_factory=dict)
    changed: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    users: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    traces: dict[str, set[str]] = field(default_factory=dict)
    renamed: dict[str, set[str]] = field(default_factory=dict)
    parents: dict[str, set[str]] = field(default_factory=dict)
    types: dict[str, set[str]] = field(default_factory=dict)
    relabelled: dict[str, set[str]] = field(default_factory=dict)
    blind: set[tuple[str, str]] = field(default_factory=set)


def touched(vectors: Iterable[AccessVector], canonical: Callable[[str], str]) -> Touched:
    """Return what VECTORS show; CANONICAL gives the one name of a path that has several (/var/run)."""
    names: dict[str, str] = {}

    def named(path: str) -> str:
        """Return the one name of PATH, "" where it tells no place. A path is in many uses."""
        name = names.get(path)
        if name is None:
            name = names[path] = canonical(path) if is_telling(path) else ""
        return name

    seen = Touched()
    told: list[tuple[AccessVector, tuple[str, ...]]] = []
    opened: set[tuple[str, str]] = set()
    for vector in vectors:
        if vector.tclass not in KINDS:
            continue
        source = vector.source.type_
        traces = seen.traces.setdefault(source, set())
        paths: dict[str, set[str]] = {}
        for use, _ in vector.evidence.uses:
            traces.add(use.trace)
            if path := named(use.path):
                paths.setdefault(path, set()).add(use.trace)
        for path, among in paths.items():
            seen.users.setdefault(path, {}).setdefault(source, set()).update(among)
        if vector.perm == "open":
            opened.update((source, path) for path in paths)
        told.append((vector, tuple(paths)))
    for vector, touched_paths in told:
        source, target, perm = vector.source.type_, vector.target.type_, vector.perm
        if perm == "relabelto":
            seen.relabelled.setdefault(source, set()).add(target)
        if perm in ENTRY_PERMS and vector.tclass == "dir":
            _entries(seen, vector, touched_paths)
        elif perm in _CHANGES or (perm in _WRITES and vector.tclass == "file"):
            if not vector.evidence.whole:
                seen.blind.add((source, target))
            for path in touched_paths:
                # Who writes without having opened the file was handed the descriptor, and writes for its giver.
                if perm in _CHANGES or (source, path) in opened:
                    _change(seen, vector, path)
    return seen


def _entries(seen: Touched, vector: AccessVector, paths: Iterable[str]) -> None:
    source, target = vector.source.type_, vector.target.type_
    if not vector.evidence.whole:
        seen.blind.add((source, target))
    for path in paths:
        seen.changed.setdefault(dirname(path), set()).add((source, target))
        if not path.endswith("/"):
            seen.parents.setdefault(path, set()).add(target)


def _change(seen: Touched, vector: AccessVector, path: str) -> None:
    source, target = vector.source.type_, vector.target.type_
    seen.types.setdefault(path, set()).add(target)
    if vector.perm == "create":
        seen.created.setdefault(path, set()).add((source, vector.tclass, target))
    if vector.perm == "rename":
        seen.renamed.setdefault(dirname(path), set()).add(path)
    place = path if vector.tclass == "dir" else dirname(path)
    if vector.tclass == "dir" and vector.perm in ("create", "rmdir", "rename"):
        place = dirname(path)
    seen.changed.setdefault(place, set()).add((source, target))
    if vector.tclass != "dir":
        seen.files.setdefault(path, set()).add((source, target))
