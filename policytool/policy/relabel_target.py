# SPDX-License-Identifier: GPL-2.0-or-later
"""How objects of an old recording would be labelled under a new skeleton: the target half of the mapping rho.

A new object gets its type as in the kernel (security_compute_sid): from a type_transition of its maker, the type of
its folder and its name, else from its folder. So the makings that were seen are gone through again, from the top of
the tree down, under the new policy. An object that was there before has the type that the new file contexts give
its path. What the daemon labelled itself keeps that label; so does everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename, dirname
from typing import Protocol

from policytool.model.access import AccessVector, Use, merge_vectors, with_uses
from policytool.model.module import FileContext, FileKind
from policytool.model.own_path import KINDS
from policytool.model.paths import is_telling

# Asked of a folder with the path of an entry in it (selinux/hooks.c: may_create, may_link); `search` is asked along
# with them, and when a path is walked, then with the folder's own path.
_ENTRY = frozenset({"add_name", "remove_name"})
_SEARCH = "search"


class Transitions(Protocol):
    """What knows the type_transition rules of a policy; policy.compiled.CompiledPolicy does."""

    def transition(self, source: str, target: str, tclass: str, name: str = "") -> str | None:
        """Return the type of a new object of NAME in a folder of type TARGET, None where no rule says."""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Uses of an access whose object cannot be told, in a vector of their own, and why."""

    vector: AccessVector
    reason: str


@dataclass(frozen=True, slots=True)
class Retargeted:
    """Access vectors with the targets they would have; apart from these, what could not be mapped."""

    vectors: tuple[AccessVector, ...]
    unmapped: tuple[Unmapped, ...] = ()


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What of a new skeleton labels objects.

    `private` are the file contexts of its modules, `before` and `after` the transitions of the base without and
    with it, `domains` those of the modules. `canonical` gives a path the name that file contexts have for it.
    """

    private: tuple[FileContext, ...]
    before: Transitions
    after: Transitions
    domains: frozenset[str]
    canonical: Callable[[str], str]


class TargetMap:
    """Maps the targets of the accesses VECTORS, and of no others, onto SKELETON.

    A private type that a trace names already was there when it was recorded: nothing of that trace is mapped to it.
    """

    def __init__(self, vectors: Iterable[AccessVector], skeleton: Skeleton) -> None:
        every = tuple(vectors) if skeleton.private else ()
        objects = _Objects(every, skeleton)
        self._split = {vector: objects.split(vector) for vector in every if vector.tclass in KINDS}
        self._known = _Known(self._split)

    def map(self, vector: AccessVector) -> Retargeted:
        """Return VECTOR with the target that it would have, in parts where it would have several."""
        uses = self._split.get(vector)
        if uses is None or not self._known.concerned(vector):
            return Retargeted((vector,))
        by_type: dict[str, list[tuple[Use, int]]] = {}
        for use, count, type_ in uses:
            told = type_ or self._known.guess(vector, use)
            by_type.setdefault(told, []).append((use, count))
        rest = vector.evidence.count - sum(count for _, count, _ in uses)
        unclear = by_type.pop("", [])
        if rest:
            by_type.setdefault(vector.target.type_, [])
        mapped = tuple(
            _part(vector, type_, part, rest if type_ == vector.target.type_ else 0)
            for type_, part in sorted(by_type.items())
        )
        if not unclear:
            return Retargeted(mapped)
        unmapped = Unmapped(_part(vector, vector.target.type_, unclear, 0), self._known.reason(vector))
        return Retargeted(mapped, (unmapped,))


def relabel_targets(vectors: Iterable[AccessVector], targets: TargetMap) -> Retargeted:
    """Map VECTORS, all of which TARGETS must know, and join what has become one access."""
    parts = [targets.map(vector) for vector in vectors]
    return Retargeted(
        merge_vectors(vector for part in parts for vector in part.vectors),
        tuple(one for part in parts for one in part.unmapped),
    )


def _part(vector: AccessVector, type_: str, uses: list[tuple[Use, int]], rest: int) -> AccessVector:
    return with_uses(vector, replace(vector.target, type_=type_), uses, rest)


class _Objects:
    """The objects of the recording and their types under the new skeleton."""

    def __init__(self, vectors: Sequence[AccessVector], skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        self._patterns = [
            (re.compile(one.pattern), one.kind, one.context.type_) for one in _specific(skeleton.private)
        ]
        self._private = frozenset(one.context.type_ for one in skeleton.private)
        self._made: dict[tuple[str, str, str], set[str]] = {}
        self._parents: dict[str, set[str]] = {}
        self._entries: set[tuple[str, str, Use]] = set()
        self._own_labels: set[str] = set()
        self._there: set[tuple[str, str]] = set()
        self._new: dict[tuple[str, str, str], str] = {}
        self._matched: dict[tuple[str, FileKind], str] = {}
        for vector in vectors:
            self._look(vector)

    def split(self, vector: AccessVector) -> list[tuple[Use, int, str]]:
        """Return the uses of VECTOR with count and new type of the object, "" where no path tells which it is."""
        old = vector.target.type_
        found = []
        for use, count in vector.evidence.uses:
            if not is_telling(use.path):
                found.append((use, count, ""))
                continue
            path = self._skeleton.canonical(use.path)
            if vector.tclass == "dir" and self._is_entry(vector, use):
                path = dirname(path)
            type_ = self._type(path, vector.tclass, old)
            there = type_ in self._private and (use.trace, type_) in self._there
            found.append((use, count, old if there else type_))
        return found

    def _look(self, vector: AccessVector) -> None:
        source, old = vector.source.type_, vector.target.type_
        if vector.tclass not in KINDS:
            return
        if vector.perm == "relabelto" and source in self._skeleton.domains:
            self._own_labels.add(old)
        for use, _ in vector.evidence.uses:
            if old in self._private:
                self._there.add((use.trace, old))
            if not is_telling(use.path):
                continue
            path = self._skeleton.canonical(use.path)
            if vector.tclass == "dir" and vector.perm in _ENTRY:
                self._entries.add((source, old, use))
                self._parents.setdefault(path, set()).add(old)
            elif vector.perm == "create":
                self._made.setdefault((path, vector.tclass, old), set()).add(source)

    def _is_entry(self, vector: AccessVector, use: Use) -> bool:
        if vector.perm in _ENTRY:
            return True
        return vector.perm == _SEARCH and (vector.source.type_, vector.target.type_, use) in self._entries

    def _type(self, path: str, tclass: str, old: str) -> str:
        """Return the new type of the object of TCLASS at PATH, which had the type OLD."""
        key = (path, tclass, old)
        if key not in self._new:
            self._new[key] = old  # for a path that would end in itself
            self._new[key] = self._made_anew(path, tclass, old) or self._there_before(path, tclass, old)
        return self._new[key]

    def _made_anew(self, path: str, tclass: str, old: str) -> str | None:
        """Return what making the object again gives; None if it was not made in the recording as OLD."""
        makers = self._made.get((path, tclass, old))
        if not makers:
            return None
        name, skeleton, found = basename(path), self._skeleton, set()
        for parent in self._parents.get(path, ()):
            new_parent = self._type(dirname(path), "dir", parent)
            for maker in makers:
                if old in (parent, skeleton.before.transition(maker, parent, tclass, name)):
                    found.add(skeleton.after.transition(maker, new_parent, tclass, name) or new_parent)
        return min(found) if found else None

    def _there_before(self, path: str, tclass: str, old: str) -> str:
        if old in self._own_labels or old in self._private:
            return old
        if private := self._match(path, KINDS[tclass]):
            return private
        # Moved in, or made unseen: as the folder it is in, if that was made as OLD in the recording.
        above = dirname(path)
        if above != path and (above, "dir", old) in self._made:
            return self._type(above, "dir", old)
        return old

    def _match(self, path: str, kind: FileKind) -> str:
        if (path, kind) not in self._matched:
            self._matched[path, kind] = next(
                (
                    type_
                    for pattern, of_kind, type_ in self._patterns
                    if of_kind in (FileKind.ANY, kind) and pattern.fullmatch(path)
                ),
                "",
            )
        return self._matched[path, kind]


class _Known:
    """What the uses with a path say about those without one."""

    def __init__(self, split: Mapping[AccessVector, list[tuple[Use, int, str]]]) -> None:
        self._types: dict[tuple[str, ...], set[str]] = {}
        self._moved: set[tuple[str, ...]] = set()
        for vector, uses in split.items():
            for use, _, type_ in uses:
                if type_:
                    for level in _levels(vector, use):
                        self._types.setdefault(level, set()).add(type_)
                    if type_ != vector.target.type_:
                        self._moved.add(vector.key[:3])

    def concerned(self, vector: AccessVector) -> bool:
        """Say whether any object of the source, target type and class of VECTOR has another type now."""
        return vector.key[:3] in self._moved

    def guess(self, vector: AccessVector, use: Use) -> str:
        """Return the type of the object of a USE without a path, "" where it cannot be told.

        It is one of the objects that the same program, else the same domain, was seen to ask the same permission
        of; else one of those that it was seen to ask for anything.
        """
        old = vector.target.type_
        for same_perm, level in zip((True, True, False, False), _levels(vector, use), strict=True):
            types = self._types.get(level, set())
            if len(types) == 1:
                return next(iter(types))
            if types:
                return old if same_perm and old in types else ""
        return old

    def reason(self, vector: AccessVector) -> str:
        """Say what the object may be, and whether it matters."""
        same = self._types.get(vector.key, set())
        types = sorted(same or self._types.get(vector.key[:3], set()))
        allowed = ", on each of which it was seen" if same else ""
        return f"no path names the object, which is one of {', '.join(types)} now{allowed}"


def _levels(vector: AccessVector, use: Use) -> Iterator[tuple[str, ...]]:
    yield (*vector.key, use.program)
    yield vector.key
    yield (*vector.key[:3], "", use.program)
    yield vector.key[:3]


def _specific(entries: Iterable[FileContext]) -> list[FileContext]:
    """Return ENTRIES with the more specific ones first: those of longer paths."""
    return sorted(entries, key=lambda one: (-len(one.pattern.removesuffix("(/.*)?")), one))
