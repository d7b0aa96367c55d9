# SPDX-License-Identifier: GPL-2.0-or-later
"""From observations to candidate modules, with the questions put to the linked base in between."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from posixpath import basename

from policytool.errors import UsageError
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.exact import exact
from policytool.generate.kept_out import lost_reach
from policytool.generate.needs import needs
from policytool.generate.proposals import Proposals
from policytool.generate.robust import Limit
from policytool.generate.triage import Triaged, triage
from policytool.graph.owners import Owners
from policytool.graph.permission_graph import PermissionGraph, build
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon, DaemonError, is_plain_path
from policytool.model.observation import Observations
from policytool.model.profile import Profile
from policytool.model.support import Recordings, scenarios_of
from policytool.policy.aliases import without_aliases
from policytool.policy.decide import Decider
from policytool.toolchain.base import Base
from policytool.toolchain.headers import headers_folder
from policytool.workflow.base_limits import with_proposals, without_constrained, without_forbidden
from policytool.workflow.children import as_children, children_owned
from policytool.workflow.helpers_of import entered_by
from policytool.workflow.interfaces import interface_candidates
from policytool.workflow.labelling import types_owned
from policytool.workflow.linked_policy import base_policy
from policytool.workflow.mapping import Mapped
from policytool.workflow.robust import experience, peers_of, replaced, robust_candidates
from policytool.workflow.skeletons import Skeletons, make_skeletons, with_file_interfaces
from policytool.workflow.spared import without_spared
from policytool.workflow.triaged import Judges, triage_each

_NO_CHOICES = Choices()
_NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is decided before any rule is made: the daemons that modules are made for, and their skeletons.

    `observations` name no aliases, `mapped` has their accesses as they are under the skeletons. `like` has for a
    domain the one whose work it does now.
    """

    daemons: tuple[Daemon, ...]
    observations: Observations
    skeletons: Skeletons
    mapped: Mapped
    judges: Judges
    like: Mapping[str, str]

    @property
    def base_types(self) -> frozenset[str]:
        """The types of the base policy."""
        return self.skeletons.plain.types


def generate_modules(
    observations: Observations,
    known: Sequence[Daemon],
    wanted: Sequence[str],
    base: Base,
    choices: Choices = _NO_CHOICES,
    *,
    profile: Profile | None = None,
    limit: Limit = _NO_LIMIT,
    price: float | None = None,
    shared: str = "",
    recordings: Recordings | None = None,
) -> tuple[Candidate, ...]:
    """Make the modules of the WANTED domains, or of all KNOWN daemons that were seen if none is named.

    PROFILE None is `interfaces` where the base can be linked and the policy headers are there, else `exact`. PRICE
    is what profile `interfaces` pays for a permission that was never seen, in statements; None: it grants none.
    SHARED is the name of a module for what several daemons need alike, which the form of each that calls it holds.

    BASE may be one compiled policy, as a host or a phone has it. That can be asked and not linked, so that modules
    are extensions of its domains alone, without transitions and private types of their own; neverallow rules, which
    it no longer has, and constraints under the new rules are not looked at. LIMIT says how much
    profile `robust` adds, RECORDINGS of which recordings the traces are.

    Raise UsageError when a wanted domain was not seen, or is not in a compiled BASE; ToolFailedError when what
    comes out does not link.
    """
    if base.compiled:
        choices = replace(choices, transitions=False, private_types=False)
    if profile is None:
        profile = Profile.EXACT if base.compiled or not headers_folder().is_dir() else Profile.INTERFACES
    prepared = prepare(observations, known, wanted, base, choices)
    if shared in {*base.names, *(daemon.name for daemon in prepared.daemons)}:
        raise UsageError(f"there is a module {shared} already: choose another name for what daemons share")
    made = make_modules(prepared, base, profile, limit, price, shared)
    if not base.compiled:
        made = without_spared(made, base, prepared.like)
    return tuple(_sampled(candidate, recordings or {}) for candidate in made)


def _sampled(candidate: Candidate, recordings: Recordings) -> Candidate:
    """Let the module of CANDIDATE know in which scenarios its domain was seen, and of which RECORDINGS they are."""
    names = scenarios_of(access.vector.evidence for access in candidate.triaged)
    found = tuple((name, tuple(sorted(recordings.get(name, ())))) for name in names)
    form = candidate.form and replace(
        candidate.form, module=replace(candidate.form.module, scenarios=names, recordings=found)
    )
    module = replace(candidate.module, scenarios=names, recordings=found)
    return replace(candidate, module=module, form=form)


def prepare(
    observations: Observations, known: Sequence[Daemon], wanted: Sequence[str], base: Base, choices: Choices
) -> Prepared:
    """Choose the daemons and make their skeletons; errors as in generate_modules."""
    plain = base_policy(base)
    wanted = [plain.resolve(domain) or domain for domain in wanted]
    if base.compiled:
        known = tuple(daemon for daemon in known if daemon.domain in plain.types)
        new = [domain for domain in wanted if domain not in plain.types]
        if new := new + [child.domain for child in choices.children]:
            raise UsageError(
                f"{base.path} has no domain {new[0]}: a new one needs the modules of the base (--base DIR), "
                "which a compiled policy no longer has"
            )
    observations = as_children(without_aliases(observations, plain), choices.children, plain)
    graph = build(observations)
    daemons = (*known, *_unknown(graph, known, wanted, plain.types))
    present = Owners(daemons, plain.types).present(graph.vectors())
    chosen = tuple(daemon for daemon in present if not wanted or daemon.domain in wanted)
    if missing := sorted(set(wanted) - {daemon.domain for daemon in chosen}):
        raise UsageError(_unseen(missing[0], graph.domains(), known))
    if not chosen:
        raise UsageError("the traces name no daemon that is known; choose a domain with -d TYPE")
    skeletons = make_skeletons(observations, present, known, base, plain, choices)
    mapped = skeletons.map(observations.vectors)
    skeletons = with_file_interfaces(skeletons, present, mapped)
    whose = skeletons.whose
    entered = entered_by(observations, chosen, skeletons.policy, whose.known) if choices.transitions else {}
    ours = frozenset(entered).union(
        (daemon.domain for daemon in daemons), *(attribution.reached for attribution in whose.by_domain.values())
    )
    private = {**types_owned(skeletons.labelling, present), **children_owned(choices.children, present)}
    owners = Owners(daemons, plain.types, entered, private)
    return Prepared(
        chosen,
        observations,
        skeletons,
        mapped,
        Judges(skeletons, owners, ours, choices, Proposals(plain, skeletons.policy)),
        replaced(known, {daemon.name: daemon.domain for daemon in chosen})
        if choices.like is None
        else {daemon.domain: choices.like for daemon in chosen},
    )


def make_modules(
    prepared: Prepared,
    base: Base,
    profile: Profile,
    limit: Limit = _NO_LIMIT,
    price: float | None = None,
    shared: str = "",
) -> tuple[Candidate, ...]:
    """Make the modules of what is PREPARED. ToolFailedError: what comes out does not link with BASE."""
    skeletons, base_types = prepared.skeletons, prepared.base_types
    triaged = triage_each(prepared.daemons, prepared.mapped, prepared.judges)
    private = {domain: labelling.private for domain, labelling in skeletons.labelling.items()}
    reach = lost_reach(skeletons.modules, private, skeletons.plain)
    made = tuple(
        Candidate(
            daemon,
            exact(skeletons.modules[daemon.domain], triaged[daemon.domain], base_types),
            triaged[daemon.domain],
            attribution=skeletons.whose.by_domain.get(daemon.domain),
            reach=reach.get(daemon.domain, ()),
        )
        for daemon in prepared.daemons
    )
    if not base.compiled:
        made, linked = without_forbidden(made, skeletons, base)
        made = without_constrained(made, linked, skeletons)
    made = with_proposals(made, skeletons, base)
    with Decider(skeletons.plain) as decider:
        made = tuple(
            replace(
                candidate,
                module=replace(
                    candidate.module,
                    needs=needs(
                        candidate,
                        made,
                        skeletons.modules.values(),
                        private,
                        lambda vector: not decider.decide(vector).allowed,
                    ),
                ),
            )
            for candidate in made
        )
    if profile is Profile.EXACT:
        return made
    if base.compiled:
        raise UsageError(f"profile {profile} needs the modules of the base (--base DIR): what it adds has to link")
    if profile is Profile.INTERFACES:
        return interface_candidates(made, skeletons.policy, base, price, shared)
    with Decider(skeletons.policy) as decider:

        def ask(candidate: Candidate, vectors: Iterable[AccessVector]) -> tuple[Triaged, ...]:
            return triage(vectors, decider, prepared.judges.criteria(candidate.daemon))

        by = experience(
            skeletons.policy, skeletons.plain, peers_of(made), made, prepared.like, skeletons.neighbours
        )
        return robust_candidates(made, ask, by, limit, base, base_types)


def _unknown(
    graph: PermissionGraph, known: Sequence[Daemon], wanted: Sequence[str], base_types: Container[str]
) -> tuple[Daemon, ...]:
    """Describe the WANTED domains that no known daemon has, as far as the graph tells."""
    domains = {daemon.domain for daemon in known}
    return tuple(describe(domain, graph, base_types) for domain in sorted(set(wanted)) if domain not in domains)


# Where init runs a program that has no domain of its own.
_WITHOUT_DOMAIN = frozenset(("initrc_t", "unconfined_service_t"))


def _unseen(name: str, seen: Sequence[str], known: Sequence[Daemon]) -> str:
    names = [name for daemon in known for name in (daemon.name, daemon.domain)]
    near = get_close_matches(name, sorted({*seen, *names} - {name}), n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    bare = sorted(_WITHOUT_DOMAIN & set(seen))
    if bare and not near:
        meant = (
            f"; a program that still runs in {bare[0]} has no domain: describe it (--daemons), label its file "
            "with its _exec_t, and record again"
        )
    return f"{name} does not occur in the traces{meant}; seen were {', '.join(seen)}"


def _programs(graph: PermissionGraph, domain: str, name: str) -> list[str]:
    """Return the programs called NAME that worked in DOMAIN: nobody was seen to enter it through them."""
    uses = {
        use.program
        for vector in graph.vectors()
        if vector.source.type_ == domain
        for use, _ in vector.evidence.uses
    }
    return sorted(program for program in uses if program.startswith("/") and basename(program) == name)


def describe(domain: str, graph: PermissionGraph, base_types: Container[str] = ()) -> Daemon:
    """Describe a DOMAIN that no known daemon has, as far as GRAPH tells; UsageError for a name that is no use.

    A program that was seen under a type of the base (bin_t, before it had a label) gets a type of its own. Where
    nobody was seen to enter DOMAIN, a program that worked there and is called as it is the way in.
    """
    bare = Daemon.of_domain(domain)
    entries = [v for v in graph.vectors() if v.source.type_ == domain and v.perm == "entrypoint"]
    seen = sorted({vector.target.type_ for vector in entries if vector.target.type_.endswith("_t")})
    own = [type_ for type_ in seen if type_ not in base_types]
    paths = sorted({use.path for vector in entries for use, _ in vector.evidence.uses if use.path})
    paths = paths or _programs(graph, domain, bare.name)
    description = {
        "name": bare.name,
        "domain": domain,
        "exec_type": own[0] if own else bare.exec_type,
        "summary": f"the domain {domain}",
        # A path of a log that is not plain never becomes a file context.
        "executables": [path for path in paths if is_plain_path(path)],
    }
    try:
        return Daemon.from_mapping(description)
    except DaemonError as error:
        raise UsageError(f"{domain}: {error}") from error
