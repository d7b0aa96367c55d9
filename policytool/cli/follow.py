# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool access --follow`: each new distinct access of a growing log, once, as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

from policytool.cli.access_output import Output, csv_columns, csv_row
from policytool.cli.console import emit, emit_csv, note
from policytool.cli.growing import Growing, GrowingLines, open_growing
from policytool.errors import InputError
from policytool.model.event import Location, TraceEvent, Unread
from policytool.model.printable import printable
from policytool.model.selection import Selection
from policytool.report.accesses import Access, access_document, distinct, timestamp
from policytool.traces.bundle.selected import narrowed, select
from policytool.traces.bundle.source import STDIN
from policytool.traces.formats.lines import read_events
from policytool.traces.tally.tally import Tally

# How many accesses are remembered, so that each is printed once. Beyond this, the oldest entries are forgotten and
# may repeat.
MAX_KNOWN = 1 << 17


def follow_log(path: str, selection: Selection, output: Output, *, explain: bool, strict: bool) -> None:
    """Print what SELECTION wants of the log PATH until it ends, which a file never does: Ctrl-C ends it.

    InputError: it cannot be read, or with STRICT something in it was not understood.
    """
    with closing(open_growing(path)) as log:
        follower = _Follower(log, path, explain, strict)
        if output is Output.CSV:
            emit_csv(csv_columns(explain), [])
        try:
            for access in follower.accesses(selection):
                _print(access, output, explain)
        finally:
            if follower.unread:
                note(f"policytool: {follower.unread} lines or records were not understood")


class _Follower:
    """Tells what is new in a log."""

    def __init__(self, log: Growing, path: str, explain: bool, strict: bool) -> None:
        self._lines = GrowingLines(log)
        self._origin = "stdin" if path == STDIN else path
        self._strict = strict
        self._explain = explain
        self._before = 0
        self._known: dict[tuple[object, ...], None] = {}
        self.unread = 0

    def accesses(self, selection: Selection) -> Iterator[Access]:
        """Yield each distinct access when it is first seen."""
        while not self._lines.ended:
            # The reader counts lines from here.
            self._before = self._lines.given
            for event in read_events(self._lines.until_pause(), self._origin, self._report):
                kept = select(event, selection)
                if kept is not None and kept.decisions:
                    yield from filter(self._is_new, self._of_event(kept, selection))

    def _of_event(self, event: TraceEvent, selection: Selection) -> tuple[Access, ...]:
        tally = Tally(self._origin, complete=False)
        tally.add(event)
        return distinct(narrowed(tally.observations(), selection))

    def _is_new(self, access: Access) -> bool:
        # Another ioctl command is only news to who sees commands.
        key = (*access.key, access.result, access.permissive, access.xperms if self._explain else None)
        if key in self._known:
            return False
        if len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[key] = None
        return True

    def _report(self, place: Unread) -> None:
        self.unread += 1
        if self._strict:
            where = Location(place.location.origin, place.location.line + self._before)
            raise InputError(f"{where}: {place.kind}; leave --strict out to go on without it")


def _print(access: Access, output: Output, explain: bool) -> None:
    match output:
        case Output.JSON:
            # One document a line, so that a reader need not wait for the end.
            emit(json.dumps(access_document(access, explain)) + "\n")
        case Output.CSV:
            emit_csv((), [csv_row(access, explain)], header=False)
        case Output.TEXT:
            emit(f"{_line(access, explain)}\n")


def _line(access: Access, explain: bool) -> str:
    source, target, tclass, perm = access.key
    what = f"{source} {'self' if source == target else target}:{tclass} {perm}"
    words = [timestamp(access.evidence.first), access.result.value, what]
    if explain:
        words += [name for _, name in access.xperm_names]
        words += [text for use, _ in access.evidence.uses for text in (use.program, use.syscall, use.path) if text]
    return printable(" ".join(words))
