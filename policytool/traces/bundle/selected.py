# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a part of a trace: by the time and the program of each event, exactly."""

from __future__ import annotations

from dataclasses import replace

from policytool.errors import InputError
from policytool.model.event import TraceEvent
from policytool.model.observation import Observations
from policytool.model.selection import Selection
from policytool.traces.bundle.bundle import TraceLog, load, read_log, read_trace
from policytool.traces.bundle.reduced_log import read_table, weighted_events
from policytool.traces.events.asked_by import asked_by
from policytool.traces.tally.tally import Tally
from policytool.traces.tally.telling import told


def read_selected(path: str, selection: Selection) -> Observations:
    """Reduce the trace PATH to its distinct access vectors, those that SELECTION wants; see `read_trace`.

    What was not understood is counted whatever is selected: nobody knows what it was. Who ran whom is not told.
    """
    if not selection.by_event:
        return narrowed(read_trace(path, executions=False), selection)
    parts = (observe_selected(log, selection) for log in load(path).logs)
    return narrowed(told(Observations().merge(*parts)), selection)


def observe_selected(log: TraceLog, selection: Selection) -> Observations:
    """Reduce LOG to what SELECTION wants of its single events; see `observe_log`."""
    tally = Tally(log.trace, log.complete)
    if log.counts is not None:
        return _read_reduced(log, log.counts, selection, tally)
    for event in read_log(log, tally.unread):
        if (kept := select(event, selection)) is not None:
            tally.add(kept)
    return tally.observations()


def _read_reduced(log: TraceLog, counts: str, selection: Selection, tally: Tally) -> Observations:
    table = read_table(counts, log.trace)
    by_program = replace(selection, since=None, until=None)
    for event, weight in weighted_events(log.path, table, log.trace):
        first, last = event.key.timestamp + weight.first, event.key.timestamp + weight.last
        since = first if selection.since is None else selection.since
        until = last if selection.until is None else selection.until
        kept = select(event, by_program)
        if kept is None or last < since or first > until:
            continue
        if since <= first and last <= until:
            tally.add_equal(kept, first, last, weight.events)
        elif kept.decisions or kept.errors:
            raise InputError(
                f"{log.path}: reduced, so that of what is repeated only the first and the last time are known, and "
                "some of it began before or went on after the times asked for; only the whole recording tells more"
            )
    return replace(tally.observations(), unread=table.unread, unread_counts=table.unread_counts)


def select(event: TraceEvent, selection: Selection) -> TraceEvent | None:
    """Return what SELECTION wants of EVENT, as far as time and programs tell; None if that is nothing."""
    return selection.of_event(event, (asked_by(event.syscall, decision)[0] for decision in event.decisions))


def narrowed(observations: Observations, selection: Selection) -> Observations:
    """Return OBSERVATIONS with the vectors that SELECTION wants."""
    return replace(observations, vectors=tuple(filter(selection.wants, observations.vectors)))
