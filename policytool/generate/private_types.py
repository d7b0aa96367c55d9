# SPDX-License-Identifier: GPL-2.0-or-later
"""Private types for a daemon's own paths: names, attributes, and the transitions by which new objects get them.

A private type carries only attributes that every type it replaces carries, so that nobody reaches it through an
attribute who could not reach the path before: what the init system, tmpfiles and setfiles do to every runtime file,
log or file goes on, and everybody who was let in by the old type's own name is not let in any more (see
generate.kept_out). Of these it takes what at least half of its peers have, the types of the base in the same folder
of the hierarchy: being a mount point, say, is a property of /var/lib and not of what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname

from policytool.graph.own_paths import Found, root_of
from policytool.graph.touched import Touched
from policytool.model.daemon import Daemon
from policytool.model.module import FileKind
from policytool.model.own_path import CLASSES, PLACES, Labelling, Labels, OwnPath, PrivateType
from policytool.model.paths import SUBTREE, ancestors, escaped
from policytool.model.rules import TypeTransition
from policytool.policy.compiled import CompiledPolicy

# Attributes that the conversion of compiled modules makes up (libsepol, module_to_cil.c); no source can name them.
_MADE_UP = re.compile(r"_typeattr_\d+$")

_Key = tuple[str, str, str]


@dataclass(slots=True)
class _Draft:
    """The transitions of one daemon so far: (type of the folder, class, name) to type."""

    domain: str
    chosen: dict[_Key, str]
    optional: dict[tuple[str, _Key], str]


class PrivateTypes:
    """Makes the labelling of each daemon from what was FOUND to be whose."""

    def __init__(
        self,
        daemons: Sequence[Daemon],
        found: Mapping[str, Found],
        seen: Touched,
        labels: Labels,
        policy: CompiledPolicy,
    ) -> None:
        """DAEMONS with their paths in FOUND, by domain; POLICY and LABELS are those of the base."""
        self._found = found
        self._seen = seen
        self._labels = labels
        self._policy = policy
        self._names = {daemon.domain: daemon.name for daemon in daemons}
        self._peers: dict[str, frozenset[str]] = {}
        folders = [
            (own, domain) for domain, paths in found.items() for own in paths.own if own.kind is FileKind.DIR
        ]
        self._folders = {own.path: self._name(domain, own.path) for own, domain in folders}
        self._ask()

    def labelling(self, daemon: Daemon) -> Labelling:
        """Return the private types of DAEMON, and its transitions; nothing for one without a path of its own."""
        found = self._found[daemon.domain]
        draft = _Draft(daemon.domain, {}, {})
        kept = [own for own in found.own if self._place(draft, own, found.own)]
        for made in found.made:
            self._keep_label(draft, made)
        private = tuple(self._private_types(daemon.domain, kept))
        names = {type_.name for type_ in private}
        return Labelling(
            private,
            tuple(sorted(self._transition(draft, key, type_, names) for key, type_ in _needed(draft.chosen))),
            tuple(
                sorted(
                    (foreign, self._transition(draft, (foreign, *key[1:]), type_, names))
                    for (foreign, key), type_ in draft.optional.items()
                )
            ),
        )

    def _name(self, domain: str, path: str) -> str:
        root = root_of(path) or ""
        name = f"{self._names[domain]}_{PLACES[root]}"
        return f"{self._names[domain]}_own_{PLACES[root]}" if self._policy.resolve(name) else name

    def _ask(self) -> None:
        """Ask for all labels at once; each question is a process."""
        wanted: dict[FileKind, set[str]] = {}
        for found in self._found.values():
            for own_or_made in (*found.own, *found.made):
                wanted.setdefault(own_or_made.kind, set()).add(own_or_made.path)
                wanted.setdefault(FileKind.DIR, set()).add(dirname(own_or_made.path))
        self._types = {
            (path, kind): type_
            for kind, paths in wanted.items()
            for path, type_ in self._labels.types(paths, kind).items()
        }

    def _parents(self, path: str) -> tuple[str, ...]:
        """Return the types of the folder PATH is in: as the file contexts have it, else as it was seen."""
        type_ = self._types[dirname(path), FileKind.DIR]
        return (type_,) if type_ else tuple(sorted(self._seen.parents.get(path, set()) & self._policy.types))

    def _replaced(self, own: OwnPath) -> tuple[str, ...]:
        type_ = self._types[own.path, own.kind]
        return (type_,) if type_ else self._parents(own.path)

    def _place(self, draft: _Draft, own: OwnPath, all_own: tuple[OwnPath, ...]) -> bool:
        """Add the transitions for OWN; False if it cannot have a private type after all."""
        type_ = self._name(draft.domain, own.path)
        parents = self._parents(own.path)
        pattern = escaped(own.path)
        if not self._replaced(own) or {pattern, pattern + SUBTREE} & self._labels.patterns:
            return False
        name = basename(own.path) if own.labelled else ""
        keys = [(parent, CLASSES[own.kind], name) for parent in parents]
        if not own.labelled and not all(self._all_private(draft.domain, key, type_, all_own) for key in keys):
            return False
        if any(draft.chosen.get(key, type_) != type_ for key in keys):
            return False  # ambiguous: same name, same parent type
        draft.chosen |= dict.fromkeys(keys, type_)
        above = next((folder for folder in ancestors(own.path) if folder in self._folders), None)
        foreign = self._folders[above] if above else ""
        if foreign and foreign != type_:
            draft.optional |= {(foreign, key): type_ for key in keys[:1]}
        return True

    def _all_private(self, domain: str, key: _Key, type_: str, all_own: tuple[OwnPath, ...]) -> bool:
        """Say whether everything of the class that DOMAIN makes in folders of the type is to get TYPE_."""
        parent, tclass, _ = key
        mine = {own.path for own in all_own if self._name(domain, own.path) == type_}
        return all(
            path in mine
            for path, made in self._seen.created.items()
            if parent in self._seen.parents.get(path, ())
            and any(source == domain and made_as == tclass for source, made_as, _ in made)
        )

    def _keep_label(self, draft: _Draft, made: OwnPath) -> None:
        """Let what is MADE have the type that the file contexts of the base give it, where nothing else does."""
        type_, tclass, name = self._types[made.path, made.kind], CLASSES[made.kind], basename(made.path)
        seen_as = {seen for _, made_as, seen in self._seen.created.get(made.path, ()) if made_as == tclass}
        for parent in self._parents(made.path):
            # Of another type than the folder: the daemon says itself what the object is (setfscreatecon).
            inherited = seen_as <= {parent, type_} | self._seen.parents.get(made.path, set())
            given = self._policy.transition(draft.domain, parent, tclass, name)
            if type_ and type_ != parent and inherited and given != type_:
                draft.chosen.setdefault((parent, tclass, name), type_)

    def _private_types(self, domain: str, kept: Iterable[OwnPath]) -> Iterator[PrivateType]:
        by_name: dict[str, list[OwnPath]] = {}
        for own in kept:
            by_name.setdefault(self._name(domain, own.path), []).append(own)
        for name, paths in sorted(by_name.items()):
            replaced = {
                (type_, "" if own.kind is FileKind.DIR else CLASSES[own.kind])
                for own in paths
                for type_ in self._replaced(own)
            }
            roots = {root for own in paths if (root := root_of(own.path))}
            attributes = self._attributes(sorted({type_ for type_, _ in replaced}), roots)
            yield PrivateType(name, tuple(sorted(paths)), tuple(sorted(replaced)), attributes)

    def _attributes(self, replaces: Sequence[str], roots: Iterable[str]) -> tuple[str, ...]:
        shared = frozenset.intersection(*(self._policy.attributes_of(type_) for type_ in replaces))
        peers = frozenset[str]().union(*(self._below(root) for root in roots)) & self._policy.types
        return tuple(
            sorted(
                attribute
                for attribute in shared
                if not _MADE_UP.search(attribute)
                and 2 * len(peers & self._policy.attributes[attribute]) >= len(peers)
            )
        )

    def _below(self, root: str) -> frozenset[str]:
        if root not in self._peers:
            self._peers[root] = self._labels.below(root)
        return self._peers[root]

    def _transition(self, draft: _Draft, key: _Key, type_: str, private: set[str]) -> TypeTransition:
        parent, tclass, name = key
        reason = "its own" if type_ in private else "as the file contexts of the base have it"
        return TypeTransition(draft.domain, parent, tclass, type_, name, reason)


def _needed(chosen: Mapping[_Key, str]) -> Iterator[tuple[_Key, str]]:
    """Leave out names that a transition without a name gives the same type."""
    for (parent, tclass, name), type_ in chosen.items():
        if not name or chosen.get((parent, tclass, "")) != type_:
            yield (parent, tclass, name), type_
