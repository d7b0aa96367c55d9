# SPDX-License-Identifier: GPL-2.0-or-later
"""What was seen, recorded without some modules or with them, as it is under them: the mapping rho.

Its source half is `policy/relabel_source.py`, its target half `policy/relabel_target.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename

from policytool.errors import InputError
from policytool.generate.label_faults import check_labels
from policytool.generate.triage import Cure, Triaged
from policytool.graph.touched import touched
from policytool.model.access import AccessVector, Use, merge_vectors, with_uses
from policytool.model.context import OBJECT_ROLE
from policytool.model.daemon import Daemon
from policytool.model.module import FileContext, FileKind
from policytool.model.observation import Observations
from policytool.model.own_path import CLASSES, KINDS, Labels
from policytool.model.paths import SUBTREE, escaped, literal_start
from policytool.model.printable import printable
from policytool.policy.aliases import without_aliases
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.relabel_program import relabel_programs
from policytool.policy.relabel_source import Moved, Relabelled
from policytool.policy.relabel_target import ReplacedType, Skeleton, TargetMap, relabel_targets
from policytool.toolchain.labels import customizable_types
from policytool.workflow.helpers_of import attributed, entered_by


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
        return (*self.vectors, *(access.vector for access in self.moved if not access.unmapped))


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
    every = (*seen.kept, *(access.vector for access in seen.moved))
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
    cured = [Triaged(fault.vector, Cure.LABEL, f"wrong label: {fault.command}") for fault in checked.faults]
    cured += [Triaged(access.vector, Cure.UNMAPPED, access.reason) for access in relabelled.unmapped]
    kept = (*others, *checked.vectors)
    implied = connections(
        (*kept, *(access.vector for access in moved if not access.unmapped)), private, labels.canonical
    )
    return Mapped(merge_vectors((*kept, *implied)), moved, tuple(cured))


def replaced_types(entries: Iterable[FileContext], before: Labels) -> tuple[ReplacedType, ...]:
    """Return the types that the file contexts BEFORE have in the places of ENTRIES."""
    asked: dict[FileKind, set[tuple[str, str, str, str]]] = {}
    for entry in entries:
        path = literal_start(entry.pattern)
        kinds = KINDS.values() if entry.kind is FileKind.ANY else [entry.kind]
        name = basename(path) if escaped(path) == entry.pattern else ""
        for kind in kinds:
            if kind in CLASSES:
                asked.setdefault(kind, set()).add((path, CLASSES[kind], entry.context.type_, name))
            if kind in CLASSES and entry.pattern.endswith(SUBTREE):
                asked[kind].add((f"{path}/policytool.nobody", CLASSES[kind], entry.context.type_, ""))
    found = set()
    for kind, wanted in asked.items():
        types = before.types({path for path, _, _, _ in wanted}, kind)
        found |= {
            ReplacedType(types[path], tclass, new, name) for path, tclass, new, name in wanted if types.get(path)
        }
    return tuple(sorted(found))


def _map_moved(moved: Iterable[Moved], targets: TargetMap) -> Iterator[Moved]:
    for access in moved:
        parts = targets.map(access.vector)
        yield from (replace(access, vector=vector) for vector in parts.vectors)
        yield from (replace(access, vector=part.vector, unmapped=part.reason) for part in parts.unmapped)


def connections(
    vectors: Sequence[AccessVector], entries: Iterable[FileContext], canonical: Callable[[str], str]
) -> tuple[AccessVector, ...]:
    """Return for each connection among VECTORS to a socket that ENTRIES label what the kernel asks of its file.

    Whoever connects to a socket by its path must be able to write to it (net/unix/af_unix.c, unix_find_bsd). Under
    the old type the base granted that to others, so that no recording of the daemon shows it.
    """
    sockets = {entry.pattern: entry.context.type_ for entry in entries if entry.kind is FileKind.SOCKET}
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


@dataclass(frozen=True, slots=True)
class UnderModules:
    """What was seen, as it is under modules, and the helpers' domains that were entered, with the daemons.

    `observations` name no aliases.
    """

    observations: Observations
    mapped: Mapped
    entered: Mapping[str, tuple[Daemon, ...]]


def under_modules(
    observations: Observations,
    known: Sequence[Daemon],
    scope: frozenset[str],
    entries: Sequence[FileContext],
    plain: CompiledPolicy,
    policy: CompiledPolicy,
    before: Labels,
    labels: Labels,
) -> UnderModules:
    """Map OBSERVATIONS to modules that are about the domains of SCOPE and have the file contexts ENTRIES.

    PLAIN and BEFORE are policy and file contexts of the base alone, POLICY and LABELS with the modules. KNOWN
    daemons are described.
    """
    seen = without_aliases(observations, policy)
    seen = replace(seen, vectors=relabel_programs(seen.vectors, _programs(entries, policy)))
    daemons = _daemons(known, scope, seen)
    whose = attributed(seen, daemons, policy, plain)
    mapped = map_targets(whose.relabel(seen.vectors), entries, scope, plain, policy, before, labels)
    return UnderModules(seen, mapped, entered_by(seen, daemons, policy, whose.known))


def _programs(entries: Iterable[FileContext], policy: CompiledPolicy) -> Mapping[str, str]:
    """Return the types of the programs, by path, that ENTRIES label one by one and POLICY has transitions for."""
    ways_in = {type_ for _, type_ in policy.process_transitions}
    return {
        path: entry.context.type_
        for entry in entries
        if entry.context.type_ in ways_in and escaped(path := literal_start(entry.pattern)) == entry.pattern
    }


def _daemons(known: Sequence[Daemon], scope: Collection[str], observations: Observations) -> tuple[Daemon, ...]:
    """Return the daemons that the domains of SCOPE belong to; of one that is not known, only the domain is."""
    by_domain = {daemon.domain: daemon for daemon in known}
    sources = {vector.source.type_ for vector in observations.vectors} & set(scope)
    return tuple(by_domain.get(domain) or Daemon.of_domain(domain) for domain in sorted(sources))
