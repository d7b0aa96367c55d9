# SPDX-License-Identifier: GPL-2.0-or-later
"""The skeletons of all daemons that were seen, linked with the base, and what was seen as it is under them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policytool.errors import ToolFailedError
from policytool.generate.choices import Choices
from policytool.generate.neighbours import neighbours
from policytool.generate.skeleton import skeleton
from policytool.generate.writers.cil import write_cil
from policytool.graph.permission_graph import build
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.model.own_path import Labelling, Labels
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import link_or_fail
from policytool.workflow.helpers_of import Attributed, propose
from policytool.workflow.labelling import find_labelling, with_interfaces
from policytool.workflow.linked_policy import base_labels, linked_policy
from policytool.workflow.mapping import Mapped, map_targets


@dataclass(frozen=True, slots=True)
class Skeletons:
    """The skeletons (`modules`, by domain), with whose programs and paths they were made for.

    `plain` is the policy of the base, `policy` that of the base with all of them; `before` and `labels` are their
    file contexts, None where there are no private types.
    """

    modules: Mapping[str, PolicyModule]
    whose: Attributed
    labelling: Mapping[str, Labelling]
    plain: CompiledPolicy
    policy: CompiledPolicy
    before: Labels | None
    labels: FileContextLabels | None

    @property
    def neighbours(self) -> Mapping[str, frozenset[str]]:
        """For each type those whose labels stand beside its own; empty where there are no private types."""
        return neighbours(self.labels.starts) if self.labels else {}

    def map(self, vectors: Iterable[AccessVector]) -> Mapped:
        """Return VECTORS, recorded without the skeletons or with them, as they are under their policy."""
        sources = self.whose.relabel(vectors)
        if self.before is None or self.labels is None:
            return Mapped(sources.kept, sources.moved)
        entries = (entry for module in self.modules.values() for entry in module.file_contexts)
        return map_targets(
            sources, entries, frozenset(self.modules), self.plain, self.policy, self.before, self.labels
        )


def make_skeletons(
    observations: Observations,
    present: Sequence[Daemon],
    known: Sequence[Daemon],
    base: Base,
    plain: CompiledPolicy,
    choices: Choices,
) -> Skeletons:
    """Make the skeletons of the daemons PRESENT; KNOWN are all whose sockets are known.

    PLAIN is the policy of the BASE alone. What helpers did is theirs before anybody asks whose the paths are:
    a recording with the helpers' transitions shows it that way from the start, and both must give the same.
    """
    whose = propose(observations, present, plain, choices.children) if choices.transitions else Attributed({})
    sources = whose.relabel(observations.vectors)
    graph = build(replace(observations, vectors=sources.every))
    labelling: Mapping[str, Labelling] = {}
    before = base_labels(base) if choices.private_types else None
    if before is not None:
        labelling = find_labelling(graph, present, known, plain, before)
    modules: Mapping[str, PolicyModule] = {
        daemon.domain: skeleton(
            daemon,
            graph,
            base.identity,
            extends=daemon.domain in plain.types,
            base_types=plain.types,
            taken=base.names,
            helpers=whose.helpers(daemon.domain),
            labelling=labelling.get(daemon.domain, Labelling()),
            children=[child for child in choices.children if child.parent == daemon.domain],
        )
        for daemon in present
    }
    if base.compiled:
        # Extensions declare nothing.
        return Skeletons(modules, whose, labelling, plain, plain, None, None)
    texts = {module.name: write_cil(module) for module in modules.values()}
    with_skeletons = link_or_fail(base, texts, "the skeletons do not link with the base", ToolFailedError)
    policy = linked_policy(with_skeletons)
    labels = FileContextLabels(with_skeletons.file_contexts) if choices.private_types else None
    return Skeletons(modules, whose, labelling, plain, policy, before, labels)


def with_file_interfaces(skeletons: Skeletons, present: Sequence[Daemon], mapped: Mapped) -> Skeletons:
    """Return SKELETONS with interfaces for those that MAPPED shows to need private types of the daemons PRESENT."""
    modules = with_interfaces(skeletons.modules, skeletons.labelling, present, mapped.every)
    return replace(skeletons, modules=modules)
