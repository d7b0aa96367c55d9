# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces read by several processes at a time, with the same result as by one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace

from policytool.errors import ToolFailedError
from policytool.model.observation import Observations
from policytool.traces.bundle.bundle import TraceLog, executions_in, load, observe_log
from policytool.traces.bundle.ranges import Part, Range, observe_range, put_together, ranges
from policytool.traces.bundle.source import STDIN, plain_size
from policytool.traces.bundle.url import is_url
from policytool.traces.tally.telling import told
from policytool.workflow.kept_traces import KeptTrace, read_whole


def read_all(paths: Sequence[str], jobs: int, *, executions: bool = True) -> list[Observations]:
    """Read each of the traces PATHS (see `read_trace`), with so many processes.

    A large log that is not compressed is read in ranges, any other one by one process. What the cache has of a
    bundle is taken from there. ToolFailedError: a process was killed.
    """
    if jobs == 1:
        return [read_whole(path, executions=executions) for path in paths]
    with _pool(jobs) as pool:
        results = [_of_trace(path, jobs, pool, executions) for path in paths]
        return [result() for result in results]


def _of_trace(path: str, jobs: int, pool: ProcessPoolExecutor, executions: bool) -> Callable[[], Observations]:
    """Have the trace PATH read, if the cache does not have it, and return what waits for the result."""
    place = KeptTrace.of(path)
    if place and (found := place.find()):
        whole = found[0][1]
        return lambda: whole if executions else replace(whole, executions=())
    waiting = [_submit(log, jobs, pool, executions) for log in load(path).logs]

    def result() -> Observations:
        seen = told(Observations().merge(*(wait() for wait in waiting)))
        if place and executions:
            place.keep([("", seen)])
        return seen

    return result


def _submit(log: TraceLog, jobs: int, pool: ProcessPoolExecutor, executions: bool) -> Callable[[], Observations]:
    """Have LOG read, and return what waits for the result."""
    if log.path == STDIN:
        return lambda: observe_log(log, executions=executions)
    # A URL is not cut: what fsspec has running would be copied into each process half.
    size = None if is_url(log.path) else plain_size(log.path)
    cut = () if size is None else ranges(log.path, size, jobs)
    if len(cut) < 2:
        return pool.submit(observe_log, log, executions=executions).result
    # A process is followed through the whole log, so that this is not done in ranges.
    ran = pool.submit(executions_in, log.path) if executions else None
    parts = [pool.submit(observe_range, log.path, log.trace, log.complete, part) for part in cut]

    def again(part: Range, warm_up: int) -> Part:
        return observe_range(log.path, log.trace, log.complete, part, warm_up)

    def result() -> Observations:
        found = put_together([part.result() for part in parts], again)
        return replace(found, executions=ran.result()) if ran else found

    return result


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    # fork: the parent has no threads, and importing everything anew would take longer than many a log.
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork"))
    try:
        yield pool
    except BrokenProcessPool as error:
        raise ToolFailedError(
            "a process that read a part of the log was killed; is there enough memory? Try fewer --jobs"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
