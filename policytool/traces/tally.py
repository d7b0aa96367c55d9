# SPDX-License-Identifier: GPL-2.0-or-later
"""From events to distinct access vectors, in memory bounded by the number of distinct accesses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import nsmallest

from policytool.model.access import MAX_USES, AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.model.event import AccessDecision, Location, TraceEvent, Unread, UnreadKind
from policytool.model.execution import Execution
from policytool.model.observation import MAX_UNREAD, Observations

# What one vector is told apart by: contexts, class, permission, result, permissive.
VectorKey = tuple[SecurityContext, SecurityContext, str, str, Result, bool | None]

# The program, system call and path of a use.
UseKey = tuple[str, str, str]

# A vector's uses are cut down to the MAX_USES smallest when they are this many. That is exact: a use that is not
# among the smallest ones now never will be, for the others only grow in number.
_MANY = 2 * MAX_USES


# Later than any time stamp that a format accepts, in milliseconds.
_NEVER = 1 << 63


@dataclass(slots=True)
class Seen:
    """The evidence of one vector, so far."""

    first: int = _NEVER
    last: int = 0
    count: int = 0
    uses: dict[UseKey, int] = field(default_factory=dict)
    xperms: set[int] = field(default_factory=set)
    unlisted: int = 0

    def add(self, first: int, last: int, use: UseKey, xperm: int | None, count: int = 1) -> None:
        """Count COUNT equal decisions, made between FIRST and LAST."""
        self.count += count
        self.first = min(self.first, first)
        self.last = max(self.last, last)
        uses = self.uses
        uses[use] = uses.get(use, 0) + count
        if len(uses) >= _MANY:
            self.uses = dict(nsmallest(MAX_USES, uses.items()))
        if xperm is None:
            self.unlisted += count
        else:
            self.xperms.add(xperm)


class Tally:
    """The distinct access vectors of one trace; the same for any order of its events."""

    def __init__(self, trace: str, complete: bool) -> None:
        """TRACE names the evidence; COMPLETE says that it was recorded in complete mode and nothing was lost."""
        self._trace = trace
        self._complete = complete
        self._seen: dict[VectorKey, Seen] = {}
        self._events = 0
        self._records = 0
        self._errors: Counter[str] = Counter()
        self._unread: list[Unread] = []
        self._unread_counts: Counter[UnreadKind] = Counter()
        self.executions: tuple[Execution, ...] = ()

    def add(self, event: TraceEvent) -> None:
        """Count EVENT and each of its decisions."""
        self.count_event(event.records)
        for error in event.errors:
            self._errors[error.op] += 1
        syscall = event.syscall
        for decision in event.decisions:
            use = (
                program(decision, event),
                "" if syscall is None else syscall.name,
                decision.path,
            )
            for seen in self.seen(decision):
                seen.add(event.key.timestamp, event.key.timestamp, use, decision.xperm)

    def count_event(self, records: int) -> None:
        """Count an event of that many records, without its decisions."""
        self._events += 1
        self._records += records

    def seen(self, decision: AccessDecision) -> list[Seen]:
        """Return what is known of each permission of DECISION, to be added to."""
        found = []
        for perm in decision.perms:
            key = (
                decision.source,
                decision.target,
                decision.tclass,
                perm,
                decision.result,
                decision.permissive,
            )
            seen = self._seen.get(key)
            if seen is None:
                seen = self._seen[key] = Seen()
            found.append(seen)
        return found

    def unread(self, place: Unread) -> None:
        """Count PLACE among what was not understood."""
        self._unread_counts[place.kind] += 1
        self._unread.append(place)
        if len(self._unread) >= 16 * MAX_UNREAD:
            self._unread = nsmallest(MAX_UNREAD, self._unread, key=_place)

    def observations(self) -> Observations:
        """Return what was counted so far."""
        vectors = [self._vector(key, seen) for key, seen in self._seen.items()]
        return Observations(
            vectors=tuple(sorted(vectors, key=lambda vector: vector.sort_key)),
            traces=(self._trace,),
            events=self._events,
            records=self._records,
            errors=tuple(sorted(self._errors.items())),
            unread=tuple(nsmallest(MAX_UNREAD, self._unread, key=_place)),
            unread_counts=tuple(sorted(self._unread_counts.items())),
            executions=self.executions,
        )

    def _vector(self, key: VectorKey, seen: Seen) -> AccessVector:
        source, target, tclass, perm, result, permissive = key
        uses = nsmallest(MAX_USES, seen.uses.items())
        return AccessVector(
            source=source,
            target=target,
            tclass=tclass,
            perm=perm,
            result=result,
            permissive=permissive,
            evidence=Evidence(
                count=seen.count,
                first=seen.first,
                last=seen.last,
                uses=tuple((Use(self._trace, *use), count) for use, count in uses),
            ),
            xperms=frozenset(seen.xperms),
            unlisted=seen.unlisted,
            complete=self._complete,
        )


def _place(unread: Unread) -> tuple[Location, str, str]:
    return (unread.location, unread.kind, unread.text)


def program(decision: AccessDecision, event: TraceEvent) -> str:
    """Name the program that asked: the system call's, else the object manager's that told us, else comm."""
    syscall = event.syscall
    if syscall is not None and syscall.exe:
        return syscall.exe
    return decision.exe or decision.comm or ("" if syscall is None else syscall.comm)
