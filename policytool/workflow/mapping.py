# SPDX-License-Identifier: GPL-2.0-or-later
"""Private types put together: from what was seen and the base's file contexts to each daemon's labelling, and back.

Back is the target half of the mapping rho: what was recorded without the new types is mapped to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename

from policytool.errors import InputError
from policytool.generate.file_interfaces import file_interfaces
from policytool.generate.label_faults import check_labels
from policytool.generate.private_types import PrivateTypes
from policytool.generate.triage import Cure, Triaged
from policytool.graph.own_paths import Paths, acting_for
from policytool.graph.permission_graph import PermissionGraph
from policytool.graph.touched import touched
from policytool.model.access import AccessVector, Use, merge_vectors, with_uses
from policytool.model.context import OBJECT_ROLE
from policytool.model.daemon import Daemon
from policytool.model.module import FileContext, FileKind, PolicyModule
from policytool.model.own_path import CLASSES, KINDS, Labelling, Labels
from policytool.model.paths import SUBTREE, escaped, literal_start
from policytool.model.printable import printable
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.entries import entered_by_rule
from policytool.policy.relabel_source import Moved, Relabelled
from policytool.policy.relabel_target import ReplacedType, Skeleton, TargetMap, relabel_targets
from policytool.toolchain.labels import customizable_types

# Who starts daemons on every system of refpolicy's family, whether the recording shows it or not.
_INIT = "init_t"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The accesses as the skeletons have them, and those that have their cure already: label, or unmapped.

    `moved` are those that were seen in a daemon's domain and belong to a helper's; some of them may be unmapped.
    """

    vectors: tuple[AccessVector, ...]
    moved: tuple[Moved, ...] = ()
    cured: tuple[Triaged, ...] = ()

    @property
    def every(self) -> tuple[AccessVector, ...]:
        """All accesses without a cure, those that were moved as they would be."""
        return (*self.vectors, *(one.vector for one in self.moved if not one.unmapped))


def find_labelling(
    graph: PermissionGraph, present: Sequence[Daemon], known: Sequence[Daemon], base: CompiledPolicy, labels: Labels
) -> Mapping[str, Labelling]:
    """Return the labelling of each daemon PRESENT in GRAPH that has paths of its own, by domain.

    KNOWN are all daemons whose sockets are known; BASE and LABELS are the policy and the file contexts of the base.
    A domain of the base keeps the types that the base has for it, and only gets transitions to them.
    """
    daemons = [daemon for daemon in present if daemon.domain not in base.types]
    vectors = graph.vectors()
    seen = touched(vectors, labels.canonical)
    starters = frozenset({_INIT}).union(*(graph.entered_from(daemon.domain) for daemon in daemons))
    acting = acting_for(vectors, [daemon.domain for daemon in daemons], entered_by_rule(base))
    paths = Paths(seen, daemons, known, acting, starters, labels)
    found = {one.domain: paths.found(one) for one in daemons}
    # What a domain of the base makes where the base's file contexts have another label gets that label.
    extended = [one for one in present if one.domain in base.types and one.executables]
    found |= {one.domain: replace(paths.found(one), own=()) for one in extended}
    types = PrivateTypes([*daemons, *extended], found, seen, labels, base)
    return {daemon.domain: types.labelling(daemon) for daemon in (*daemons, *extended)}


def map_targets(
    seen: Relabelled,
    entries: Iterable[FileContext],
    domains: frozenset[str],
    base: CompiledPolicy,
    linked: CompiledPolicy,
    before: Labels,
    labels: Labels,
) -> Mapped:
    """Map the targets of what was SEEN, whose sources are mapped, onto modules, and tell wrong labels.

    The modules are about DOMAINS and have the file contexts ENTRIES. BASE and BEFORE are policy and file contexts
    without them, LINKED and LABELS with them.
    """
    private = tuple(entries)
    every = (*seen.kept, *(one.vector for one in seen.moved))
    try:
        skeleton = Skeleton(private, replaced_types(private, before), base, linked, domains, labels.canonical)
        targets = TargetMap(every, skeleton)
    except re.error as error:
        raise InputError(
            f"a file context of the modules cannot be read: {printable(str(error.pattern))} ({error}): paths are "
            "mapped by patterns that both PCRE and Python have"
        ) from error
    relabelled = relabel_targets(seen.kept, targets)
    # What others do wrong is not these modules' business, and no rule of theirs would be left out.
    ours = [vector for vector in relabelled.vectors if vector.source.type_ in domains]
    checked = check_labels(
        ours,
        touched(every, labels.canonical),
        labels,
        unlabeled=base.initial_sids["unlabeled"].type_,
        customizable=customizable_types(),
    )
    moved = tuple(_map_moved(seen.moved, targets))
    others = (vector for vector in relabelled.vectors if vector.source.type_ not in domains)
    cured = [Triaged(one.vector, Cure.LABEL, f"wrong label: {one.command}") for one in checked.faults]
    cured += [Triaged(one.vector, Cure.UNMAPPED, one.reason) for one in relabelled.unmapped]
    kept = (*others, *checked.vectors)
    implied = connections((*kept, *(one.vector for one in moved if not one.unmapped)), private, labels.canonical)
    return Mapped(merge_vectors((*kept, *implied)), moved, tuple(cured))


def replaced_types(entries: Iterable[FileContext], before: Labels) -> tuple[ReplacedType, ...]:
    """Return the types that the file contexts BEFORE have in the places of ENTRIES."""
    asked: dict[FileKind, set[tuple[str, str, str, str]]] = {}
    for one in entries:
        path = literal_start(one.pattern)
        kinds = KINDS.values() if one.kind is FileKind.ANY else [one.kind]
        name = basename(path) if escaped(path) == one.pattern else ""
        for kind in kinds:
            if kind in CLASSES:
                asked.setdefault(kind, set()).add((path, CLASSES[kind], one.context.type_, name))
            if kind in CLASSES and one.pattern.endswith(SUBTREE):
                asked[kind].add((f"{path}/policytool.nobody", CLASSES[kind], one.context.type_, ""))
    found = set()
    for kind, wanted in asked.items():
        types = before.types({path for path, _, _, _ in wanted}, kind)
        found |= {
            ReplacedType(types[path], tclass, new, name) for path, tclass, new, name in wanted if types.get(path)
        }
    return tuple(sorted(found))


def _map_moved(moved: Iterable[Moved], targets: TargetMap) -> Iterator[Moved]:
    for one in moved:
        parts = targets.map(one.vector)
        yield from (replace(one, vector=vector) for vector in parts.vectors)
        yield from (replace(one, vector=part.vector, unmapped=part.reason) for part in parts.unmapped)


def connections(
    vectors: Sequence[AccessVector], entries: Iterable[FileContext], canonical: Callable[[str], str]
) -> tuple[AccessVector, ...]:
    """Return for each connection among VECTORS to a socket that ENTRIES label what the kernel asks of its file.

    Whoever connects to a socket by its path must be able to write to it (net/unix/af_unix.c, unix_find_bsd). Under
    the old type the base granted that to others, so that no recording of the daemon shows it.
    """
    sockets = {one.pattern: one.context.type_ for one in entries if one.kind is FileKind.SOCKET}
    asked = {vector.key for vector in vectors}
    implied = []
    for vector in vectors:
        if (vector.tclass, vector.perm) != ("unix_stream_socket", "connectto"):
            continue
        by_type: dict[str, list[tuple[Use, int]]] = {}
        for use, count in vector.evidence.uses:
            if type_ := sockets.get(escaped(canonical(use.path))):
                by_type.setdefault(type_, []).append((use, count))
        for type_, uses in by_type.items():
            if (vector.source.type_, type_, "sock_file", "write") not in asked:
                target = replace(vector.target, role=OBJECT_ROLE, type_=type_)
                implied.append(replace(with_uses(vector, target, uses), tclass="sock_file", perm="write"))
    return tuple(implied)


def with_interfaces(
    skeletons: Mapping[str, PolicyModule],
    labelling: Mapping[str, Labelling],
    present: Sequence[Daemon],
    vectors: Sequence[AccessVector],
) -> Mapping[str, PolicyModule]:
    """Return SKELETONS with interfaces for those that VECTORS, mapped to the private types, show to need one."""
    return {
        daemon.domain: replace(
            skeletons[daemon.domain],
            interfaces=(
                *skeletons[daemon.domain].interfaces,
                *file_interfaces(daemon, vectors, labelling.get(daemon.domain, Labelling())),
            ),
        )
        for daemon in present
    }


def types_owned(labelling: Mapping[str, Labelling], present: Sequence[Daemon]) -> Mapping[str, Daemon]:
    """Return the daemon of each private type."""
    return {
        private.name: daemon for daemon in present for private in labelling.get(daemon.domain, Labelling()).private
    }
