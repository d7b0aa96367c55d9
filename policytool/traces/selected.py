# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a part of a trace: by the time and the program of each event, exactly."""

from __future__ import annotations

from dataclasses import replace

from policytool.model.event import TraceEvent
from policytool.model.observation import Observations
from policytool.model.selection import Selection
from policytool.traces.bundle import load, read_log, read_trace
from policytool.traces.tally import Tally, program
from policytool.traces.telling import told


def read_selected(path: str, selection: Selection) -> Observations:
    """Reduce the trace PATH to its distinct access vectors, those that SELECTION wants; see `read_trace`.

    What was not understood is counted whatever is selected: nobody knows what it was. Who ran whom is not told.
    """
    if not selection.by_event:
        return narrowed(read_trace(path, executions=False), selection)
    parts = []
    for log in load(path).logs:
        tally = Tally(log.trace, log.complete)
        for event in read_log(log, tally.unread):
            if (kept := select(event, selection)) is not None:
                tally.add(kept)
        parts.append(tally.observations())
    return narrowed(told(Observations().merge(*parts)), selection)


def select(event: TraceEvent, selection: Selection) -> TraceEvent | None:
    """Return what SELECTION wants of EVENT, as far as time and programs tell; None if that is nothing."""
    return selection.of_event(event, (program(decision, event) for decision in event.decisions))


def narrowed(observations: Observations, selection: Selection) -> Observations:
    """Return OBSERVATIONS with the vectors that SELECTION wants."""
    return replace(observations, vectors=tuple(filter(selection.wants, observations.vectors)))
