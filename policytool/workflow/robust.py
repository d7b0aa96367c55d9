# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `robust`: exact candidates, and what is likely beside them where triage and neverallow rules let it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from policytool.generate.candidate import Candidate
from policytool.generate.chances import shipped
from policytool.generate.forbidden import Forbidden
from policytool.generate.likely import Experience, Likely, SameWork, candidates, likely, never
from policytool.generate.peers import Peers, peers
from policytool.generate.robust import Limit, PassedOver, close, permissions
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey, AccessVector
from policytool.model.daemon import Daemon
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.held_together import HeldTogether, dump, held_together, load
from policytool.surface.surface import surfaces_of
from policytool.toolchain.base import Base
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.workflow.base_limits import link_until_allowed

Ask = Callable[[Candidate, Iterable[AccessVector]], tuple[Triaged, ...]]

# So many are put to triage at once, and so many of those that come next are shown to a person.
_AT_ONCE = 32
_SHOWN = 20

_LESS = "less likely than what was added"

_FILE = "held"


def cached_held_together(policy: CompiledPolicy, cache: Cache | None = None) -> HeldTogether:
    """Return what the domains of POLICY hold together; counted once for the same policy, by its hash."""
    key = digest("held together", policy.path.read_bytes())
    folder = (cache or open_cache()).fill(
        "held", key, lambda folder: _write(folder / _FILE, dump(held_together(policy)))
    )
    return load((folder / _FILE).read_bytes())


def experience(
    linked: CompiledPolicy,
    plain: CompiledPolicy,
    others: Peers,
    made: Sequence[Candidate],
    like: Mapping[str, str],
    neighbours: Mapping[str, frozenset[str]],
) -> Experience:
    """Return what is known beyond the recordings of the daemons of MADE.

    LINKED is the base with their skeletons, PLAIN the base alone. LIKE has for a domain one that does its work; it
    is left out where PLAIN has no such domain. NEIGHBOURS has for a type those whose labels stand beside its own.
    """
    domains = sorted(candidate.module.domain for candidate in made)
    held = {domain: surface.stored for domain, surface in surfaces_of(linked, domains).items()}
    wanted = sorted({name for name in like.values() if plain.resolve(name)})
    may = {name: SameWork.of(name, surface.stored) for name, surface in surfaces_of(plain, wanted).items()}
    return Experience(
        cached_held_together(plain),
        others,
        shipped(),
        held,
        {domain: may[name] for domain, name in like.items() if name in may and name != domain},
        neighbours,
    )


def replaced(known: Iterable[Daemon], domains: Mapping[str, str]) -> Mapping[str, str]:
    """Return for each of DOMAINS (daemon → domain) that of the daemon whose work it does now."""
    return {domains[name]: daemon.domain for daemon in known for name in daemon.replaced_by if name in domains}


def peers_of(made: Iterable[Candidate]) -> Peers:
    """Return what the daemons of the modules MADE do, all scenarios together."""
    return peers(
        (candidate.module.domain, "", access.vector)
        for candidate in made
        for access in candidate.triaged
        if access.cure in (Cure.ALLOW, Cure.GRANTED)
    )


def own_types(candidate: Candidate) -> frozenset[str]:
    """Return the types that the module declares for its daemon's objects."""
    return candidate.module.declared - {candidate.module.domain}


def robust_candidates(
    made: Sequence[Candidate],
    ask: Ask,
    by: Experience,
    limit: Limit,
    base: Base,
    base_types: frozenset[str],
) -> tuple[Candidate, ...]:
    """Add to the modules of MADE what is likely, up to LIMIT. ASK triages it for one, as it did what was seen.

    Raise ToolFailedError when neverallow rules still forbid something after some rounds.
    """
    exact = {candidate.module.name: candidate for candidate in made}

    def without(candidate: Candidate, forbidden: Mapping[AccessKey, Forbidden]) -> Candidate:
        out = tuple(
            PassedOver(closed, "a neverallow rule of the base forbids it")
            for closed in candidate.closed
            if closed.vector.key in forbidden
        )
        left = tuple(closed for closed in candidate.closed if closed.vector.key not in forbidden)
        return _with(exact[candidate.module.name], left, (*candidate.passed_over, *out), base_types)

    closed = tuple(_with(candidate, *_chosen(candidate, ask, by, limit), base_types) for candidate in made)
    left, _ = link_until_allowed(closed, base, without, "closed modules", "what is likely")
    return left


def _chosen(
    candidate: Candidate, ask: Ask, by: Experience, limit: Limit
) -> tuple[tuple[Likely, ...], tuple[PassedOver, ...]]:
    """Return what is added to CANDIDATE, the likeliest first, and what might have been."""
    most = limit.most(permissions(candidate.module))
    ranked = _ranked(candidate, by)
    chosen: list[Likely] = []
    passed: list[PassedOver] = []
    while len(chosen) < most and (batch := tuple(islice(ranked, _AT_ONCE))):
        for found, refused in _judged(candidate, batch, ask):
            if found.chance < limit.confidence:
                passed.append(PassedOver(found, "less likely than was asked for"))
            elif len(chosen) >= most:
                passed.append(PassedOver(found, _LESS))
            elif refused:
                passed.append(PassedOver(found, refused))
            else:
                chosen.append(found)
        if batch[-1].chance < limit.confidence:
            break
    passed += [PassedOver(found, _LESS) for found in islice(ranked, max(0, _SHOWN - len(passed)))]
    return tuple(chosen), tuple(passed)


def _ranked(candidate: Candidate, by: Experience) -> Iterator[Likely]:
    """Yield what is likely for the domain of CANDIDATE, the likeliest first."""
    domain = candidate.module.domain
    among = candidates(domain, own_types(candidate), candidate.triaged, by)
    for chance, key in among.ranked(by.learned):
        if found := likely(domain, key, chance, among, by):
            yield found


def _judged(candidate: Candidate, batch: Sequence[Likely], ask: Ask) -> Iterator[tuple[Likely, str]]:
    """Yield each of BATCH with what speaks against a rule, or "".

    What the base grants is left out, and what nobody can tell.
    """
    refused = [(found, _never(candidate, found)) for found in batch]
    asked = ask(candidate, (found.vector for found, why in refused if not why))
    cures = {triaged.vector.key: triaged for triaged in asked}
    for found, why in refused:
        triaged = cures.get(found.vector.key)
        if why:
            yield found, why
        elif triaged and triaged.cure is not Cure.GRANTED and triaged.cure is not Cure.UNMAPPED:
            yield found, "" if triaged.cure is Cure.ALLOW else f"{triaged.cure}: {triaged.reason}"


def _never(candidate: Candidate, found: Likely) -> str:
    """Say why what was FOUND likely is never added unseen; "" if it may be."""
    vector = found.vector
    if why := never(vector.tclass, vector.perm, found.signs):
        return why
    if vector.perm == "ioctl" and candidate.module.extends:
        return "its list of commands would also narrow what the base gives the domain"
    return ""


def _with(
    candidate: Candidate, closed: tuple[Likely, ...], passed: tuple[PassedOver, ...], base_types: frozenset[str]
) -> Candidate:
    module = close(candidate.module, closed, base_types)
    return replace(candidate, module=module, closed=closed, passed_over=passed)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
