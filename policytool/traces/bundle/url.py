# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs at a URL, read through fsspec from any place on where their server allows that, else from their beginning.

A URL may hold a password, or a signature in its query: neither is ever in a message.
"""

from __future__ import annotations

import importlib
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from policytool.errors import InputError, MissingToolError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_T = TypeVar("_T")

# How much is asked for at a time, in bytes: as much of a log is in memory. An answer has to be worth its delay.
CHUNK = 1 << 22

# How often it is asked for before that is an error, and how many seconds lie between.
_TRIES = 3
_PAUSE = 0.5

# How many seconds a server may say nothing.
_SILENCE = 60

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# And what stands behind a URL in a sentence.
_URL_IN_TEXT = re.compile(rf"({_URL.pattern}[^\s'\"]*?)([:,;)?.]*)(?=[\s'\"]|$)")
_HTTP = ("http", "https")


class _FileSystem(Protocol):
    """What is used of fsspec's file systems."""

    def info(self, path: str) -> Mapping[str, object]: ...
    def cat_file(self, path: str, start: int, end: int) -> bytes: ...
    def open(self, path: str, mode: str, block_size: int, cache_type: str = ...) -> BinaryIO: ...
    def glob(self, path: str) -> Sequence[str]: ...
    def unstrip_protocol(self, path: str) -> str: ...


def is_url(path: str) -> bool:
    """Say whether PATH, as on a command line, is a URL."""
    return _URL.match(path) is not None


def shown(path: str) -> str:
    """Return PATH as messages have it: a URL without user, password, query and fragment."""
    if not is_url(path):
        return path
    scheme, rest = path.split("://", 1)
    place, query, _ = rest.partition("?")
    host, slash, inside = place.partition("#")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{inside}{'?...' if query else ''}"


def without_secrets(text: str) -> str:
    """Return TEXT with each URL in it as `shown` has it."""
    return _URL_IN_TEXT.sub(lambda match: shown(match[1]) + match[2], text)


def name_of(url: str) -> str:
    """Return what a log at URL is called: the last part of its path, as that of a file."""
    return PurePosixPath(unquote(urlsplit(url).path)).name or urlsplit(url).netloc.rpartition("@")[2]


def beside(folder: str, name: str) -> str:
    """Return the path, or URL, of the file NAME in FOLDER."""
    return f"{folder.removesuffix('/')}/{name}"


def matching(url: str) -> Sequence[str]:
    """Return the URLs of the logs that URL, a pattern (`*.log`) or one URL, stands for, in their order.

    In HTTP there are no patterns. InputError: nothing matches, or the place cannot be asked.
    """
    if "*" not in url or urlsplit(url).scheme.lower() in _HTTP:
        return (url,)
    system, path = _found(url)
    matches = _asked(url, lambda: sorted(system.glob(path)))
    if not matches:
        raise InputError(f"{shown(url)}: no file matches")
    return tuple(system.unstrip_protocol(match) for match in matches)


def size_of(url: str) -> int | None:
    """Return the size in bytes of what is at URL; None where it can only be read from its beginning.

    InputError: it cannot be read.
    """
    system, path = _found(url)
    facts = _asked(url, lambda: system.info(path))
    size = facts.get("size")
    if facts.get("type") == "directory":
        raise InputError(f"{shown(url)}: a folder; name a log, or a pattern such as *.log, in it")
    if not isinstance(size, int) or (urlsplit(url).scheme.lower() in _HTTP and not _gives_parts(system, path, url)):
        return None
    return size


def _gives_parts(system: _FileSystem, path: str, url: str) -> bool:
    """Say whether the HTTP server of URL gives a part of it: some give all, whatever they are asked for."""

    def second_byte() -> bool:
        try:
            with system.open(path, "rb", block_size=1, cache_type="none") as stream:
                stream.seek(1)
                stream.read(1)
        except ValueError:
            return False
        return True

    return _asked(url, second_byte)


def open_url(url: str, begin: int = 0, end: int | None = None) -> BinaryIO:
    """Open what is at URL; the bytes from BEGIN to END (None: all) are given, as if there were no others.

    InputError: it cannot be read. MissingToolError: a Python package is missing for it.
    """
    system, path = _found(url)
    last = size_of(url) if end is None else end
    if last is None:
        stream = _asked(url, lambda: system.open(path, "rb", 0))
        return io.BufferedReader(_Stream(stream, url), CHUNK)
    return io.BufferedReader(_Parts(system, path, url, begin, last), max(1, min(CHUNK, last - begin)))


def pieces(url: str) -> Iterator[bytes]:
    """Yield what is at URL, as it is stored, in pieces of bounded size. InputError: as for `open_url`."""
    with open_url(url) as stream:
        while piece := stream.read(CHUNK):
            yield piece


class _Parts(io.RawIOBase):
    """The bytes from BEGIN to END of the file PATH, each part of them asked for by itself."""

    def __init__(self, system: _FileSystem, path: str, url: str, begin: int, end: int) -> None:
        self._system = system
        self._path = path
        self._url = url
        self._place = begin
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        with memoryview(buffer) as view:
            begin, end = self._place, min(self._place + len(view), self._end)
            if begin >= end:
                return 0
            data = _asked(self._url, lambda: self._system.cat_file(self._path, begin, end))
            if len(data) > end - begin:
                raise InputError(f"{shown(self._url)}: the server gave more than the part that it was asked for")
            if len(data) < end - begin:
                # There is no more.
                self._end = begin + len(data)
            view[: len(data)] = data
        self._place += len(data)
        return len(data)


class _Stream(io.RawIOBase):
    """A file that is read from its beginning to its end."""

    def __init__(self, stream: BinaryIO, url: str) -> None:
        self._stream = stream
        self._url = url

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        with memoryview(buffer) as view:
            # Not asked again: what the first time has read would be missing.
            data = _asked(self._url, lambda: self._stream.read(len(view)), tries=1)
            view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _found(url: str) -> tuple[_FileSystem, str]:
    """Return the file system that URL is in, and its path there."""
    options: dict[str, object] = {}
    try:
        core = importlib.import_module("fsspec.core")
        if urlsplit(url).scheme.lower() in _HTTP:
            aiohttp = importlib.import_module("aiohttp")
            # The time for all is not limited: a log may be long.
            options["client_kwargs"] = {"timeout": aiohttp.ClientTimeout(total=None, sock_read=_SILENCE)}
    except ImportError as error:
        raise MissingToolError(
            f"{shown(url)}: a URL is read through fsspec, which is not installed\n"
            "pip install 'policytool[fleet]' installs it"
        ) from error
    try:
        found: tuple[_FileSystem, str] = core.url_to_fs(url, **options)
    except ImportError as error:
        scheme = urlsplit(url).scheme
        raise MissingToolError(
            f"{shown(url)}: the Python package with which fsspec reads {scheme}:// is not installed\n"
            f"{_package(error)}"
        ) from error
    except ValueError:
        raise InputError(f"{shown(url)}: fsspec knows no such kind of URL; see docs/fleet.md") from None
    return found


def _package(error: ImportError) -> str:
    """Return what fsspec says of the package to install, which is a sentence of its own."""
    return str(error).splitlines()[0] if str(error) else "its documentation names the package"


def _asked(url: str, ask: Callable[[], _T], tries: int = _TRIES) -> _T:
    """Return what ASK does; a network may fail once. InputError: it did so each time."""
    for left in reversed(range(tries)):
        try:
            return ask()
        except (InputError, MissingToolError):
            raise
        except Exception as error:
            # It is left out of the traceback of --debug, too: it may name the URL as it is.
            final = isinstance(error, FileNotFoundError | PermissionError | NotADirectoryError | IsADirectoryError)
            if final or not left:
                raise InputError(
                    f"{shown(url)}: cannot be read ({_reason(error)}); check the URL and the permissions, "
                    "there and on each worker"
                ) from None
            time.sleep(_PAUSE)
    raise AssertionError("tried at least once")


def _reason(error: BaseException) -> str:
    """Say why, in no words that may repeat the URL."""
    cause: BaseException | None = error
    while cause is not None:
        status = getattr(cause, "status", None)
        if isinstance(status, int):
            return f"HTTP status {status}"
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            return cause.strerror
        cause = cause.__cause__
    return "not found" if isinstance(error, FileNotFoundError) else type(error).__name__
