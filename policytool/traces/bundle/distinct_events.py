# SPDX-License-Identifier: GPL-2.0-or-later
"""The events of a log that say something new, and how many others each of them stands for.

What an event says is what a tally makes of it alone, but for the time; nothing here knows what that is. So whatever
a tally learns to tell apart is kept apart. Of events that say the same the first is kept. Who ran whom is no
event's alone to say: there the records are kept that prove it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from policytool.model.event import Unread
from policytool.traces.bundle.count_table import Weight
from policytool.traces.events.assemble import assemble
from policytool.traces.events.joiner import join
from policytool.traces.events.record import Form, Row, event_key
from policytool.traces.events.written import split_key, written
from policytool.traces.formats.lines import read_records
from policytool.traces.tally.process_tree import ExecutionProof, ProcessTree
from policytool.traces.tally.shapes import MAX_KNOWN, Reader, Shape
from policytool.traces.tally.tally import Tally

# Bounds what is remembered of what events said. A log with more that is distinct is kept in more events than it
# would have to be, which add up to the same.
MAX_SAID = 1 << 18


@dataclass(frozen=True, slots=True)
class Choice:
    """The weight of each candidate, whether to keep it, and the lines of what is kept that prove who ran what."""

    weights: tuple[tuple[Weight, bool], ...]
    proofs: tuple[ExecutionProof, ...]


class Reduction:
    """Reads one log and says what of it has to be kept."""

    def __init__(self, origin: str) -> None:
        """ORIGIN is the name of the log."""
        self._origin = origin
        self._tree = ProcessTree()
        self._reader = Reader()
        # By what was said, and by what says it in the same words: the candidate that stands for it.
        self._said: dict[bytes, int] = {}
        self._shapes: dict[tuple[bytes, Shape], int] = {}
        # Of each candidate: its lines and its own time, how many events it stands for, from when to when.
        self._lines, self._moments, self._events, self._first, self._last = (array("q") for _ in range(5))
        # Lines that the process tree was told by, until their event is there; then candidate and line within it.
        self._telling: set[int] = set()
        self._places: dict[int, tuple[int, int]] = {}

    def candidates(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes]]:
        """Read the log of whole lines in BLOCKS; yield the lines of events that may have to be kept."""
        for rows in join(read_records(self._followed(blocks), self._origin, _ignore)):
            said = self._find(rows)
            index = len(self._lines)
            told = [(row[3], index, place) for place, row in enumerate(rows) if row[3] in self._telling]
            moment = event_key(rows[0][0]).timestamp
            if said is None or told:
                for column, value in (
                    (self._lines, len(rows)),
                    (self._moments, moment),
                    (self._events, 0),
                    (self._first, moment),
                    (self._last, moment),
                ):
                    column.append(value)
                for line, *at in told:
                    self._telling.discard(line)
                    self._places[line] = (at[0], at[1])
                yield [_line(row) for row in rows]
            self._count(index if said is None else said, moment)

    def choice(self) -> Choice | None:
        """Say what to keep, once all was read; None if a record that proves something belongs to no event."""
        proofs = sorted(self._tree.proofs().values())
        if any(line not in self._places for proof in proofs for line in proof):
            return None
        proving = {self._places[line][0] for proof in proofs for line in proof}
        weights, begins = [], []
        line = 1
        for index, lines in enumerate(self._lines):
            begins.append(line)
            moment = self._moments[index]
            first, last = self._first[index] - moment, self._last[index] - moment
            keep = self._events[index] > 0 or index in proving
            weights.append((Weight(lines, self._events[index], first, last), keep))
            line += lines if keep else 0

        def moved(old: int) -> int:
            index, place = self._places[old]
            return begins[index] + place

        kept = tuple(sorted(ExecutionProof(moved(proof.caller), moved(proof.program)) for proof in proofs))
        return Choice(tuple(weights), kept)

    def _followed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._telling.update(self._tree.add_block(block))
            yield from block.split(b"\n")

    def _find(self, rows: Sequence[Row]) -> int | None:
        """Return the candidate that says what ROWS, an event, say; None if they are the first, and count as it."""
        node, _ = split_key(rows[0][0])
        shape = self._shape(rows)
        if shape is not None and (found := self._shapes.get((node, shape))) is not None:
            return found
        said = _said(rows, self._origin)
        found = self._said.get(said)
        if found is None and len(self._said) >= MAX_SAID:
            self._said.clear()
        index = self._said.setdefault(said, len(self._lines))
        if shape is not None:
            if len(self._shapes) >= MAX_KNOWN:
                self._shapes.clear()
            self._shapes[node, shape] = index
        return found

    def _shape(self, rows: Sequence[Row]) -> Shape | None:
        return None if any(row[4] is not Form.RAW for row in rows) else self._reader.read_group(rows)

    def _count(self, index: int, moment: int) -> None:
        self._events[index] += 1
        self._first[index] = min(self._first[index], moment)
        self._last[index] = max(self._last[index], moment)


def _said(rows: Sequence[Row], origin: str) -> bytes:
    """Return a mark of what ROWS say to a tally, whenever that was."""
    event = assemble(rows, origin, _ignore)
    tally = Tally(origin, complete=False)
    # Not at 0, which to a tally is never: what was removed would be as if it had not been.
    tally.add(replace(event, key=replace(event.key, timestamp=1)))
    return blake2b(repr(tally.observations()).encode(), digest_size=16).digest()


def _line(row: Row) -> bytes:
    key, kind, body, _, form = row
    return written(*split_key(key), kind, body, form)


def _ignore(_: Unread) -> None:
    """Leave out what is not understood: the whole log is read by others, who report it."""
