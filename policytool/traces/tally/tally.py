# SPDX-License-Identifier: GPL-2.0-or-later
"""From events to distinct access vectors, in memory bounded by the number of distinct accesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain

from policytool.errors import InputError
from policytool.model.access import MAX_HOSTS, MAX_USES, AccessVector, Evidence, Result, Use, kept_uses
from policytool.model.context import SecurityContext
from policytool.model.event import AccessDecision, Location, TraceEvent, Unread, UnreadKind
from policytool.model.identity import NOTHING, Identity, Place
from policytool.model.observation import MAX_UNREAD, Observations
from policytool.model.refusal import MAX_REFUSALS, Refusal, kept, refusal
from policytool.traces.events.asked_by import asked_by
from policytool.traces.events.naming import Named
from policytool.traces.tally.sightings import Table

# What one vector is told apart by: contexts, class, permission, result, permissive.
VectorKey = tuple[SecurityContext, SecurityContext, str, str, Result, bool | None]

# The program, system call and path of a use; and of one whose object only an identity tells.
UseKey = tuple[str, str, str]
UnnamedKey = tuple[str, str, Identity]

# A vector's uses are cut down to the MAX_USES smallest when they are this many. That is exact: a use that is not
# among the smallest ones now never will be, for the others only grow in number.
_MANY = 2 * MAX_USES


# Later than any time stamp that a format accepts, in milliseconds.
_NEVER = 1 << 63


# What one vector, one of its uses, one of its commands and one kind of error cost in memory, in bytes besides the
# texts; measured, and rounded up.
_VECTOR_SIZE, _USE_SIZE, _XPERM_SIZE, _ERROR_SIZE = 1200, 300, 100, 300

# A trace whose distinct accesses, with the uses that are kept of each, are larger than MAX_SIZE is refused. Before
# that uses are cut down, whenever all of them are larger than that by a third.
MAX_SIZE = 192 << 20


@dataclass(slots=True)
class Seen:
    """The evidence of one vector, so far."""

    first: int = _NEVER
    last: int = 0
    count: int = 0
    uses: dict[UseKey, int] = field(default_factory=dict)
    unnamed: dict[UnnamedKey, int] = field(default_factory=dict)
    xperms: set[int] = field(default_factory=set)
    unlisted: int = 0
    hosts: dict[str, int] = field(default_factory=dict)

    def trim(self) -> None:
        """Forget uses that are not among the smallest, and first what tells those apart that have no path."""
        for program, syscall, identity in sorted(self.unnamed)[MAX_USES:]:
            use = program, syscall, ""
            self.uses[use] = self.uses.get(use, 0) + self.unnamed.pop((program, syscall, identity))
        if len(self.uses) > MAX_USES:
            self.uses = dict(nsmallest(MAX_USES, self.uses.items()))


class Tally:
    """The distinct access vectors of one trace; the same for any order of its events."""

    def __init__(self, trace: str, complete: bool) -> None:
        """TRACE names the evidence; COMPLETE says that it was recorded in complete mode and nothing was lost."""
        self._trace = trace
        self._complete = complete
        self._seen: dict[VectorKey, Seen] = {}
        self._table = Table()
        self._size = 0
        self._events = 0
        # Records by node, and when the first and the last event was.
        self.hosts: Counter[str] = Counter()
        self.first, self.last = _NEVER, 0
        self._errors: Counter[str] = Counter()
        self._refusals: Counter[Refusal] = Counter()
        self._unread: list[Unread] = []
        self._unread_counts: Counter[UnreadKind] = Counter()

    def add(self, event: TraceEvent) -> None:
        """Count EVENT and each of its decisions. InputError: too many distinct ones."""
        self.add_equal(event, event.key.timestamp, event.key.timestamp, 1)

    def add_equal(self, event: TraceEvent, first: int, last: int, count: int) -> None:
        """Count COUNT events like EVENT in all but their times, which are from FIRST to LAST."""
        node = event.key.node
        call = "" if event.syscall is None else event.syscall.name
        self.count_events(count, count * event.records, first, last, node)
        for error in event.errors:
            if error.op not in self._errors:
                self._grow(_ERROR_SIZE + len(error.op))
            self._errors[error.op] += count
            self._refusals[refusal(error, call)] += count
            if len(self._refusals) >= 4 * MAX_REFUSALS:
                self._refusals = Counter(dict(kept(self._refusals.items())))
        self.see(event.places, first, last)
        for decision in event.decisions:
            named = Named(decision.path, decision.folder, decision.identity)
            vectors = self.vectors(decision)
            self.count_uses(vectors, decision, named, first, last, asked_by(event.syscall, decision), count, node)

    def see(self, places: Iterable[tuple[Place, bool]], first: int, last: int) -> None:
        """Take note of PLACES that objects were seen in from FIRST to LAST, each with whether it was removed."""
        self._table.add(places, first, last)

    def count_uses(
        self,
        vectors: Sequence[Seen],
        decision: AccessDecision,
        named: Named,
        first: int,
        last: int,
        asked_by: tuple[str, str],
        count: int = 1,
        node: str = "",
    ) -> None:
        """Count COUNT times DECISION, on VECTORS and on the object NAMED; ASKED_BY are program and system call."""
        if not named.folder and not named.identity.entry:
            use = (*asked_by, named.path)
            self.count(vectors, decision.xperm, first, last, use, named.identity, count, node)
            return
        for perm, seen in zip(decision.perms, vectors, strict=True):
            path, identity = named.of(perm)
            self.count((seen,), decision.xperm, first, last, (*asked_by, path), identity, count, node)

    def count_events(self, events: int, records: int, first: int, last: int, node: str = "") -> None:
        """Count events of NODE, from FIRST to LAST, with so many records in all, without their decisions."""
        self._events += events
        if node not in self.hosts:
            self._grow(_ERROR_SIZE + len(node))
        self.hosts[node] += records
        self.first = min(self.first, first)
        self.last = max(self.last, last)

    def vectors(self, decision: AccessDecision) -> tuple[Seen, ...]:
        """Return where the vectors of DECISION are counted. InputError: too many distinct ones."""
        head = (decision.source, decision.target, decision.tclass)
        tail = (decision.result, decision.permissive)
        found = []
        for perm in decision.perms:
            seen = self._seen.get((*head, perm, *tail))
            if seen is None:
                self._grow(_VECTOR_SIZE)
                seen = self._seen[*head, perm, *tail] = Seen()
            found.append(seen)
        return tuple(found)

    def count(
        self,
        vectors: Iterable[Seen],
        xperm: int | None,
        first: int,
        last: int,
        use: UseKey,
        identity: Identity = NOTHING,
        count: int = 1,
        node: str = "",
    ) -> None:
        """Count COUNT decisions on VECTORS with XPERM, made from FIRST to LAST on NODE; IDENTITY stands for a path.

        InputError: too many distinct uses.
        """
        for seen in vectors:
            seen.count += count
            seen.first = min(seen.first, first)
            seen.last = max(seen.last, last)
            if node not in seen.hosts:
                self._grow(_ERROR_SIZE + len(node))
            seen.hosts[node] = seen.hosts.get(node, 0) + count
            if identity == NOTHING:
                known = seen.uses.get(use)
                seen.uses[use] = count + (known or 0)
            else:
                unnamed = use[0], use[1], identity
                known = seen.unnamed.get(unnamed)
                seen.unnamed[unnamed] = count + (known or 0)
            if known is None:
                self._grow(_use_size(use))
                if len(seen.uses) >= _MANY or len(seen.unnamed) >= _MANY:
                    self._size -= _uses_size(seen)
                    seen.trim()
                    self._size += _uses_size(seen)
            if xperm is None:
                seen.unlisted += count
            elif xperm not in seen.xperms:
                self._grow(_XPERM_SIZE)
                seen.xperms.add(xperm)

    def _grow(self, size: int) -> None:
        self._size += size
        if 3 * self._size > 4 * MAX_SIZE:
            self._trim()

    def _trim(self) -> None:
        """Keep no more uses of each vector than evidence does. InputError: what remains is too large still."""
        for seen in self._seen.values():
            seen.trim()
        self._size = sum(_ERROR_SIZE + len(name) for name in chain(self._errors, self.hosts)) + sum(
            _VECTOR_SIZE
            + _XPERM_SIZE * len(seen.xperms)
            + _uses_size(seen)
            + sum(_ERROR_SIZE + len(node) for node in seen.hosts)
            for seen in self._seen.values()
        )
        refuse_size(self._trace, self._size, len(self._seen))

    def unread(self, place: Unread) -> None:
        """Count PLACE among what was not understood."""
        self._unread_counts[place.kind] += 1
        self._unread.append(place)
        if len(self._unread) >= 16 * MAX_UNREAD:
            self._unread = nsmallest(MAX_UNREAD, self._unread, key=_place)

    def observations(self) -> Observations:
        """Return what was counted so far. InputError: it is too large."""
        self._trim()
        vectors = [self._vector(key, seen) for key, seen in self._seen.items()]
        return Observations(
            vectors=tuple(sorted(vectors, key=lambda vector: vector.sort_key)),
            traces=(self._trace,),
            events=self._events,
            records=self.hosts.total(),
            errors=tuple(sorted(self._errors.items())),
            refusals=kept(self._refusals.items()),
            unread=tuple(nsmallest(MAX_UNREAD, self._unread, key=_place)),
            unread_counts=tuple(sorted(self._unread_counts.items())),
            hosts=self._named(self.hosts),
            sightings=self._table.sightings(self._trace),
        )

    def _named(self, hosts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
        """Return HOSTS, sorted; records that name no node are of the trace's own host."""
        named: Counter[str] = Counter()
        for node, count in hosts.items():
            named[node or self._trace] += count
        return tuple(sorted(named.items())[:MAX_HOSTS])

    def _vector(self, key: VectorKey, seen: Seen) -> AccessVector:
        source, target, tclass, perm, result, permissive = key
        uses = {Use(self._trace, *use): count for use, count in seen.uses.items()}
        for (program, call, identity), count in seen.unnamed.items():
            uses[Use(self._trace, program, call, "", identity)] = count
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
                uses=kept_uses(uses),
                hosts=self._named(seen.hosts),
            ),
            xperms=frozenset(seen.xperms),
            unlisted=seen.unlisted,
            complete=self._complete,
        )


def observed_size(observations: Observations) -> int:
    """Return what OBSERVATIONS cost in memory, as a tally measures it: bytes, about."""
    uses = (use for vector in observations.vectors for use, _ in vector.evidence.uses)
    return (
        sum(_ERROR_SIZE + len(op) for op, _ in observations.errors)
        + sum(_VECTOR_SIZE + _XPERM_SIZE * len(vector.xperms) for vector in observations.vectors)
        + sum(_use_size((use.program, use.syscall, use.path)) for use in uses)
    )


def refuse_size(trace: str, size: int, vectors: int) -> None:
    """Raise InputError if SIZE, that of so many vectors of TRACE, is too large."""
    if size > MAX_SIZE:
        raise InputError(
            f"{trace}: {vectors} distinct accesses and their evidence are more than the limit of "
            f"{MAX_SIZE >> 20} MiB; no policy makes so many, so look at what fills the log, or read it in parts"
        )


def _uses_size(seen: Seen) -> int:
    unnamed = sum(_USE_SIZE + len(program) + len(call) for program, call, _ in seen.unnamed)
    return unnamed + sum(map(_use_size, seen.uses))


def _use_size(use: UseKey) -> int:
    return _USE_SIZE + len(use[0]) + len(use[1]) + len(use[2])


def _place(unread: Unread) -> tuple[Location, str, str]:
    return (unread.location, unread.kind, unread.text)
