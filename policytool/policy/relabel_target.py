# SPDX-License-Identifier: GPL-2.0-or-later
"""How objects of an old recording would be labelled under a new skeleton: the target half of the mapping rho.

A new object gets its type as in the kernel (security_compute_sid): from a type_transition of its maker, the type of
its folder and its name, else from its folder. So the makings that were seen are gone through again, from the top of
the tree down, under the new policy. An object that was there before has the type that the new file contexts give
its path. What the daemon labelled itself keeps that label; so does everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename, dirname
from typing import Protocol

from policytool.model.access import AccessVector, Use, merge_vectors, with_uses
from policytool.model.module import FileContext, FileKind
from policytool.model.own_path import ENTRY_PERMS, KINDS
from policytool.model.paths import is_telling, literal_start


class Transitions(Protocol):
    """What knows the type_transition rules of a policy; policy.compiled.CompiledPolicy does."""

    def transition(self, source: str, target: str, tclass: str, name: str = "") -> str | None:
        """Return the type of a new object of NAME in a folder of type TARGET, None where no rule says."""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Uses of an access whose object cannot be told, in a vector of their own, and which it may be."""

    vector: AccessVector
    reason: str


@dataclass(frozen=True, slots=True)
class Retargeted:
    """Access vectors with the targets they would have.

    What could not be mapped is among them as it was seen, for the rule on the old type has to stay, and is listed.
    """

    vectors: tuple[AccessVector, ...]
    unmapped: tuple[Unmapped, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class ReplacedType:
    """Objects of type OLD and TCLASS ("": any) that may have the type NEW now: that of NAME, "" where it is any."""

    old: str
    tclass: str
    new: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What of a new skeleton labels objects.

    `private` are the file contexts of its modules, `replaced` the types that the base has in their places. `before`
    and `after` are the transitions of the base without and with it, `domains` those of the modules. `canonical`
    gives a path the name that file contexts have for it.
    """

    private: tuple[FileContext, ...]
    replaced: tuple[ReplacedType, ...]
    before: Transitions
    after: Transitions
    domains: frozenset[str]
    canonical: Callable[[str], str]


class TargetMap:
    """Maps the targets of the accesses VECTORS, and of no others, onto SKELETON.

    A private type that a trace names already was there when it was recorded: nothing of that trace is mapped to it.
    """

    def __init__(self, vectors: Iterable[AccessVector], skeleton: Skeleton) -> None:
        every = tuple(vectors)
        objects = _Objects(every, skeleton)
        self._split = {vector: objects.split(vector) for vector in every if vector.tclass in KINDS}
        self._doubts = _Doubts(self._split, skeleton.replaced, objects)

    def map(self, vector: AccessVector) -> Retargeted:
        """Return VECTOR with the target that it would have, in parts where it would have several."""
        uses = self._split.get(vector)
        if uses is None:
            return Retargeted((vector,))
        old = vector.target.type_
        by_type: dict[str, list[tuple[Use, int]]] = {}
        unclear: list[tuple[Use, int]] = []
        doubts: set[str] = set()
        for use, count, type_ in uses:
            by_type.setdefault(type_ or old, []).append((use, count))
            if not type_ and (new := self._doubts.types(vector, use)):
                unclear.append((use, count))
                doubts |= new
        # Uses that are not known any more.
        rest = vector.evidence.count - sum(count for _, count, _ in uses)
        listed = 0
        if rest:
            by_type.setdefault(old, [])
            if new := self._doubts.types(vector, None):
                listed = rest
                doubts |= new
        mapped = tuple(
            _part(vector, type_, part, rest if type_ == old else 0) for type_, part in sorted(by_type.items())
        )
        if len(mapped) == 1 and mapped[0].target == vector.target:
            mapped = (vector,)
        if not doubts:
            return Retargeted(mapped)
        unmapped = Unmapped(_part(vector, old, unclear, listed), self._doubts.reason(vector, doubts))
        return Retargeted(mapped, (unmapped,))


def relabel_targets(vectors: Iterable[AccessVector], targets: TargetMap) -> Retargeted:
    """Map VECTORS, all of which TARGETS must know, and join what has become one access."""
    parts = [targets.map(vector) for vector in vectors]
    return Retargeted(
        merge_vectors(vector for part in parts for vector in part.vectors),
        tuple(unmapped for part in parts for unmapped in part.unmapped),
    )


def _part(vector: AccessVector, type_: str, uses: list[tuple[Use, int]], rest: int) -> AccessVector:
    return with_uses(vector, replace(vector.target, type_=type_), uses, rest)


class _Objects:
    """The objects of the recording and their types under the new skeleton."""

    def __init__(self, vectors: Sequence[AccessVector], skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        entries = _specific(skeleton.private)
        self._patterns = [(re.compile(entry.pattern), entry.kind, entry.context.type_) for entry in entries]
        # What begins otherwise is matched by none of them, and that is most paths.
        self._starts = tuple(_start(entry.pattern) for entry in entries)
        self._private = frozenset(entry.context.type_ for entry in skeleton.private)
        # (path, class, old type) of what was made, and its makers by trace.
        self._made: dict[tuple[str, str, str], dict[str, set[str]]] = {}
        self._parents: dict[str, set[str]] = {}
        self._own_labels: set[str] = set()
        self._there: set[tuple[str, str]] = set()
        self._new: dict[tuple[str, str, str, str], str] = {}
        self._matched: dict[tuple[str, FileKind], str] = {}
        for vector in vectors:
            self._look(vector)

    def split(self, vector: AccessVector) -> list[tuple[Use, int, str]]:
        """Return the uses of VECTOR with count and new type of the object, "" where it cannot be told."""
        old = vector.target.type_
        found = []
        for use, count in vector.evidence.uses:
            if not is_telling(use.path):
                found.append((use, count, ""))
                continue
            path = self._skeleton.canonical(use.path)
            if vector.tclass == "dir" and vector.perm in ENTRY_PERMS:
                path = dirname(path)
            type_ = self._type(path, vector.tclass, old, use.trace)
            found.append((use, count, old if self.was_there(type_, use.trace) else type_))
        return found

    def was_there(self, type_: str, trace: str) -> bool:
        """Say whether the private type TYPE_ was there when TRACE was recorded."""
        return type_ in self._private and (trace, type_) in self._there

    def is_fixed(self, type_: str) -> bool:
        """Say whether objects of TYPE_ keep it: it is private, or a daemon sets it itself."""
        return type_ in self._private or type_ in self._own_labels

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
            if vector.tclass == "dir" and vector.perm in ENTRY_PERMS:
                self._parents.setdefault(path, set()).add(old)
            elif vector.perm == "create":
                makers = self._made.setdefault((path, vector.tclass, old), {})
                makers.setdefault(use.trace, set()).add(source)

    def _type(self, path: str, tclass: str, old: str, trace: str) -> str:
        """Return the new type of the object of TCLASS at PATH, OLD in TRACE; "" if it may be several."""
        key = (path, tclass, old, trace)
        if key not in self._new:
            self._new[key] = old  # for a path that would end in itself
            made = self._made_anew(path, tclass, old, trace)
            self._new[key] = self._there_before(path, tclass, old, trace) if made is None else made
        return self._new[key]

    def _made_anew(self, path: str, tclass: str, old: str, trace: str) -> str | None:
        """Return what making the object again gives, "" if that is several; None if it was not made as OLD.

        What was not made in TRACE was made in another one before; which of them is not known.
        """
        by_trace = self._made.get((path, tclass, old))
        if not by_trace:
            return None
        makers = by_trace.get(trace) or set().union(*by_trace.values())
        name, skeleton, found = basename(path), self._skeleton, set()
        for parent in self._parents.get(path, ()):
            new_parent = self._type(dirname(path), "dir", parent, trace)
            for maker in makers:
                if old == parent or old == skeleton.before.transition(maker, parent, tclass, name):
                    found.add(skeleton.after.transition(maker, new_parent, tclass, name) or new_parent)
        if not found:
            return None
        return found.pop() if len(found) == 1 else ""

    def _there_before(self, path: str, tclass: str, old: str, trace: str) -> str:
        if old in self._own_labels or old in self._private:
            return old
        if private := self._match(path, KINDS[tclass]):
            return private
        # Moved in, or made unseen: as the folder it is in, if that was made as OLD in the recording.
        above = dirname(path)
        if above != path and (above, "dir", old) in self._made:
            return self._type(above, "dir", old, trace)
        return old

    def _match(self, path: str, kind: FileKind) -> str:
        if (path, kind) not in self._matched:
            self._matched[path, kind] = self._first(path, kind) if path.startswith(self._starts) else ""
        return self._matched[path, kind]

    def _first(self, path: str, kind: FileKind) -> str:
        for pattern, of_kind, type_ in self._patterns:
            if of_kind in (FileKind.ANY, kind) and pattern.fullmatch(path):
                return type_
        return ""


class _Doubts:
    """Which private types an object that cannot be told may have now."""

    def __init__(
        self,
        split: Mapping[AccessVector, list[tuple[Use, int, str]]],
        replaced: Iterable[ReplacedType],
        objects: _Objects,
    ) -> None:
        self._objects = objects
        self._seen: dict[tuple[str, ...], set[str]] = {}
        every = set(replaced)
        for vector, uses in split.items():
            old = vector.target.type_
            for _, _, type_ in uses:
                if type_:
                    self._seen.setdefault(vector.key, set()).add(type_)
                if type_ not in ("", old):
                    every.add(ReplacedType(old, vector.tclass, type_))
        self._replaced: dict[str, list[ReplacedType]] = {}
        for replaced_type in sorted(every):
            self._replaced.setdefault(replaced_type.old, []).append(replaced_type)

    def types(self, vector: AccessVector, use: Use | None) -> set[str]:
        """Return the private types that the object of USE, which cannot be told, may have; None is any use."""
        old = vector.target.type_
        if self._objects.is_fixed(old) or (use and use.identity.dev and not use.identity.inode):
            return set()
        name = use.identity.name if use and not use.identity.entry else ""
        return {
            replaced.new
            for replaced in self._replaced.get(old, ())
            if replaced.tclass in ("", vector.tclass)
            and (not name or replaced.name in ("", name))
            and not (use and self._objects.was_there(replaced.new, use.trace))
        }

    def reason(self, vector: AccessVector, doubts: set[str]) -> str:
        """Say what the object may be, and whether it matters."""
        old = vector.target.type_
        seen = doubts | {old} <= self._seen.get(vector.key, set())
        return (
            f"no path, and not device, inode and name, tell the object, which may be {' or '.join(sorted(doubts))} "
            f"now{', on each of which it was seen' if seen else ''}; the rule on {old} stays"
        )


# Several beginnings, or a class of characters (\d).
_CHOICE = re.compile(r"\||\\\w")


def _start(pattern: str) -> str:
    """Return what every path begins with that PATTERN matches, as far as that is easy to tell."""
    return "" if _CHOICE.search(pattern) else literal_start(pattern)


def _specific(entries: Iterable[FileContext]) -> list[FileContext]:
    """Return ENTRIES with the more specific ones first: those of longer paths."""
    return sorted(entries, key=lambda entry: (-len(entry.pattern.removesuffix("(/.*)?")), entry))
