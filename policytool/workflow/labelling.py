# SPDX-License-Identifier: GPL-2.0-or-later
"""Private types put together: from what was seen and the base's file contexts to each daemon's labelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from policytool.generate.file_interfaces import admin_interface, file_interfaces
from policytool.generate.private_types import PrivateTypes
from policytool.graph.own_paths import Paths, acting_for
from policytool.graph.permission_graph import PermissionGraph
from policytool.graph.touched import touched
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.module import PolicyModule
from policytool.model.own_path import Labelling, Labels
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.entries import entered_by_rule

# Who starts daemons on every system of refpolicy's family, whether the recording shows it or not.
_INIT = "init_t"


def find_labelling(
    graph: PermissionGraph, present: Sequence[Daemon], known: Sequence[Daemon], base: CompiledPolicy, labels: Labels
) -> Mapping[str, Labelling]:
    """Return the labelling of each daemon PRESENT in GRAPH that has paths of its own, by domain.

    KNOWN are all daemons whose sockets are known; BASE and LABELS are the policy and the file contexts of the base.
    A domain of the base keeps the types that the base has for it, and only gets transitions to them. What a daemon
    does that others have replaced makes nothing of theirs its own.
    """
    daemons = [daemon for daemon in present if daemon.domain not in base.types]
    names = {daemon.name for daemon in daemons}
    replaced = {daemon.domain for daemon in known if names & set(daemon.replaced_by)}
    vectors = [vector for vector in graph.vectors() if vector.source.type_ not in replaced]
    seen = touched(vectors, labels.canonical)
    starters = frozenset({_INIT}).union(*(graph.entered_from(daemon.domain) for daemon in daemons))
    acting = acting_for(vectors, [daemon.domain for daemon in daemons], entered_by_rule(base))
    paths = Paths(seen, daemons, known, acting, starters, labels)
    found = {daemon.domain: paths.found(daemon) for daemon in daemons}
    # What a domain of the base makes where the base's file contexts have another label gets that label.
    extended = [daemon for daemon in present if daemon.domain in base.types and daemon.executables]
    found |= {daemon.domain: replace(paths.found(daemon), own=()) for daemon in extended}
    types = PrivateTypes([*daemons, *extended], found, seen, labels, base)
    return {daemon.domain: types.labelling(daemon) for daemon in (*daemons, *extended)}


def with_interfaces(
    skeletons: Mapping[str, PolicyModule],
    labelling: Mapping[str, Labelling],
    present: Sequence[Daemon],
    vectors: Sequence[AccessVector],
) -> Mapping[str, PolicyModule]:
    """Return SKELETONS with interfaces for those that VECTORS, mapped to the private types, show to need one.

    A module with a domain of its own has one for its administrator, too.
    """
    found = {}
    for daemon in present:
        module, labels = skeletons[daemon.domain], labelling.get(daemon.domain, Labelling())
        admin = () if module.extends else (admin_interface(daemon, labels),)
        files = file_interfaces(daemon, vectors, labels)
        found[daemon.domain] = replace(module, interfaces=(*module.interfaces, *files, *admin))
    return found


def types_owned(labelling: Mapping[str, Labelling], present: Sequence[Daemon]) -> Mapping[str, Daemon]:
    """Return the daemon of each private type."""
    return {
        private.name: daemon for daemon in present for private in labelling.get(daemon.domain, Labelling()).private
    }
