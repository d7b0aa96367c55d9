# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemons that are recorded together do alike: the habits of some say what another will do some day.

Daemons of one project share their libraries. What four of twelve were seen doing, the others may do as well, if not
in the scenarios at hand. A daemon's own types are compared by what is left of their names without the daemon's: `@`
stands for it, as in the difference of two graphs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from policytool.model.access import AccessKey, AccessVector
from policytool.model.context import SecurityContext
from policytool.surface.danger import DANGERS, On

_OWN = "@"

# So many others, and this share of them, have to be seen doing something before it is taken for a habit;
# docs/decisions/exact-by-default.md has what other shares save.
_FEWEST = 3
_SHARE = 0.3

_DANGEROUS = frozenset(
    (tclass, perm)
    for danger in DANGERS
    if danger.on in (On.ANY, On.OTHERS)
    for tclass in danger.classes
    for perm in danger.perms
)


@dataclass(frozen=True, slots=True)
class Habit:
    """An access that a daemon was not seen doing, in its own name, and how many of the OTHERS were (DOING)."""

    vector: AccessVector
    doing: int
    others: int


@dataclass(frozen=True, slots=True)
class Peers:
    """What each daemon was seen doing, and in which scenarios: by what it did, in the name of `@`, by domain.

    `targets` has a context of each object. What was seen in the scenario LEFT_OUT does not count.
    """

    domains: frozenset[str] = frozenset()
    seen: Mapping[AccessKey, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    targets: Mapping[AccessKey, SecurityContext] = field(default_factory=dict)
    left_out: str | None = None

    def habits(self, model: AccessVector, declared: Iterable[str]) -> Iterator[Habit]:
        """Yield what enough others do and the domain of MODEL does not; DECLARED are the types of its module."""
        domain = model.source.type_
        types = {*declared, domain}
        others = self.domains - {domain}
        enough = max(_FEWEST, _SHARE * len(others))
        left_out = frozenset(() if self.left_out is None else (self.left_out,))
        for key, domains in sorted(self.seen.items()):
            if len(domains) < enough or key[2:] in _DANGEROUS:
                continue
            doing = {other for other, scenarios in domains.items() if scenarios - left_out}
            if domain in doing or len(doing) < enough:
                continue
            target = _named(key[1], domain)
            if key[1].startswith(_OWN) and target not in types:
                continue
            context = model.source if target == domain else replace(self.targets[key], type_=target)
            yield Habit(replace(model, target=context, tclass=key[2], perm=key[3]), len(doing), len(others))


def peers(seen: Iterable[tuple[str, str, AccessVector]]) -> Peers:
    """Collect what was SEEN: the domain of a daemon, a scenario, and an access that the daemon makes."""
    found: dict[AccessKey, dict[str, set[str]]] = {}
    targets: dict[AccessKey, SecurityContext] = {}
    domains = set()
    for domain, scenario, vector in seen:
        domains.add(domain)
        if vector.source.type_ == domain:
            _, target, tclass, perm = vector.key
            key = (_OWN, _alike(target, domain), tclass, perm)
            found.setdefault(key, {}).setdefault(domain, set()).add(scenario)
            targets.setdefault(key, vector.target)
    return Peers(
        frozenset(domains),
        {key: {domain: frozenset(names) for domain, names in of.items()} for key, of in found.items()},
        targets,
    )


def _alike(type_: str, domain: str) -> str:
    stem = domain.removesuffix("_t")
    return f"{_OWN}{type_.removeprefix(stem)}" if type_.startswith(f"{stem}_") else type_


def _named(alike: str, domain: str) -> str:
    return alike.replace(_OWN, domain.removesuffix("_t"), 1) if alike.startswith(_OWN) else alike
