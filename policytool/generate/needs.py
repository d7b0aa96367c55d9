# SPDX-License-Identifier: GPL-2.0-or-later
"""What a module leaves to the others that are made with it: rules of what it starts, and labels of what it opens.

Modules that are made together divide the work. QEMU's domain has its own rules on the pipes that virtqemud hands
it, and virtqemud's socket has its own type, on which virtproxyd has a rule. A module that is installed without such
a neighbour says what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from policytool.generate.candidate import Candidate
from policytool.generate.triage import Cure
from policytool.model.access import AccessKey, AccessVector
from policytool.model.module import Need, PolicyModule
from policytool.model.own_path import KINDS, PrivateType
from policytool.model.rules import TypeTransition

# An object of the second type has the first one without the neighbour, where it is of this class ("": of any).
_Label = tuple[str, str, str]


def needs(
    candidate: Candidate,
    made: Sequence[Candidate],
    skeletons: Iterable[PolicyModule],
    private: Mapping[str, Sequence[PrivateType]],
    denied: Callable[[AccessVector], bool],
) -> tuple[Need, ...]:
    """Return what CANDIDATE leaves to the modules of other daemons; sorted.

    SKELETONS are those of all daemons that were seen, and label what it opens; those that were MADE have rules as
    well. PRIVATE are the private types of each daemon, by its domain; DENIED says that the base does not allow an
    access.
    """
    rules = candidate.cured(Cure.ALLOW)
    own = [access.vector for access in candidate.triaged if access.cure in (Cure.ALLOW, Cure.GRANTED)]
    mine = {candidate.module.domain, *candidate.module.declared}
    started = candidate.attribution.reached if candidate.attribution else frozenset()
    modules = {other.module.domain: other for other in made}
    found = []
    for other in skeletons:
        domain = other.domain
        if domain == candidate.module.domain:
            continue
        left: set[AccessKey] = set()
        if domain in started and domain in modules:
            left |= {key for key in modules[domain].cured(Cure.ALLOW) if key[0] == domain and key[1] in mine}
        labels = {*_labels(private.get(domain, ())), *_labels_of_base(other.transitions)}
        left |= {before.key for before in _without(labels, own) if before.key not in rules and denied(before)}
        if left := left - rules:
            found.append(Need(other.name, tuple(sorted(left))))
    return tuple(sorted(found))


def _labels(private: Iterable[PrivateType]) -> Iterator[_Label]:
    for type_ in private:
        for before, of in type_.replaced:
            yield before, type_.name, of


def _labels_of_base(transitions: Iterable[TypeTransition]) -> Iterator[_Label]:
    """Yield the labels of named transitions: without them a folder, and what is in it, is as the place it is in."""
    for transition in transitions:
        if transition.tclass in KINDS and transition.name:
            of = "" if transition.tclass == "dir" else transition.tclass
            yield transition.target, transition.default, of


def _without(labels: Iterable[_Label], own: Sequence[AccessVector]) -> Iterator[AccessVector]:
    """Yield the accesses of OWN to what has one of LABELS, as they are without it."""
    by_type: dict[str, list[tuple[str, str]]] = {}
    for before, now, of in labels:
        by_type.setdefault(now, []).append((before, of))
    for vector in own:
        for before, of in by_type.get(vector.target.type_, ()):
            if of in ("", vector.tclass):
                yield replace(vector, target=replace(vector.target, type_=before))
