# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces read by the workers of a Dask cluster, with the same result as by one process.

Workers cut the logs, read the pieces and join what they found as a tree. This process only sees how each piece was
read, which tells whether neighbours fit, and the result. So much is under way at a time as the workers can do: what
was found in a piece is joined with others soon, and not kept until all are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from policytool.errors import UsageError
from policytool.model.observation import Observations
from policytool.model.selection import Selection
from policytool.traces.bundle.bundle import TraceLog, load
from policytool.traces.bundle.file_counts import Examination, FileCounts
from policytool.traces.bundle.ranges import WARM_UP, Ends, Part, Range, fits, to_read_again
from policytool.traces.bundle.selected import narrowed
from policytool.traces.bundle.source import STDIN
from policytool.workflow import piece as on_worker
from policytool.workflow.cluster import Cluster, Fetched, Promise
from policytool.workflow.kept_traces import KeptTrace, readers
from policytool.workflow.piece import WHOLE, Piece

_T = TypeVar("_T")

# How many results are joined at a time.
_FAN = 8

# How many pieces are under way for each thread of a worker: read, or waiting for a neighbour.
_AHEAD = 4

# Told how many pieces of how many were read.
Progress = Callable[[int, int], None]


def read_fleet(
    paths: Sequence[str],
    cluster: Cluster,
    selection: Selection,
    progress: Progress,
    size: int = on_worker.SIZE,
    warm_up: int = WARM_UP,
) -> Observations:
    """Return what SELECTION wants of the traces PATHS (see `load`), read by CLUSTER in pieces of about SIZE bytes.

    WARM_UP bytes before each are read first, and more where that proves to be too little. It is what one process
    finds, byte for byte. Workers open the logs themselves, so that files have to be where they find them, too.
    PROGRESS is told of each piece. UsageError: standard input. InputError: as for `read_trace`.
    """
    at_hand: list[Observations] = []
    traces = []
    for path in paths:
        if path == STDIN:
            raise UsageError("- is standard input, which no worker can read; leave --scheduler out, or name a file")
        place = None if selection.by_event else KeptTrace.of(path)
        if place and (kept := place.find()):
            at_hand.append(narrowed(kept[0][1], selection))
        else:
            traces.append(load(path).logs)
    if traces:
        at_hand.append(_Reading(cluster, selection, progress).read(traces, size, warm_up))
    # Who ran whom is told where nothing is selected.
    return replace(Observations().merge(*at_hand), executions=())


def examine_by(cluster: Cluster, tasks: Sequence[Examination], progress: Progress) -> Sequence[FileCounts | None]:
    """Have CLUSTER do TASKS, and return what was found, in their order. InputError: as for `examined`."""
    code = readers()
    fetched = cluster.fetched()
    found: dict[int, FileCounts | None] = {}
    for place, task in enumerate(tasks):
        fetched.add(cluster.submit(on_worker.examine, task, code), place)
    for place, counts in fetched:
        found[place] = counts
        progress(len(found), len(tasks))
    return [found[place] for place in range(len(tasks))]


class _Tree(Generic[_T]):
    """Promises joined in their order, some at a time, as they come."""

    def __init__(self, cluster: Cluster, join: Callable[..., _T]) -> None:
        self._cluster = cluster
        self._join = join
        self._rows: list[list[Promise[_T]]] = []

    def add(self, promise: Promise[_T]) -> None:
        for row in self._rows:
            row.append(promise)
            if len(row) < _FAN:
                return
            promise = self._joined(row)
            row.clear()
        self._rows.append([promise])

    def root(self) -> Promise[_T]:
        """Return the promise of all, of which there is at least one."""
        rest: list[Promise[_T]] = []
        for row in self._rows:
            # Further up is what came earlier.
            rest = [*row, *rest]
            if len(rest) > 1:
                rest = [self._joined(rest)]
        return rest[0]

    def _joined(self, promises: Sequence[Promise[_T]]) -> Promise[_T]:
        return self._cluster.submit(self._join, *promises, soon=True)


@dataclass(slots=True)
class _Trace:
    """A trace that is read: its logs so far, and how many are still to come."""

    tree: _Tree[Observations]
    missing: int


@dataclass(slots=True)
class _Log:
    """A log that is read: its pieces in their order, those that are joined left out."""

    whole: Piece
    trace: _Trace
    tree: _Tree[Part]
    # Ranges in their order, and what was found in them, as far as that is known.
    ranges: deque[Range]
    found: dict[Range, tuple[Promise[Part], Ends]] = field(default_factory=dict)
    # How much was read before a range that did not fit at first.
    warm_up: int = 0


class _Reading:
    """The reading of some traces."""

    def __init__(self, cluster: Cluster, selection: Selection, progress: Progress) -> None:
        self._cluster = cluster
        self._selection = selection
        self._progress = progress
        self._code = readers()
        self._under_way = 0
        self._ends: Fetched[Ends] = cluster.fetched()
        self._traces: _Tree[Observations] = _Tree(cluster, on_worker.merge)

    def read(self, traces: Sequence[Sequence[TraceLog]], size: int, warm_up: int) -> Observations:
        """Read the logs of TRACES."""
        waiting = deque(self._begin(traces, size, warm_up))
        total = len(waiting)
        self._progress(0, total)
        self._fill(waiting)
        for done, ((log, part, promise), ends) in enumerate(self._ends, start=1):
            log.found[part] = promise, ends
            self._settle(log)
            # What is read again is not counted.
            self._progress(min(done, total), total)
            self._fill(waiting)
        return self._traces.root().result()

    def _begin(self, traces: Sequence[Sequence[TraceLog]], size: int, warm_up: int) -> Iterator[tuple[_Log, Range]]:
        """Have the logs cut, and return all pieces in their order."""
        wholes = [[Piece(log, self._selection, self._code, WHOLE, warm_up) for log in logs] for logs in traces]
        # Where there are fewer logs than threads, each is to be read by several.
        least = self._cluster.threads() // sum(map(len, wholes))
        cuts = [[self._cluster.submit(on_worker.cut, whole, size, least) for whole in logs] for logs in wholes]
        for logs, promises in zip(wholes, cuts, strict=True):
            trace = _Trace(_Tree(self._cluster, on_worker.merge), len(logs))
            for whole, promise in zip(logs, promises, strict=True):
                parts = promise.result()
                log = _Log(whole, trace, _Tree(self._cluster, on_worker.join), deque(parts))
                for part in parts:
                    yield log, part

    def _fill(self, waiting: deque[tuple[_Log, Range]]) -> None:
        """Give the workers what they can do."""
        room = max(1, _AHEAD * self._cluster.threads())
        while waiting and self._under_way < room:
            log, part = waiting.popleft()
            self._under_way += 1
            self._read(log, part, max(log.warm_up, log.whole.warm_up))

    def _read(self, log: _Log, part: Range, warm_up: int) -> None:
        promise = self._cluster.submit(on_worker.read, log.whole.at(part, warm_up))
        self._ends.add(self._cluster.submit(on_worker.ends_of, promise, soon=True), (log, part, promise))

    def _settle(self, log: _Log) -> None:
        """Join what is known of LOG from its beginning on, as far as it fits."""
        while log.ranges and log.ranges[0] in log.found:
            promise, ends = log.found[log.ranges[0]]
            if len(log.ranges) > 1:
                if log.ranges[1] not in log.found:
                    return
                _, following = log.found[log.ranges[1]]
                if not fits(ends, following):
                    self._again(log, ends, following)
                    return
            del log.found[log.ranges.popleft()]
            self._under_way -= 1
            log.tree.add(promise)
        if not log.ranges:
            self._ended(log)

    def _again(self, log: _Log, ends: Ends, following: Ends) -> None:
        """Have read again what does not fit the first range of LOG; pieces still to be read begin as early."""
        part, warm_up = to_read_again(ends, following)
        del log.found[following.range]
        if part == following.range:
            log.warm_up = max(log.warm_up, warm_up)
        else:
            del log.found[ends.range]
            log.ranges.popleft()
            log.ranges[0] = part
            self._under_way -= 1
        self._read(log, part, warm_up)

    def _ended(self, log: _Log) -> None:
        log.trace.tree.add(self._cluster.submit(on_worker.found_in, log.tree.root(), soon=True))
        log.trace.missing -= 1
        if not log.trace.missing:
            whole = log.trace.tree.root()
            self._traces.add(self._cluster.submit(on_worker.finish, whole, self._selection, soon=True))
