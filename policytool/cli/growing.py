# SPDX-License-Identifier: GPL-2.0-or-later
"""A log that is still being written, read as it grows: through rotation, truncation, and a pipe."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from policytool.errors import InputError
from policytool.traces.bundle.source import BLOCK, MAX_LINE, STDIN

# How long a writer may pause within an event, and how often a file is looked at, in seconds.
PAUSE = 0.25

# How many bytes before the place of reading are compared, to tell a file that was truncated and has grown again.
_REMEMBERED = 64

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")


class Growing(Protocol):
    """Where the bytes of a growing log come from."""

    def take(self) -> bytes:
        """Return what came since the last call, at most BLOCK bytes; b"" if nothing did."""

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more."""

    def close(self) -> None:
        """Give back what is open."""


class GrowingFile:
    """A file under a name. Where another file takes the name, or it is cut to nothing, reading starts anew."""

    def __init__(self, path: Path) -> None:
        """Open PATH. InputError: there is no such file, or it is compressed."""
        self._path = path
        self._seen = b""
        try:
            self._stream: BinaryIO = path.open("rb", buffering=0)
        except OSError as error:
            raise InputError(f"{path}: cannot be opened ({error.strerror}); check the name") from error
        if self._stream.read(6).startswith(_COMPRESSED):
            self._stream.close()
            raise InputError(f"{path}: --follow reads a plain log that grows, not a compressed one")
        self._stream.seek(0)

    ended = False

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def take(self) -> bytes:
        """Return what came; see `Growing`. The rest of a file that was renamed comes before its successor."""
        if not self._as_it_was():
            return self._again()
        block = self._stream.read(BLOCK)
        if not block and self._replaced():
            # Whatever was written between the last look and the renaming.
            block = self._stream.read(BLOCK)
            if not block:
                return self._again()
        self._seen = (self._seen + block)[-_REMEMBERED:]
        return block

    def _as_it_was(self) -> bool:
        here = self._stream.tell()
        if os.fstat(self._stream.fileno()).st_size < here:
            return False
        return os.pread(self._stream.fileno(), len(self._seen), here - len(self._seen)) == self._seen

    def _replaced(self) -> bool:
        try:
            found = self._path.stat()
        except OSError:
            # Between the renaming and the new file.
            return False
        return not os.path.samestat(found, os.fstat(self._stream.fileno()))

    def _again(self) -> bytes:
        """Begin at the start of the file that has the name now; end the line that was begun before."""
        unfinished = self._seen and not self._seen.endswith(b"\n")
        try:
            fresh: BinaryIO = self._path.open("rb", buffering=0)
        except OSError:
            return b""
        self._stream.close()
        self._stream = fresh
        self._seen = b""
        return b"\n" if unfinished else b""


class GrowingPipe:
    """Standard input or a named pipe, which ends when all its writers have closed it."""

    ended = False

    def __init__(self, descriptor: int) -> None:
        """Read DESCRIPTOR."""
        self._descriptor = descriptor

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._descriptor)

    def take(self) -> bytes:
        """Return what came; see `Growing`."""
        ready, _, _ = select.select([self._descriptor], [], [], 0)
        if not ready:
            return b""
        block = os.read(self._descriptor, BLOCK)
        self.ended = not block
        return block


def open_growing(path: str) -> Growing:
    """Open the log PATH ("-": standard input) or named pipe. InputError: see `GrowingFile`."""
    if path == STDIN:
        return GrowingPipe(0)
    return GrowingPipe(os.open(path, os.O_RDONLY)) if Path(path).is_fifo() else GrowingFile(Path(path))


class GrowingLines:
    """The whole lines of a growing log."""

    def __init__(self, log: Growing, wait: Callable[[float], None] = time.sleep) -> None:
        """Read LOG; WAIT lets some seconds pass."""
        self._log = log
        self._wait = wait
        self._rest = b""
        self._skipping = False
        self.given = 0

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more."""
        return self._log.ended and not self._rest

    def until_pause(self) -> Iterator[bytes]:
        """Yield the lines that come, without their ends, until none has come for a PAUSE: then events are whole."""
        paused = False
        while True:
            block = self._log.take()
            if block:
                paused = False
                yield from self._lines(block)
            elif self._log.ended:
                rest, self._rest = self._rest, b""
                if rest:
                    self.given += 1
                    yield rest
                return
            elif paused:
                return
            else:
                paused = True
                self._wait(PAUSE)

    def _lines(self, block: bytes) -> Iterator[bytes]:
        *whole, rest = block.split(b"\n")
        for line in whole:
            text, self._rest = self._rest + line, b""
            if not self._skipping:
                self.given += 1
                yield text[:MAX_LINE]
            self._skipping = False
        self._rest += rest
        if len(self._rest) > MAX_LINE and not self._skipping:
            # What is longer than a record can be is cut off, as everywhere.
            self.given += 1
            yield self._rest[:MAX_LINE]
            self._skipping = True
        if self._skipping:
            self._rest = b""
