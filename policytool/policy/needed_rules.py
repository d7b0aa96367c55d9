# SPDX-License-Identifier: GPL-2.0-or-later
"""Is every rule needed? Each permission of each allow statement, judged by what was seen.

S is the policy with the modules' skeletons and without the statements that are judged. A (statement, permission) is
needed if it grants some observed access that S and all the other statements deny. No link for each statement is
needed to know that. Allow rules only add, and nothing else of a policy depends on them (constraints, roles and
ranges are the same in S and in the whole; sources of type bounds are not judged), so that S with any set of the
statements allows an access exactly if the whole policy's constraints do and S has a rule for it or a statement of
the set covers it. Hence: an observed access that the whole allows, that S denies and that exactly one statement
covers proves that statement's permission needed. A permission without such an access can go, by itself, and nothing
that was seen is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from policytool.model.access import AccessKey, AccessVector
from policytool.policy.cil_rules import CilRule
from policytool.policy.decide import Decides

SELF = "self"


class Standing(StrEnum):
    """What became of one permission of one statement. NEEDED is proved; the four from UNSEEN on can go.

    SHARED would be needed, but that other modules have it too. What helpers of several daemons do in a domain of
    the base is in each of their modules, since each has to be enough without the others. WORDED comes with a call
    of a macro that something needs, and the base grants it anyway.
    """

    NEEDED = "needed"
    SHARED = "needed, and in other modules too"
    UNSEEN = "nothing seen asks for it"
    GRANTED = "granted without it"
    TWICE = "granted by another statement too"
    FUTILE = "denied all the same"
    WORDED = "said by a call too, and granted without it"
    OFF = "not in force"
    UNJUDGED = "not judged"

    @property
    def removable(self) -> bool:
        """Whether the permission can be taken out, alone, without anything that was seen being denied."""
        return self in (Standing.UNSEEN, Standing.GRANTED, Standing.TWICE, Standing.FUTILE)

    @property
    def is_finding(self) -> bool:
        """Whether it keeps the modules from being proved irreducible."""
        return self.removable or self is Standing.UNJUDGED


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement with the types that its names stand for; TARGETS None means each source itself."""

    rule: CilRule
    sources: frozenset[str]
    targets: frozenset[str] | None

    def covers(self, source: str, target: str) -> bool:
        """Whether the statement is about an access of SOURCE to TARGET."""
        return source in self.sources and (source == target if self.targets is None else target in self.targets)


@dataclass(frozen=True, slots=True)
class JudgedPermission:
    """One permission of a statement, its standing, the observed access behind that, and what else there is to say.

    `perm` is "" where the statement was not judged. For NEEDED, `witness` is the access that nothing else grants;
    for the others one that it grants in vain, None where none was seen.
    """

    rule: CilRule
    perm: str
    standing: Standing
    witness: AccessVector | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Exempt:
    """What of a module is not judged, and why not: it declares, it is demanded by neverallow rules, it narrows.

    `declarations` counts statements by keyword; `attributes` holds (base's attribute, types that get it).
    """

    module: str
    declarations: tuple[tuple[str, int], ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]
    allowxperm: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatementPlace:
    """Where a statement stands: a file as the user gave it, and the line in it, 0 if unknown."""

    file: str
    line: int


@dataclass(frozen=True)
class Proof:
    """Every permission of every allow statement with its standing, what is exempt, and where the findings stand."""

    judged: tuple[JudgedPermission, ...]
    exempt: tuple[Exempt, ...]
    places: Mapping[CilRule, StatementPlace]

    def of(self, *standings: Standing) -> tuple[JudgedPermission, ...]:
        """Return what has one of STANDINGS."""
        return tuple(judged for judged in self.judged if judged.standing in standings)

    @property
    def findings(self) -> tuple[JudgedPermission, ...]:
        """What keeps the modules from being proved irreducible: what can go, and what could not be judged."""
        return tuple(judged for judged in self.judged if judged.standing.is_finding)


_Pair = tuple[int, str]


def judge(
    grants: Sequence[Grant], vectors: Iterable[AccessVector], skeleton: Decides, whole: Decides
) -> tuple[JudgedPermission, ...]:
    """Judge each permission of GRANTS by VECTORS, in the order of the grants.

    SKELETON answers for S, WHOLE for the policy with all of the statements.
    """
    table = _Table(grants, vectors)
    proved = _prove(table, skeleton, whole)
    return tuple(
        JudgedPermission(grant.rule, perm, Standing.NEEDED, proved[place, perm])
        if (place, perm) in proved
        else _in_vain(table, (place, perm), skeleton, whole)
        for place, grant in enumerate(grants)
        for perm in grant.rule.perms
    )


class _Table:
    """Which of the observed accesses each (statement, permission) covers, and how many cover each access."""

    def __init__(self, grants: Sequence[Grant], vectors: Iterable[AccessVector]) -> None:
        self.grants = grants
        by_perm: dict[tuple[str, str], list[int]] = {}
        for place, grant in enumerate(grants):
            for perm in grant.rule.perms:
                by_perm.setdefault((grant.rule.tclass, perm), []).append(place)
        self.seen: dict[_Pair, list[AccessVector]] = {}
        self.covering: dict[AccessKey, tuple[int, ...]] = {}
        for vector in _questions(vectors):
            if vector.key not in self.covering:
                candidates = by_perm.get((vector.tclass, vector.perm), ())
                source, target = vector.key[:2]
                self.covering[vector.key] = tuple(
                    candidate for candidate in candidates if grants[candidate].covers(source, target)
                )
            for place in self.covering[vector.key]:
                self.seen.setdefault((place, vector.perm), []).append(vector)

    def alone(self, pair: _Pair) -> Iterator[AccessVector]:
        """Yield the observed accesses that no other statement covers."""
        return (vector for vector in self.seen.get(pair, ()) if len(self.covering[vector.key]) == 1)


def _prove(table: _Table, skeleton: Decides, whole: Decides) -> Mapping[_Pair, AccessVector]:
    """Find for each pair an access that S denies, the whole allows, and no other statement covers.

    Each policy is asked in batches, since changing between two costs a load of each.
    """
    proved: dict[_Pair, AccessVector] = {}
    waiting = {pair: table.alone(pair) for pair in table.seen}
    while waiting:
        found: dict[_Pair, AccessVector] = {}
        for pair, candidates in waiting.items():
            witness = next((vector for vector in candidates if not skeleton.decide(vector).allowed), None)
            if witness:
                found[pair] = witness
        proved |= {pair: witness for pair, witness in found.items() if whole.decide(witness).allowed}
        waiting = {pair: waiting[pair] for pair in found if pair not in proved}
    return proved


def _in_vain(table: _Table, pair: _Pair, skeleton: Decides, whole: Decides) -> JudgedPermission:
    """Say why the permission of PAIR can go."""
    place, perm = pair
    rule = table.grants[place].rule
    seen = table.seen.get(pair, [])
    if not seen:
        return JudgedPermission(rule, perm, Standing.UNSEEN)
    for vector in seen:
        others = [table.grants[other].rule for other in table.covering[vector.key] if other != place]
        if others and not skeleton.decide(vector).allowed and whole.decide(vector).allowed:
            names = ", ".join(f"{other.module}: allow {other}" for other in others[:3])
            shared = all(other.module != rule.module for other in others)
            return JudgedPermission(rule, perm, Standing.SHARED if shared else Standing.TWICE, vector, names)
    for vector in seen:
        if skeleton.decide(vector).allowed:
            return JudgedPermission(rule, perm, Standing.GRANTED, vector, "by the base or the skeletons")
    return JudgedPermission(rule, perm, Standing.FUTILE, seen[0], whole.decide(seen[0]).describe())


def _questions(vectors: Iterable[AccessVector]) -> Iterator[AccessVector]:
    """Yield one vector for each question that a policy can be asked, the most often seen first."""
    asked: dict[tuple[object, ...], AccessVector] = {}
    for vector in vectors:
        question = (vector.source, vector.target, vector.tclass, vector.perm)
        known = asked.get(question)
        if known is None or vector.evidence.count > known.evidence.count:
            asked[question] = vector
    yield from sorted(asked.values(), key=lambda vector: (-vector.evidence.count, vector.sort_key))
