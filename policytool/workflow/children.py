# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that get domains of their own on request: what was seen, as it is with their files labelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from policytool.errors import UsageError
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.model.printable import printable
from policytool.model.program import Child
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.relabel_program import relabel_programs


def as_children(observations: Observations, children: Sequence[Child], plain: CompiledPolicy) -> Observations:
    """Return OBSERVATIONS with the files of CHILDREN under their new types, which the base PLAIN must not have.

    UsageError: it has one of them, or a program was seen neither in its parent's domain nor in its own.
    """
    for child in children:
        if taken := {child.domain, child.exec_type} & plain.types:
            raise UsageError(f"the base has a type {min(taken)} already: {child.path} needs no child domain")
        ran = _run_by(child.parent, observations.vectors)
        if child.path not in ran and all(vector.source.type_ != child.domain for vector in observations.vectors):
            seen = ", ".join(printable(path) for path in ran) or "none"
            raise UsageError(f"{child.path} was not seen to run in {child.parent}; these were: {seen}")
    types = {child.path: child.exec_type for child in children}
    return replace(observations, vectors=relabel_programs(observations.vectors, types))


def children_owned(children: Iterable[Child], present: Iterable[Daemon]) -> Mapping[str, Daemon]:
    """Return the daemon of each type of CHILDREN, as far as their parents are PRESENT."""
    by_domain = {daemon.domain: daemon for daemon in present}
    return {
        type_: by_domain[child.parent]
        for child in children
        if child.parent in by_domain
        for type_ in (child.domain, child.exec_type)
    }


def _run_by(domain: str, vectors: Iterable[AccessVector]) -> Sequence[str]:
    """Return the programs that ran in DOMAIN without having been the way into it."""
    return sorted(
        {
            use.program
            for vector in vectors
            if vector.key[0] == domain and vector.key[2:] == ("file", "execute_no_trans")
            for use, _ in vector.evidence.uses
        }
    )
