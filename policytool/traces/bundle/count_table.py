# SPDX-License-Identifier: GPL-2.0-or-later
"""The table beside a reduced log: how many events each kept one stands for, and when the first and the last was.

It is text, with tabs between the columns. What was done, by whom and to what is in the log alone, so that nothing
can be read out of the table that no record shows.

    policytool counts 1
    LINES EVENTS FIRST LAST      one for each event of the log, in order
    run CALLER PROGRAM           two lines of the log that prove who ran what
    unread COUNT KIND            what was not understood in the whole log
    place LINE KIND TEXT         where, the first places only; the text as in JSON
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from policytool.errors import InputError
from policytool.model.event import Location, Unread, UnreadKind
from policytool.traces.tally.process_tree import ExecutionProof

_HEAD = "policytool counts 1"


class Weight(NamedTuple):
    """What a kept event stands for: so many EVENTS, FIRST and LAST of them in milliseconds after itself.

    LINES is how many the kept one has in the log. No events: it is kept because it proves who ran what.
    """

    lines: int
    events: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CountTable:
    """The numbers that belong to a reduced log: a weight for each of its events, in order.

    `proofs` are lines of the reduced log; `unread` are places in the whole one.
    """

    weights: tuple[Weight, ...]
    proofs: tuple[ExecutionProof, ...] = ()
    unread: tuple[Unread, ...] = ()
    unread_counts: tuple[tuple[UnreadKind, int], ...] = ()

    @property
    def lines(self) -> int:
        """How many lines the log has."""
        return sum(weight.lines for weight in self.weights)

    def to_lines(self) -> Iterator[str]:
        """Yield the lines of the table; equal tables have equal lines."""
        yield _HEAD
        for weight in self.weights:
            yield "\t".join(map(str, weight))
        for proof in self.proofs:
            yield f"run\t{proof.caller}\t{proof.program}"
        for kind, count in self.unread_counts:
            yield f"unread\t{count}\t{kind.value}"
        for place in self.unread:
            yield f"place\t{place.location.line}\t{place.kind.value}\t{json.dumps(place.text)}"


def parse_table(lines: Iterable[bytes], trace: str, origin: str) -> CountTable:
    """Read the table of a log of TRACE; ORIGIN is its name for messages. InputError: it is not one."""
    numbered = enumerate(lines, start=1)
    head = next(numbered, (1, b""))[1]
    if head != _HEAD.encode():
        raise InputError(f"{origin}: not a table of counts that is known here; a newer policytool may have made it")
    weights, proofs, unread, counts = [], [], [], []
    for number, line in numbered:
        try:
            first, *columns = line.decode("ascii").split("\t")
            if first == "run":
                proofs.append(ExecutionProof(*_numbers(columns, 2)))
            elif first == "unread":
                counts.append((UnreadKind(columns[1]), _numbers(columns[:1], 1)[0]))
            elif first == "place":
                place, kind, text = columns
                unread.append(Unread(Location(trace, *_numbers([place], 1)), UnreadKind(kind), _text(text)))
            elif line:
                weights.append(_weight([first, *columns]))
        except (ValueError, IndexError) as error:
            raise InputError(f"{origin}:{number}: no line of a table of counts") from error
    return CountTable(tuple(weights), tuple(proofs), tuple(unread), tuple(counts))


def _weight(columns: list[str]) -> Weight:
    weight = Weight(*_numbers(columns, 4))
    if weight.lines < 1 or weight.events < 0 or weight.first > weight.last:
        raise ValueError(columns)
    return weight


def _numbers(columns: list[str], many: int) -> list[int]:
    if len(columns) != many:
        raise ValueError(columns)
    return [int(column) for column in columns]


def _text(column: str) -> str:
    read: Callable[[str], object] = json.loads
    text = read(column)
    if not isinstance(text, str):
        raise ValueError(column)
    return text
