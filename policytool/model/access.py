# SPDX-License-Identifier: GPL-2.0-or-later
"""The access vector, the field's unit of currency, and the evidence that it carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from policytool.model.context import SecurityContext
from policytool.model.identity import NOTHING, Identity

# How many distinct uses an evidence keeps; the others are counted in Evidence.count. The smallest ones in
# sort order are kept, so that the same ones remain whatever the order in which logs are read or merged. Whose
# access it was and which file is whose is decided by them, so that only a log made to explode reaches the limit.
# As many are kept of those that only an identity tells apart; the others count as uses of nothing that is known.
MAX_USES = 1024

# How many of them a document shows.
SHOWN_USES = 8

# How many hosts an evidence keeps, the first ones by name; the same holds as for uses.
MAX_HOSTS = 1024

# Who may do what: (source type, target type, class, permission).
AccessKey = tuple[str, str, str, str]


class Result(StrEnum):
    """What the access vector cache said: `avc:  denied` or, under an auditallow rule, `avc:  granted`."""

    DENIED = "denied"
    GRANTED = "granted"


class Use(NamedTuple):
    """One way an access was used: the program and system call that asked, and the path it asked about.

    Where no path is known, `identity` is what else tells the object. For a directory's `add_name` and `remove_name`
    the path is that of the entry, "FOLDER/" where its name is not known. Texts are decoded but otherwise as the log
    had them, so hostile: writers must escape them. "" is unknown.
    """

    trace: str
    program: str
    syscall: str
    path: str
    identity: Identity = NOTHING


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why we believe that an access happened.

    `count` is the number of logged decisions; `first` and `last` are milliseconds since the epoch; `uses`
    pairs each kept use with its own count, in sort order, and so does `hosts` with the hosts that logged them: the
    node of the records or, where they name none, the trace.
    """

    count: int
    first: int
    last: int
    uses: tuple[tuple[Use, int], ...] = ()
    hosts: tuple[tuple[str, int], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every use is known; where it is not, nothing may be concluded from those that are."""
        return sum(count for _, count in self.uses) == self.count

    def shown(self, most: int = SHOWN_USES) -> tuple[tuple[Use, int], ...]:
        """Return the MOST frequent uses, for people: without identities.

        Each program and system call has its most frequent use among them, as far as there is room.
        """
        counts: dict[Use, int] = {}
        for use, count in self.uses:
            shown = _nameless(use)
            counts[shown] = counts.get(shown, 0) + count
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if len(ordered) <= most:
            return tuple(ordered)
        ways: dict[tuple[str, str], tuple[Use, int]] = {}
        for item in ordered:
            ways.setdefault((item[0].program, item[0].syscall), item)
        first = list(ways.values())[:most]
        rest = [item for item in ordered if item not in first][: most - len(first)]
        return tuple(sorted((*first, *rest), key=lambda item: (-item[1], item[0])))

    def merge(self, *others: Evidence) -> Evidence:
        """Return the evidence of all together; exact in the counts of what it keeps, and order-free."""
        if not others:
            return self
        every = (self, *others)
        counts: dict[Use, int] = {}
        hosts: dict[str, int] = {}
        for evidence in every:
            for use, count in evidence.uses:
                counts[use] = counts.get(use, 0) + count
            for host, count in evidence.hosts:
                hosts[host] = hosts.get(host, 0) + count
        return Evidence(
            count=sum(evidence.count for evidence in every),
            first=min(evidence.first for evidence in every),
            last=max(evidence.last for evidence in every),
            uses=kept_uses(counts),
            hosts=tuple(sorted(hosts.items())[:MAX_HOSTS]),
        )


def kept_uses(counts: Mapping[Use, int]) -> tuple[tuple[Use, int], ...]:
    """Return what evidence keeps of the uses in COUNTS, sorted: see MAX_USES."""
    if len(counts) <= MAX_USES:
        return tuple(sorted(counts.items()))
    kept: dict[Use, int] = {}
    unnamed = 0
    for use, count in sorted(counts.items()):
        unnamed += use.identity != NOTHING
        kept_use = use if use.identity == NOTHING or unnamed <= MAX_USES else _nameless(use)
        kept[kept_use] = kept.get(kept_use, 0) + count
    plain = [use for use in kept if use.identity == NOTHING]
    for use in sorted(plain)[MAX_USES:]:
        del kept[use]
    return tuple(sorted(kept.items()))


def _nameless(use: Use) -> Use:
    return use if use.identity == NOTHING else use._replace(identity=NOTHING)


@dataclass(frozen=True, slots=True)
class AccessVector:
    """One permission that SOURCE was seen to ask of TARGET, with its evidence.

    `permissive` is the record's own field: True when a denial was waved through, None where the record has no
    such field (a grant, an old kernel). `xperms` holds the ioctl commands or netlink message types seen with
    the permission; `unlisted` counts the decisions on it that named none, so that an allowxperm is only ever
    made of a complete list. `complete` says that the decisions come from recordings in complete mode; vectors
    of other recordings stay apart from those, since only the former can be trusted to hide nothing.
    """

    source: SecurityContext
    target: SecurityContext
    tclass: str
    perm: str
    result: Result
    permissive: bool | None
    evidence: Evidence
    xperms: frozenset[int] = frozenset()
    unlisted: int = 0
    complete: bool = False

    @property
    def key(self) -> AccessKey:
        """(source type, target type, class, permission): what a rule of the language can tell apart."""
        return (self.source.type_, self.target.type_, self.tclass, self.perm)

    @property
    def sort_key(self) -> tuple[str, ...]:
        """A total order over distinct vectors: everything but the evidence."""
        marks = (self.result.value, str(self.permissive), str(self.complete))
        return (*self.key, str(self.source), str(self.target), *marks)


def with_uses(
    vector: AccessVector, target: SecurityContext, uses: Iterable[tuple[Use, int]], rest: int = 0
) -> AccessVector:
    """Return VECTOR about another TARGET, with only USES of its evidence and REST more that are not known."""
    kept = tuple(sorted(uses))
    evidence = replace(vector.evidence, count=sum(count for _, count in kept) + rest, uses=kept)
    return replace(vector, target=target, evidence=evidence)


def merge_vectors(vectors: Iterable[AccessVector]) -> tuple[AccessVector, ...]:
    """Join vectors that differ in evidence only; sorted, and the same for any order of the input."""
    groups: dict[tuple[str, ...], list[AccessVector]] = {}
    for vector in vectors:
        groups.setdefault(vector.sort_key, []).append(vector)
    merged = []
    for _, group in sorted(groups.items()):
        head = group[0]
        if len(group) == 1:
            merged.append(head)
            continue
        merged.append(
            AccessVector(
                source=head.source,
                target=head.target,
                tclass=head.tclass,
                perm=head.perm,
                result=head.result,
                permissive=head.permissive,
                evidence=head.evidence.merge(*(vector.evidence for vector in group[1:])),
                xperms=frozenset().union(*(vector.xperms for vector in group)),
                unlisted=sum(vector.unlisted for vector in group),
                complete=head.complete,
            )
        )
    return tuple(merged)
