# SPDX-License-Identifier: GPL-2.0-or-later
"""What a worker of a fleet does: it looks at a log, reads a piece of it, and joins what was found in several.

A piece is a whole log, or a range of a large one, cut and joined as for several processes
(traces/bundle/ranges.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from threading import local
from typing import ParamSpec, TypeVar

from policytool.errors import PolicytoolError, ToolFailedError
from policytool.model.observation import Observations
from policytool.model.selection import Selection
from policytool.traces.bundle.bundle import TraceLog, observe_log
from policytool.traces.bundle.file_counts import Examination, FileCounts, examined
from policytool.traces.bundle.ranges import SMALLEST, WARM_UP, Ends, Part, Range, joined, observe_range, ranges
from policytool.traces.bundle.selected import narrowed, observe_selected
from policytool.traces.bundle.source import plain_size
from policytool.traces.bundle.url import shown
from policytool.traces.tally.shapes import Reader
from policytool.traces.tally.telling import told
from policytool.workflow.kept_traces import readers

_P = ParamSpec("_P")
_T = TypeVar("_T")

# About how large a range is, in bytes, and how many a log has at most. What is distinct is learnt anew in each, and
# what a worker that dies was reading is read again.
SIZE = 1 << 30
MOST = 1 << 12

WHOLE = Range(0, None)

_of_thread = local()


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """A RANGE of LOG, WARM_UP bytes before it to be read first; of its events those that SELECTION wants.

    CODE is the digest of the code that reads it where it is sent from.
    """

    log: TraceLog
    selection: Selection
    code: str
    range: Range = WHOLE
    warm_up: int = WARM_UP

    def __repr__(self) -> str:
        """Name the log: workers write into their logs what failed, and a URL may hold a password."""
        return f"Piece({shown(self.log.path)}, {self.range})"

    def at(self, part: Range, warm_up: int) -> Piece:
        """Return another piece of the same log."""
        return replace(self, range=part, warm_up=warm_up)


def _plain(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let our errors in FUNCTION reach whoever asked as they are.

    What has caused them is left out: not all of it can be sent, and it may name a URL with its password.
    """

    @wraps(function)
    def plain(*words: _P.args, **named: _P.kwargs) -> _T:
        try:
            return function(*words, **named)
        except PolicytoolError as error:
            alone = type(error)(str(error))
        raise alone

    return plain


def _reader() -> Reader:
    """Return what this thread knows of texts that it has read before, which is bounded."""
    reader: Reader | None = getattr(_of_thread, "reader", None)
    if reader is None:
        reader = _of_thread.reader = Reader()
    return reader


@_plain
def cut(whole: Piece, size: int, least: int) -> tuple[Range, ...]:
    """Cut the log of WHOLE into ranges of about SIZE bytes, LEAST of them if it is large enough for so many.

    InputError: it cannot be read.
    """
    _check(whole.code)
    # Single events are selected on the full path, which reads a log as a whole; a reduced one has a table of them.
    if whole.selection.by_event or whole.log.counts is not None:
        return (WHOLE,)
    length = plain_size(whole.log.path)
    if length is None:
        return (WHOLE,)
    return ranges(whole.log.path, length, max(least, min(MOST, length // size)), min(size, SMALLEST))


@_plain
def read(piece: Piece) -> Part:
    """Read PIECE. InputError: it cannot be read, or has too many distinct accesses."""
    _check(piece.code)
    log = piece.log
    if piece.range != WHOLE:
        return observe_range(log.path, log.trace, log.complete, piece.range, piece.warm_up, _reader())
    if piece.selection.by_event:
        seen = observe_selected(log, piece.selection)
    else:
        seen = observe_log(log, executions=False, reader=_reader())
    return Part(Ends(WHOLE, 0, 0, "", ""), seen)


@_plain
def ends_of(part: Part) -> Ends:
    """Return how PART was read, without what was found: it is small."""
    return part.ends


@_plain
def join(*parts: Part) -> Part:
    """Join PARTS of one log, which follow one another and fit."""
    return joined(parts)


@_plain
def found_in(part: Part) -> Observations:
    """Return what was found in PART."""
    return part.observations


@_plain
def merge(*seen: Observations) -> Observations:
    """Join what was found in several logs."""
    return Observations().merge(*seen)


@_plain
def finish(seen: Observations, selection: Selection) -> Observations:
    """Return what SELECTION wants of SEEN, all that one trace holds, with objects told by where they were seen."""
    return narrowed(told(seen), selection)


@_plain
def examine(task: Examination, code: str) -> FileCounts | None:
    """Do TASK; CODE is as in a piece."""
    _check(code)
    return examined(task)


def _check(code: str) -> None:
    if code != readers():
        raise ToolFailedError(
            "a worker has another policytool than this one, so that it may read otherwise; install the same "
            "version on all workers"
        )
