# SPDX-License-Identifier: GPL-2.0-or-later
"""A Dask cluster: tasks given to its workers through its scheduler, with our errors for what can go wrong."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar, cast

from policytool.errors import MissingToolError, PolicytoolError, ToolFailedError, UsageError

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)

# How many seconds the scheduler has to answer, and the first worker to be there.
_PATIENCE = 20
_FIRST_WORKER = 60


# What Dask does not understand it fails at late, and not quietly.
_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx)://)?[^/@\s]+:\d{1,5}")


class Promise(Protocol[_T_co]):
    """What a worker will have made. It stays there as long as this value, or a task that takes it, does."""

    def result(self) -> _T_co:
        """Wait for it, and fetch it."""


class _Promises(Protocol):
    def add(self, future: object) -> None: ...
    def __iter__(self) -> Iterator[tuple[object, object]]: ...


class _Client(Protocol):
    """What is used of distributed's Client."""

    def submit(self, function: object, *arguments: object, pure: bool, priority: int) -> object: ...
    def nthreads(self) -> dict[str, int]: ...
    def wait_for_workers(self, n_workers: int, timeout: float) -> None: ...


class Fetched(Generic[_T]):
    """Promises whose values are given as they are ready, each with what it was added with."""

    def __init__(self, promises: _Promises) -> None:
        self._promises = promises
        self._what: dict[int, object] = {}

    def add(self, promise: Promise[_T], what: object) -> None:
        """Give PROMISE's value, too, with WHAT, when it is ready."""
        self._what[id(promise)] = what
        self._promises.add(promise)

    def __iter__(self) -> Iterator[tuple[Any, _T]]:
        """Yield until there are none left. What a task has raised is raised."""
        for promise, value in self._promises:
            if isinstance(value, BaseException):
                raise value
            yield self._what.pop(id(promise)), cast("_T", value)


class Cluster:
    """The workers of one scheduler."""

    def __init__(self, client: _Client, fetched: Callable[[], _Promises]) -> None:
        """Use `connected`."""
        self._client = client
        self._fetched = fetched

    def submit(self, function: Callable[..., _T], *arguments: object, soon: bool = False) -> Promise[_T]:
        """Have a worker call FUNCTION, before others if SOON; promises among ARGUMENTS stand for what they give."""
        # Not pure: two logs of one name are two.
        return cast("Promise[_T]", self._client.submit(function, *arguments, pure=False, priority=10 * soon))

    def fetched(self) -> Fetched[Any]:
        """Return a new collection of promises."""
        return Fetched(self._fetched())

    def threads(self) -> int:
        """Return how many tasks all workers do at a time."""
        return sum(self._client.nthreads().values())


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connect with the scheduler at ADDRESS (`tcp://HOST:8786`, `tls://…`), which has to have a worker.

    Certificates for TLS are those of distributed's own configuration. MissingToolError: distributed is not there.
    ToolFailedError: the scheduler does not answer, has no worker, or loses a task. UsageError: no such address.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError("--scheduler takes the address of a Dask scheduler, tcp://HOST:8786 or tls://HOST:8786")
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise MissingToolError(
            "--scheduler needs Dask, which is not installed\npip install 'policytool[fleet]' installs it"
        ) from error
    # It tells of each try to connect, and of each worker that is gone; what matters is raised.
    importlib.import_module("logging").getLogger("distributed").setLevel("CRITICAL")
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ToolFailedError(
            f"{address}: no scheduler of Dask answers there ({type(error).__name__}); is it running there, and "
            "with TLS or without, as the address says?"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_FIRST_WORKER)
            yield Cluster(
                client, lambda: cast("_Promises", distributed.as_completed(loop=client.loop, with_results=True))
            )
        except PolicytoolError:
            raise
        except Exception as error:
            raise ToolFailedError(f"{address}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Say what went wrong in the cluster, and what to do."""
    names = set()
    cause: BaseException | None = error
    while cause is not None:
        names.add(type(cause).__name__)
        cause = cause.__cause__
    if "ModuleNotFoundError" in names:
        return "a worker cannot load policytool; install it there, the same version as here"
    if "KilledWorker" in names:
        return "several workers were killed while they read one piece; have they enough memory? See their logs"
    if isinstance(error, TimeoutError):
        return f"no worker has come within {_FIRST_WORKER} seconds; start some"
    if names & {"CancelledError", "FutureCancelledError", "CommClosedError"}:
        return "the scheduler is gone, or has dropped the work; start again"
    return f"a worker failed ({error!r:.300}); see the logs of the workers"
