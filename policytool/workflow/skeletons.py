# SPDX-License-Identifier: GPL-2.0-or-later
"""The skeletons of all daemons that were seen, linked with the base, and what was seen as it is under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from policytool.errors import ToolFailedError
from policytool.generate.choices import Choices
from policytool.generate.cil import write_cil
from policytool.generate.skeleton import skeleton
from policytool.graph.permission_graph import build
from policytool.model.daemon import Daemon
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.model.own_path import Labelling
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked, LinkFailed, link
from policytool.workflow.attribution import Attributed, propose
from policytool.workflow.labelled import Mapped, find_labelling, map_targets, with_interfaces


@dataclass(frozen=True, slots=True)
class Skeletons:
    """The skeletons (`modules`, by domain), with whose programs and paths they were made for.

    `policy` is the base with all of them, `mapped` what was seen as it is under that policy.
    """

    modules: Mapping[str, PolicyModule]
    whose: Attributed
    labelling: Mapping[str, Labelling]
    policy: CompiledPolicy
    mapped: Mapped


def make_skeletons(
    observations: Observations,
    present: Sequence[Daemon],
    known: Sequence[Daemon],
    base: Base,
    linked: Linked,
    plain: CompiledPolicy,
    choices: Choices,
) -> Skeletons:
    """Make the skeletons of the daemons PRESENT; KNOWN are all whose sockets are known.

    LINKED is the BASE alone, PLAIN its policy. What helpers did is theirs before anybody asks whose the paths are:
    a recording with the helpers' transitions shows it that way from the start, and both must give the same.
    """
    whose = propose(observations, present, plain) if choices.transitions else Attributed({})
    sources = whose.relabel(observations.vectors)
    graph = build(replace(observations, vectors=sources.every))
    labelling: Mapping[str, Labelling] = {}
    if choices.private_types:
        labelling = find_labelling(graph, present, known, plain, FileContextLabels(linked.file_contexts))
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
        )
        for daemon in present
    }
    with_skeletons = link_unchecked(base, {module.name: write_cil(module) for module in modules.values()})
    policy = CompiledPolicy(with_skeletons.policy)
    mapped = Mapped(sources.kept, sources.moved)
    if choices.private_types:
        labels = FileContextLabels(with_skeletons.file_contexts)
        entries = (entry for module in modules.values() for entry in module.file_contexts)
        mapped = map_targets(sources, entries, frozenset(modules), plain, policy, labels)
        modules = with_interfaces(modules, labelling, present, mapped.every)
    return Skeletons(modules, whose, labelling, policy, mapped)


def link_unchecked(base: Base, modules: Mapping[str, str]) -> Linked:
    """Link for asking only: the questions are about allow rules, so neverallow rules need not be checked."""
    result = link(base, modules, neverallow=False)
    if isinstance(result, LinkFailed):
        raise ToolFailedError(f"the skeletons do not link with the base: {result.failures[0].message}")
    return result
