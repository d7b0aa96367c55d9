# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses that were not seen and may be needed some day, with what speaks for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from policytool.generate.chances import Chances, Learned
from policytool.generate.peers import Doings, Peers
from policytool.generate.signs import LEAST_SHARE, Levels, Signs
from policytool.generate.triage import DECIDED, Cure, Triaged
from policytool.model.access import AccessKey, AccessVector, Evidence
from policytool.model.context import SecurityContext
from policytool.policy.held_together import SELF, Held, HeldTogether
from policytool.surface.danger import DANGERS, On
from policytool.surface.grants import Grants

_UNSEEN = Evidence(0, 0, 0)

# What the daemon did and may do.
_DONE = frozenset({Cure.ALLOW, Cure.GRANTED})

_DANGEROUS = {
    (tclass, perm): danger.why
    for danger in DANGERS
    if danger.on in (On.ANY, On.OTHERS)
    for tclass in danger.classes
    for perm in danger.perms
}

# Powers that what is held on a type says nothing about: added only where another daemon was seen using them.
_GUARDED = frozenset(
    {
        "dyntransition", "entrypoint", "execute", "execute_no_trans", "mounton", "relabelfrom", "relabelto",
        "setcurrent", "setexec", "transition",
    }
)  # fmt: skip

# What any program may ask of an open file without doing anything to it, where nobody was seen to give a command:
# FIONCLEX and FIOCLEX (close on exec), FIONBIO and FIOASYNC (waiting), FIONREAD (bytes that wait), TCGETS (is it a
# terminal?). ioctl_list(2).
HARMLESS = frozenset({0x5450, 0x5451, 0x5421, 0x5452, 0x541B, 0x5401})

_IOCTL = "ioctl"


@dataclass(frozen=True, slots=True)
class SameWork:
    """What a domain that does the same work may do: NAME, and what it may do on each type (itself is `self`)."""

    name: str
    may: Mapping[str, frozenset[Held]]

    @classmethod
    def of(cls, name: str, grants: Grants) -> SameWork:
        """Sort GRANTS, those of the domain NAME, by type."""
        may: dict[str, frozenset[Held]] = {}
        for target, tclass, perms in grants.by_target():
            place = SELF if target == name else target
            may[place] = may.get(place, frozenset()) | {(tclass, perm) for perm in perms}
        return cls(name, may)


@dataclass(frozen=True, eq=False, slots=True)
class Experience:
    """What is known beyond a daemon's own recording.

    `together` is what the base's domains hold, `peers` what other daemons were seen doing, `learned` how often what
    these speak for was needed. `granted` has by domain what the base gives it, `like` a domain of the same work.
    `neighbours` has for a type those whose labels stand beside its own.
    """

    together: HeldTogether
    peers: Peers
    learned: Learned
    granted: Mapping[str, Grants] = field(default_factory=dict)
    like: Mapping[str, SameWork] = field(default_factory=dict)
    neighbours: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Likely:
    """An access that was not seen, in contexts that were, with its signs and its chance (0.0 to 1.0).

    The chance is that one scenario more, of the kind that there are, needs it.
    """

    vector: AccessVector
    signs: Signs
    chance: float

    @property
    def reason(self) -> str:
        """What speaks for it."""
        return self.signs.words(self.vector.tclass, self.vector.perm)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may be needed by one domain, with the signs for it, by key; `model` is an access that the domain makes.

    `contexts` has a context of each type that it was seen using.
    """

    signs: Mapping[AccessKey, Signs]
    doings: Doings
    model: AccessVector | None = None
    contexts: Mapping[str, SecurityContext] = field(default_factory=dict)

    def levels(self, *, alone: bool) -> Iterator[tuple[Levels, AccessKey]]:
        """Yield the levels of each; ALONE leaves out what only other daemons speak for."""
        for key, signs in self.signs.items():
            if signs.alone or not alone:
                yield signs.levels(alone=alone), key

    def ranked(self, learned: Learned) -> tuple[tuple[float, AccessKey], ...]:
        """Return them with their chances, the likeliest first."""
        alone = not self.doings.enough
        chances: Chances = learned.alone if alone else learned.beside
        found = ((chances.of(levels), key) for levels, key in self.levels(alone=alone))
        return tuple(sorted(found, key=lambda pair: (-pair[0], pair[1])))


def candidates(
    domain: str,
    own: frozenset[str],
    triaged: Iterable[Triaged],
    by: Experience,
    left_out: str | None = None,
) -> Candidates:
    """Return what DOMAIN may need beside what was TRIAGED; OWN are the types made for it.

    Nothing is proposed on a (type, class) where triage decided anything, and nothing that the base grants. What
    scenario LEFT_OUT shows of other daemons does not count.
    """
    done: dict[str, dict[str, set[str]]] = {}
    decided = set()
    contexts: dict[str, SecurityContext] = {}
    seen = set()
    model = None
    for access in triaged:
        vector = access.vector
        if vector.source.type_ != domain:
            continue
        _, target, tclass, perm = vector.key
        seen.add(vector.key)
        if access.cure in DECIDED:
            decided.add((target, tclass))
        elif access.cure in _DONE:
            done.setdefault(target, {}).setdefault(tclass, set()).add(perm)
            contexts.setdefault(target, vector.target)
            if model is None or (vector.key <= model.key and vector.sort_key < model.sort_key):
                model = vector
    doings = by.peers.doings(domain, left_out)
    usual = doings.usual if doings.enough else by.learned.usual
    granted = by.granted.get(domain, Grants.of(()))
    found: dict[AccessKey, Signs] = {}

    @cache
    def neighbour(target: str) -> str:
        return min(by.neighbours.get(target, frozenset()) & done.keys(), default="")

    def about(target: str, tclass: str, perm: str) -> Signs | None:
        key = (domain, target, tclass, perm)
        signs = found.get(key)
        if signs is None and key not in seen and (target, tclass) not in decided and key[1:] not in granted:
            signs = found[key] = Signs(
                usual=usual.get((tclass, perm), 0.0),
                touching=doings.touching.get(target, 0),
                neighbour=neighbour(target),
            )
        return signs

    stem = f"{domain.removesuffix('_t')}_"
    for (target, tclass, perm), number in doings.doing.items():
        # Its own types are those that its module declares; another daemon's may have no counterpart.
        if target.startswith(stem) and target not in own and target not in contexts:
            continue
        if signs := about(target, tclass, perm):
            signs.others, signs.of = number, doings.others
    same = by.like.get(domain)
    for target, classes in done.items():
        itself = target == domain
        for tclass, perms in classes.items():
            given = frozenset((tclass, perm) for perm in perms)
            for held, share in by.together.beside(given, least=LEAST_SHARE).items():
                if (signs := about(target, *held)) and signs.share < share.part:
                    signs.share, signs.given = share.part, given
        for sibling, alike in by.together.siblings.get(target, ()):
            for tclass, perms in classes.items():
                for perm in perms:
                    if (signs := about(sibling, tclass, perm)) and signs.alike < alike:
                        signs.sibling, signs.alike = target, alike
        if same:
            for held in same.may.get(SELF if itself else target, ()):
                if signs := about(target, *held):
                    signs.like = same.name
    return Candidates(found, doings, model, contexts)


def likely(domain: str, key: AccessKey, chance: float, among: Candidates, by: Experience) -> Likely | None:
    """Return the access KEY of DOMAIN, with CHANCE, as one that may be triaged; None where no context is known."""
    _, target, tclass, perm = key
    signs = among.signs[key]
    context = among.contexts.get(target) or by.peers.context(domain, target, tclass, perm)
    if context is None and signs.sibling:
        context = replace(among.contexts[signs.sibling], type_=target)
    if context is None or among.model is None:
        return None
    if target == domain:
        context = among.model.source
    elif context.type_ != target:
        context = replace(context, type_=target)
    commands = frozenset[int]()
    if perm == _IOCTL:
        commands = by.peers.shown(domain, target, tclass) or HARMLESS
    vector = replace(
        among.model, target=context, tclass=tclass, perm=perm, evidence=_UNSEEN, xperms=commands, unlisted=0
    )
    return Likely(vector, signs, chance)


def never(tclass: str, perm: str, signs: Signs) -> str:
    """Say why PERM of TCLASS is never added unseen, whatever its chance; "" if it may be."""
    if danger := _DANGEROUS.get((tclass, perm)):
        return f"dangerous: {danger}"
    if perm in _GUARDED and not signs.others:
        return "a power of another kind than reading, writing and managing, and no other daemon does it"
    return ""
