# SPDX-License-Identifier: GPL-2.0-or-later
"""The distinct accesses as documents. Apart from the other ones, which load setools: `access` answers at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from policytool.model.access import AccessKey, AccessVector, Evidence, Result, Use
from policytool.model.event import MAX_MILLISECONDS
from policytool.model.observation import Observations
from policytool.model.printable import printable
from policytool.model.xperm_names import xperm_name
from policytool.report.access_keys import GroupKey, SortKey

Document = dict[str, object]

# Label for uses and hosts beyond the limit that is kept.
OTHERS = "(others)"


def timestamp(milliseconds: int) -> str:
    """Return MILLISECONDS since the epoch in ISO 8601, UTC; as `@SECONDS` beyond the year 9999."""
    if milliseconds > MAX_MILLISECONDS:
        return f"@{milliseconds // 1000}.{milliseconds % 1000:03d}"
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Access:
    """What a viewer tells apart: (source type, target type, class, permission), result and permissive."""

    key: AccessKey
    result: Result
    permissive: bool | None
    evidence: Evidence
    xperms: frozenset[int] = frozenset()
    unlisted: int = 0

    @property
    def xperm_names(self) -> tuple[tuple[int, str], ...]:
        """The ioctl commands or netlink messages, sorted, each with its name."""
        _, target, tclass, _ = self.key
        return tuple((number, xperm_name(number, tclass, target)) for number in sorted(self.xperms))


@dataclass(slots=True)
class Group:
    """What several accesses come to. `first` and `last` are None where only each access as a whole has times."""

    name: str
    accesses: int = 0
    denied: int = 0
    granted: int = 0
    first: int | None = None
    last: int | None = None
    perms: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        """The number of decisions."""
        return self.denied + self.granted

    def add(self, access: Access, count: int) -> None:
        """Add COUNT decisions of ACCESS."""
        self.accesses += 1
        self.perms.add(access.key[3])
        if access.result is Result.DENIED:
            self.denied += count
        else:
            self.granted += count


def distinct(observations: Observations) -> tuple[Access, ...]:
    """Return the distinct accesses, sorted: vectors that differ in contexts only are one."""
    groups: dict[tuple[str, ...], list[AccessVector]] = {}
    for vector in observations.vectors:
        key = (*vector.key, vector.result.value, str(vector.permissive))
        groups.setdefault(key, []).append(vector)
    found = []
    for _, vectors in sorted(groups.items()):
        head, *rest = vectors
        found.append(
            Access(
                key=head.key,
                result=head.result,
                permissive=head.permissive,
                evidence=head.evidence.merge(*(vector.evidence for vector in rest)) if rest else head.evidence,
                xperms=frozenset().union(*(vector.xperms for vector in vectors)),
                unlisted=sum(vector.unlisted for vector in vectors),
            )
        )
    return tuple(found)


def ordered(accesses: Iterable[Access], by: SortKey | None, reverse: bool = False) -> tuple[Access, ...]:
    """Sort ACCESSES; equals stay in their order, which is that of `distinct` if BY is None."""
    found = list(accesses)
    match by:
        case None:
            pass
        case SortKey.COUNT:
            found.sort(key=lambda access: -access.evidence.count)
        case SortKey.FIRST:
            found.sort(key=lambda access: -access.evidence.first)
        case SortKey.LAST:
            found.sort(key=lambda access: -access.evidence.last)
        case SortKey.RESULT:
            found.sort(key=lambda access: access.result)
        case _:
            place = (SortKey.SOURCE, SortKey.TARGET, SortKey.CLASS, SortKey.PERMISSION).index(by)
            found.sort(key=lambda access: access.key[place])
    return tuple(reversed(found)) if reverse else tuple(found)


def grouped(accesses: Iterable[Access], by: GroupKey) -> tuple[Group, ...]:
    """Group ACCESSES, the group with most decisions first. A program's or a host's counts are its own."""
    groups: dict[str, Group] = {}
    for access in accesses:
        for name, count in _parts(access, by):
            group = groups.setdefault(name, Group(name))
            group.add(access, count)
            if by not in (GroupKey.PROGRAM, GroupKey.HOST):
                first, last = access.evidence.first, access.evidence.last
                group.first = first if group.first is None else min(group.first, first)
                group.last = last if group.last is None else max(group.last, last)
    return tuple(sorted(groups.values(), key=lambda group: (-group.count, group.name)))


def _parts(access: Access, by: GroupKey) -> list[tuple[str, int]]:
    source, target, tclass, perm = access.key
    evidence = access.evidence
    match by:
        case GroupKey.SOURCE:
            return [(source, evidence.count)]
        case GroupKey.TARGET:
            return [(target, evidence.count)]
        case GroupKey.CLASS:
            return [(tclass, evidence.count)]
        case GroupKey.PERMISSION:
            return [(perm, evidence.count)]
        case GroupKey.RULE:
            return [(f"{source} {'self' if source == target else target}:{tclass}", evidence.count)]
        case GroupKey.PROGRAM:
            counts: dict[str, int] = {}
            for use, count in evidence.uses:
                counts[use.program] = counts.get(use.program, 0) + count
        case GroupKey.HOST:
            counts = dict(evidence.hosts)
    parts = list(counts.items())
    rest = evidence.count - sum(counts.values())
    return [*parts, (OTHERS, rest)] if rest else parts


def access_document(access: Access, explain: bool = False) -> Document:
    """Return one access; EXPLAIN adds its extended permissions by name, its most frequent uses, and its hosts."""
    source, target, tclass, perm = access.key
    evidence = access.evidence
    document: Document = {
        "source": source,
        "target": target,
        "tclass": tclass,
        "perm": perm,
        "result": access.result.value,
        "count": evidence.count,
        "permissive": access.permissive,
        "first": timestamp(evidence.first),
        "last": timestamp(evidence.last),
    }
    if explain:
        document["xperms"] = [{"number": number, "name": name} for number, name in access.xperm_names]
        document["uses"] = [use_document(use, count) for use, count in evidence.shown()]
        document["hosts"] = {printable(host): count for host, count in evidence.hosts}
    return document


def group_document(group: Group, by: GroupKey) -> Document:
    """Return one group; `perms` are those seen in it."""
    return {
        by.value: printable(group.name),
        "count": group.count,
        "denied": group.denied,
        "granted": group.granted,
        "accesses": group.accesses,
        "perms": sorted(group.perms),
        "first": None if group.first is None else timestamp(group.first),
        "last": None if group.last is None else timestamp(group.last),
    }


def use_document(use: Use, count: int) -> Document:
    """Return one use of an access, its texts in printable ASCII."""
    return {
        "trace": printable(use.trace),
        "program": printable(use.program),
        "syscall": printable(use.syscall),
        "path": printable(use.path),
        "count": count,
    }
