# SPDX-License-Identifier: GPL-2.0-or-later
"""The graph of each daemon after triage: what `generate` makes its module of, and what other cures took away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.triage import Cure, Triaged
from policytool.graph.minimal import CureGraph, after_triage
from policytool.graph.opened_by import opened_by
from policytool.graph.replaced import replaced
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.model.profile import Profile
from policytool.toolchain.base import Base
from policytool.workflow.generate import Prepared, make_modules, prepare
from policytool.workflow.helpers_of import moved_of


@dataclass(frozen=True, slots=True)
class DaemonGraph:
    """The graph of one daemon after triage, and which helpers alone open a node of it (graph.opened_by)."""

    daemon: Daemon
    graph: CureGraph
    opened_by: Mapping[str, tuple[str, ...]]


def daemon_graphs(
    observations: Observations, known: Sequence[Daemon], wanted: Sequence[str], base: Base, choices: Choices
) -> tuple[DaemonGraph, ...]:
    """Return the graph of each of the WANTED domains, or of all known that were seen; errors as generate_modules.

    Its minimal part is what generate_modules makes the rules of, with the same arguments and profile `exact`.
    """
    prepared = prepare(observations, known, wanted, base, choices)
    return graphs_of(prepared, make_modules(prepared, base, Profile.EXACT))


def graphs_of(prepared: Prepared, made: Iterable[Candidate]) -> tuple[DaemonGraph, ...]:
    """Return the graph of each candidate MADE, with profile `exact`, of what was PREPARED."""
    moved_types = _replaced(prepared)
    return tuple(_graph(candidate, prepared, moved_types.get(candidate.daemon.domain, ())) for candidate in made)


def joined(graphs: Iterable[DaemonGraph]) -> CureGraph:
    """Return the graphs of several daemons as one; an access that two of them have (a helper's) counts once."""
    every = tuple(graphs)
    accesses = dict.fromkeys(access for graph in every for edge in graph.graph.edges() for access in edge.accesses)
    traces = dict.fromkeys(trace for graph in every for trace in graph.graph.traces)
    return after_triage(accesses, tuple(traces))


def _graph(made: Candidate, prepared: Prepared, moved_types: Iterable[Triaged]) -> DaemonGraph:
    domain = made.daemon.domain
    graph = after_triage((*made.triaged, *moved_types), prepared.observations.traces)
    entries = {vector.key[:2] for vector in prepared.mapped.every if vector.key[2:] == ("process", "transition")}
    taken = (access.vector for access in moved_of(prepared.mapped.moved, domain) if access.left)
    return DaemonGraph(made.daemon, graph, opened_by(graph, domain, sorted(entries), taken))


def _replaced(prepared: Prepared) -> Mapping[str, tuple[Triaged, ...]]:
    """Return what new types replaced of the accesses of each daemon, by domain."""
    skeletons, owners = prepared.skeletons, prepared.judges.owners
    # An object with a wrong label has a cure of its own.
    wrong = (access.vector for access in prepared.mapped.cured if access.cure is Cure.LABEL)
    seen = skeletons.whose.relabel(prepared.observations.vectors).kept
    found: dict[str, list[Triaged]] = {}
    for part in replaced(seen, (*prepared.mapped.vectors, *wrong)):
        for daemon in owners.owners(_on(part.vector, part.by)):
            reason = f"it is of type {part.by} under the skeleton"
            found.setdefault(daemon.domain, []).append(Triaged(part.vector, Cure.PRIVATE_TYPE, reason))
    return {domain: tuple(some) for domain, some in found.items()}


def _on(vector: AccessVector, type_: str) -> AccessVector:
    return replace(vector, target=replace(vector.target, type_=type_))
