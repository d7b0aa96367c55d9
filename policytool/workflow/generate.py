# SPDX-License-Identifier: GPL-2.0-or-later
"""From observations to candidate modules, with the questions put to the linked base in between."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from policytool.errors import ToolFailedError, UsageError
from policytool.generate.candidate import Candidate
from policytool.generate.cil import write_cil
from policytool.generate.forbidden import forbidden_accesses, refuse
from policytool.generate.module import exact
from policytool.generate.reach import Reach, lost_reach
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Triaged, triage
from policytool.graph.attribution import Owners
from policytool.graph.permission_graph import PermissionGraph, build
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon, DaemonError, is_plain_path
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.model.own_path import Labelling
from policytool.policy.aliases import without_aliases
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.toolchain.base import Base
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked, LinkFailed, link
from policytool.workflow.labelled import (
    Mapped,
    find_labelling,
    map_targets,
    types_owned,
    with_interfaces,
)

# Each round refuses what the neverallow rules of the base forbid; secilc names a few offenders at a time.
_ROUNDS = 8


def generate_modules(
    observations: Observations,
    known: Sequence[Daemon],
    wanted: Sequence[str],
    base: Base,
    *,
    private_types: bool = True,
) -> tuple[Candidate, ...]:
    """Make the modules of the WANTED domains, or of all KNOWN daemons that were seen if none is named.

    With PRIVATE_TYPES what is one daemon's own gets types of its own; accesses recorded without them are mapped.
    Raise UsageError when a wanted domain was not seen, ToolFailedError when what comes out does not link.
    """
    linked = _link(base, {})
    plain = CompiledPolicy(linked.policy)
    wanted = [plain.resolve(domain) or domain for domain in wanted]
    graph = build(without_aliases(observations, plain))
    daemons = (*known, *_unknown(graph, known, wanted, plain.types))
    owners = Owners(daemons, plain.types)
    vectors = graph.vectors()
    present = owners.present(vectors)
    chosen = tuple(daemon for daemon in present if not wanted or daemon.domain in wanted)
    if missing := sorted(set(wanted) - {daemon.domain for daemon in chosen}):
        raise UsageError(f"{missing[0]} does not occur in the traces; seen were {', '.join(graph.domains())}")
    if not chosen:
        raise UsageError("the traces name no daemon that is known; choose a domain with -d TYPE")
    labelling: Mapping[str, Labelling] = {}
    if private_types:
        labelling = find_labelling(graph, present, known, plain, FileContextLabels(linked.file_contexts))
    skeletons: Mapping[str, PolicyModule] = {
        daemon.domain: skeleton(
            daemon,
            graph,
            base.identity,
            extends=daemon.domain in plain.types,
            base_types=plain.types,
            taken=base.names,
            labelling=labelling.get(daemon.domain, Labelling()),
        )
        for daemon in present
    }
    with_skeletons = _link(base, {module.name: write_cil(module) for module in skeletons.values()})
    policy, mapped = CompiledPolicy(with_skeletons.policy), Mapped(vectors)
    if private_types:
        labels = FileContextLabels(with_skeletons.file_contexts)
        entries = (entry for module in skeletons.values() for entry in module.file_contexts)
        mapped = map_targets(vectors, entries, frozenset(skeletons), plain, policy, labels)
        skeletons = with_interfaces(skeletons, labelling, present, mapped.vectors)
    owners = Owners(daemons, plain.types, types_owned(labelling, present))
    owned: dict[str, list[AccessVector]] = {daemon.domain: [] for daemon in daemons}
    for vector in mapped.vectors:
        if owner := owners.owner(vector):
            owned[owner.domain].append(vector)
    cured = [(owners.owner(one.vector), one) for one in mapped.cured]
    reach = lost_reach(skeletons, {domain: one.private for domain, one in labelling.items()}, plain)
    unlabeled = plain.initial_sids["unlabeled"].type_
    with Decider(policy) as decider:
        made = tuple(
            _candidate(
                daemon,
                skeletons,
                (
                    *triage(owned[daemon.domain], decider, unlabeled),
                    *(one for owner, one in cured if owner == daemon),
                ),
                plain.types,
                reach.get(daemon.domain, ()),
            )
            for daemon in chosen
        )
    return _without_forbidden(made, skeletons, base, plain.types)


def _candidate(
    daemon: Daemon,
    skeletons: Mapping[str, PolicyModule],
    triaged: tuple[Triaged, ...],
    base_types: frozenset[str],
    reach: tuple[Reach, ...],
) -> Candidate:
    return Candidate(daemon, exact(skeletons[daemon.domain], triaged, base_types), triaged, reach)


def _without_forbidden(
    made: tuple[Candidate, ...],
    skeletons: Mapping[str, PolicyModule],
    base: Base,
    base_types: frozenset[str],
) -> tuple[Candidate, ...]:
    """Link the modules, refusing what neverallow rules forbid until they do."""
    for _ in range(_ROUNDS):
        result = link(base, {one.module.name: write_cil(one.module) for one in made})
        if not isinstance(result, LinkFailed):
            return made
        forbidden = forbidden_accesses(result.failures)
        if not forbidden:
            raise ToolFailedError(f"the generated modules do not link: {result.failures[0].message}")
        made = tuple(
            _candidate(one.daemon, skeletons, refuse(one.triaged, forbidden), base_types, one.reach) for one in made
        )
    raise ToolFailedError(f"neverallow rules of the base still forbid accesses after {_ROUNDS} links")


def _link(base: Base, modules: Mapping[str, str]) -> Linked:
    """Link for asking only: the questions are about allow rules, so neverallow rules need not be checked."""
    result = link(base, modules, neverallow=False)
    if isinstance(result, LinkFailed):
        raise ToolFailedError(f"the skeletons do not link with the base: {result.failures[0].message}")
    return result


def _unknown(
    graph: PermissionGraph, known: Sequence[Daemon], wanted: Sequence[str], base_types: Container[str]
) -> tuple[Daemon, ...]:
    """Describe the WANTED domains that no known daemon has, as far as the graph tells."""
    domains = {daemon.domain for daemon in known}
    return tuple(describe(domain, graph, base_types) for domain in sorted(set(wanted)) if domain not in domains)


def describe(domain: str, graph: PermissionGraph, base_types: Container[str] = ()) -> Daemon:
    """Describe a DOMAIN that no known daemon has, as far as GRAPH tells; UsageError for a name that is no use.

    A program that was seen under a type of the base (bin_t, before it had a label) gets a type of its own.
    """
    name = domain.removesuffix("_t")
    entries = [v for v in graph.vectors() if v.source.type_ == domain and v.perm == "entrypoint"]
    seen = sorted({vector.target.type_ for vector in entries if vector.target.type_.endswith("_t")})
    own = [type_ for type_ in seen if type_ not in base_types]
    paths = sorted({use.path for vector in entries for use, _ in vector.evidence.uses if use.path})
    description = {
        "name": name.lower().replace("-", "_").replace(".", "_"),
        "domain": domain,
        "exec_type": own[0] if own else f"{name}_exec_t",
        "summary": f"the domain {domain}",
        # A path of a log that is not plain never becomes a file context.
        "executables": [path for path in paths if is_plain_path(path)],
    }
    try:
        return Daemon.from_mapping(description)
    except DaemonError as error:
        raise UsageError(f"{domain}: {error}") from error
