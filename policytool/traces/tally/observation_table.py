# SPDX-License-Identifier: GPL-2.0-or-later
"""Observations as bytes, so that they can be kept: a recording takes seconds to read, these take some hundredths.

The bytes are a line of JSON with every distinct value, and behind it columns of numbers, which tell the rows.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import astuple
from itertools import accumulate, islice
from operator import attrgetter
from typing import Any

from policytool.model.access import AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.model.event import Location, Unread, UnreadKind
from policytool.model.execution import Execution
from policytool.model.identity import NOTHING, Identity, Place, Sighting, Sightings
from policytool.model.observation import Observations
from policytool.model.refusal import Refusal

# Changed whenever the meaning of the bytes changes.
_FORMAT = 1

# How numbers are kept: as this machine has them, in 64 bits. Times in milliseconds need more than 32.
_NUMBER = "q"
_MACHINE = f"{sys.byteorder} {array(_NUMBER).itemsize}"

# What an access vector is besides its lists, in columns; what is not a number stands as its place in a list.
_VECTOR = 14
_PERMISSIVE = (None, False, True)


class ObservationTableError(ValueError):
    """Bytes that are no table of observations, or one of another version or machine."""


class _Distinct:
    """The distinct values of a column, by their place."""

    def __init__(self, *first: Hashable) -> None:
        self.places: dict[Any, int] = {value: place for place, value in enumerate(first)}

    def place(self, value: Hashable) -> int:
        return self.places.setdefault(value, len(self.places))


def to_bytes(named: Sequence[tuple[str, Observations]]) -> bytes:
    """Return NAMED observations as bytes. OverflowError: a number in them has more than 63 bits."""
    texts, contexts, identities, uses = _Distinct(), _Distinct(), _Distinct(NOTHING), _Distinct()
    vectors = [vector for _, seen in named for vector in seen.vectors]
    rows = [_row(vector, texts, contexts) for vector in vectors]
    pairs = [pair for vector in vectors for pair in vector.evidence.uses]
    hosts = [pair for vector in vectors for pair in vector.evidence.hosts]
    columns: list[Iterable[int]] = [
        *([row[column] for row in rows] for column in range(_VECTOR)),
        [uses.place(use) for use, _ in pairs],
        [count for _, count in pairs],
        [texts.place(host) for host, _ in hosts],
        [count for _, count in hosts],
        [number for vector in vectors for number in sorted(vector.xperms)],
        *([texts.place(text) for text in map(attrgetter(name), uses.places)] for name in Use._fields[:-1]),
        [identities.place(use.identity) for use in uses.places],
    ]
    numbers = [array(_NUMBER, column) for column in columns]
    head = {
        "format": _FORMAT,
        "machine": _MACHINE,
        "columns": [len(column) for column in numbers],
        "texts": list(texts.places),
        "contexts": [astuple(context) for context in contexts.places],
        "identities": list(identities.places),
        "observations": [(name, len(seen.vectors), _beside_vectors(seen)) for name, seen in named],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(column.tobytes() for column in numbers)


def from_bytes(data: bytes) -> list[tuple[str, Observations]]:
    """Return the observations that `to_bytes` has made DATA of; ObservationTableError if it made none of it."""
    line, _, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        if (head["format"], head["machine"]) != (_FORMAT, _MACHINE):
            raise ObservationTableError("a table of another version or machine")
        numbers = array(_NUMBER)
        numbers.frombytes(rest)
        ends = list(accumulate(head["columns"]))
        if ends[-1] != len(numbers):
            raise ObservationTableError("not as long as it says")
        columns = [numbers[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        vectors = _vectors(columns, head)
        return [
            (name, _observations(tuple(islice(vectors, count)), beside))
            for name, count, beside in head["observations"]
        ]
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise ObservationTableError(f"not a table of observations: {error}") from error


def _row(vector: AccessVector, texts: _Distinct, contexts: _Distinct) -> tuple[int, ...]:
    evidence = vector.evidence
    return (
        contexts.place(vector.source),
        contexts.place(vector.target),
        texts.place(vector.tclass),
        texts.place(vector.perm),
        texts.place(vector.result.value),
        _PERMISSIVE.index(vector.permissive),
        evidence.count,
        evidence.first,
        evidence.last,
        len(evidence.uses),
        len(evidence.hosts),
        len(vector.xperms),
        vector.unlisted,
        vector.complete,
    )


def _vectors(columns: Sequence[array[int]], head: dict[str, Any]) -> Iterator[AccessVector]:
    texts: list[str] = head["texts"]
    contexts = [SecurityContext(*parts) for parts in head["contexts"]]
    identities = [Identity(*parts) for parts in head["identities"]]
    used, use_counts, hosts, host_counts, xperms, *of_use = columns[_VECTOR:]
    parts = [map(texts.__getitem__, column) for column in of_use[:-1]]
    every = [*map(Use._make, zip(*parts, map(identities.__getitem__, of_use[-1]), strict=True))]
    # A pair is one object wherever it stands, as values that are equal are cheap to compare if they are the same.
    uses = zip(map(every.__getitem__, used), use_counts, strict=True)
    on_hosts = zip(map(texts.__getitem__, hosts), host_counts, strict=True)
    numbers = iter(xperms)
    for row in zip(*columns[:_VECTOR], strict=True):
        source, target, tclass, perm, result, permissive, count, first, last, *lists, unlisted, complete = row
        yield AccessVector(
            contexts[source],
            contexts[target],
            texts[tclass],
            texts[perm],
            Result(texts[result]),
            _PERMISSIVE[permissive],
            Evidence(count, first, last, tuple(islice(uses, lists[0])), tuple(islice(on_hosts, lists[1]))),
            frozenset(islice(numbers, lists[2])),
            unlisted,
            bool(complete),
        )


def _beside_vectors(seen: Observations) -> dict[str, Any]:
    return {
        "traces": seen.traces,
        "events": seen.events,
        "records": seen.records,
        "errors": seen.errors,
        "refusals": [(astuple(refused), count) for refused, count in seen.refusals],
        "unread": [
            (place.location.origin, place.location.line, place.kind.value, place.text) for place in seen.unread
        ],
        "unread_counts": [(kind.value, count) for kind, count in seen.unread_counts],
        "hosts": seen.hosts,
        "executions": [astuple(execution) for execution in seen.executions],
        "sightings": (seen.sightings.seen, seen.sightings.below),
    }


def _refusal(*parts: Any) -> Refusal:
    # A tuple comes back as a list.
    values: list[Any] = [tuple(part) if isinstance(part, list) else part for part in parts]
    return Refusal(*values)


def _pairs(rows: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(map(tuple, rows))


def _observations(vectors: tuple[AccessVector, ...], beside: dict[str, Any]) -> Observations:
    seen, below = beside["sightings"]
    return Observations(
        vectors=vectors,
        traces=tuple(beside["traces"]),
        events=beside["events"],
        records=beside["records"],
        errors=_pairs(beside["errors"]),
        refusals=tuple((_refusal(*parts), count) for parts, count in beside["refusals"]),
        unread=tuple(
            Unread(Location(origin, line), UnreadKind(kind), text) for origin, line, kind, text in beside["unread"]
        ),
        unread_counts=tuple((UnreadKind(kind), count) for kind, count in beside["unread_counts"]),
        hosts=_pairs(beside["hosts"]),
        executions=tuple(Execution(*parts) for parts in beside["executions"]),
        sightings=Sightings(
            tuple(Sighting(trace, Place(*place), *times) for trace, place, *times in seen), _pairs(below)
        ),
    )
