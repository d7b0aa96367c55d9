# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a reduced log, whose table says what each of its events stands for: it gives what the whole log gave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from policytool.errors import InputError
from policytool.model.event import TraceEvent
from policytool.model.execution import Execution
from policytool.model.observation import Observations
from policytool.traces.bundle.count_table import CountTable, Weight, parse_table
from policytool.traces.bundle.source import read_lines
from policytool.traces.events.assemble import assemble
from policytool.traces.events.record import Form, Record, event_key
from policytool.traces.formats.lines import read_text
from policytool.traces.tally.fast_path import FastPath
from policytool.traces.tally.process_tree import proven
from policytool.traces.tally.tally import Tally

if TYPE_CHECKING:
    from policytool.traces.bundle.bundle import TraceLog


def read_table(path: str, trace: str) -> CountTable:
    """Read the table PATH of counts of a log of TRACE. InputError: it is not one."""
    return parse_table(read_lines(path), trace, Path(path).name)


def kept_events(path: str, table: CountTable) -> Iterator[tuple[list[bytes], Weight]]:
    """Yield the lines of each event in the reduced log PATH, with its weight. InputError: TABLE is not its."""
    lines = read_lines(path)
    for weight in table.weights:
        event = list(islice(lines, weight.lines))
        if len(event) < weight.lines:
            raise InputError(f"{path}: its table of counts is about more lines than it has")
        yield event, weight
    if any(lines):
        raise InputError(f"{path}: its table of counts is about fewer lines than it has")


def weighted_events(path: str, table: CountTable, trace: str) -> Iterator[tuple[TraceEvent, Weight]]:
    """Yield the events of the reduced log PATH, of TRACE, with what each stands for: those that count."""
    for lines, weight in kept_events(path, table):
        if weight.events:
            yield assemble(_records(lines, path), trace, _ignore), weight


def tally_reduced(path: str, table: CountTable, trace: str, tally: Tally) -> None:
    """Add to TALLY what the whole log said that was reduced to PATH, but for what was not understood in it."""
    fast_path = FastPath(trace, tally)
    for lines, weight in kept_events(path, table):
        if not weight.events:
            continue
        records = _records(lines, path)
        key = event_key(records[0].key)
        first, last = key.timestamp + weight.first, key.timestamp + weight.last
        plain = not key.node and all(record.form is Form.RAW for record in records)
        if not plain or not fast_path.add_repeated(records, first, last, weight.events):
            tally.add_equal(assemble(records, trace, _ignore), first, last, weight.events)
    fast_path.flush()


def observe_reduced(log: TraceLog, table: CountTable, *, executions: bool) -> Observations:
    """Return what `observe_log` returned of the whole log that was reduced to LOG, with TABLE."""
    tally = Tally(log.trace, log.complete)
    tally_reduced(log.path, table, log.trace, tally)
    return replace(
        tally.observations(),
        unread=table.unread,
        unread_counts=table.unread_counts,
        executions=_executions(log.path, table) if executions else (),
    )


def _executions(path: str, table: CountTable) -> tuple[Execution, ...]:
    wanted = {line for proof in table.proofs for line in proof}
    lines = {number: line for number, line in enumerate(read_lines(path), start=1) if number in wanted}
    found = set()
    for caller, program in table.proofs:
        execution = proven(lines.get(caller, b""), lines.get(program, b""))
        if execution is None:
            raise InputError(
                f"{path}: lines {caller} and {program} prove no execution, as its table of counts says"
            )
        found.add(execution)
    return tuple(sorted(found))


def _records(lines: list[bytes], path: str) -> list[Record]:
    records = []
    for line in lines:
        found = read_text(line, 0, _ignore) or ()
        if len(found) != 1:
            raise InputError(f"{path}: not a reduced log, which has one record on each line")
        records.append(found[0])
    return records


def _ignore(*_: object) -> None:
    """Leave out what is not understood: the table says where in the whole log that was."""
