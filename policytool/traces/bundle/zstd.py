# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams compressed with zstd: any number of frames, and an end in the middle of one is an error."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol, cast

from policytool.errors import MissingToolError

MAGIC = b"\x28\xb5\x2f\xfd"

# Small, since all that it unpacks to is in memory at once: a block of 128 KiB may take four bytes.
_CHUNK = 1 << 10


class _Below(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Decompressor(Protocol):
    """One frame of zstandard's."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes) -> bytes:
        """Return what DATA, the next bytes of the frame, unpacks to."""


class ZstdFile:
    """Reads what BELOW holds compressed. EOFError: it ends within a frame. OSError: it is damaged.

    zstandard's own stream takes a file that was cut short for a whole one.
    """

    def __init__(self, below: _Below) -> None:
        try:
            self._zstandard = importlib.import_module("zstandard")
        except ImportError as error:
            raise MissingToolError(
                "the log is compressed with zstd: install zstandard (pip; python3-zstandard for apt and dnf) "
                "or decompress it with zstd -d"
            ) from error
        self._below = below
        self._new = cast("Callable[[], _Decompressor]", self._zstandard.ZstdDecompressor().decompressobj)
        self._frame: _Decompressor | None = None
        self._packed = b""
        self._plain = b""

    def read(self, size: int) -> bytes:
        """Return at most SIZE bytes, none only at the end."""
        while not self._plain:
            if not self._packed:
                self._packed = self._below.read(_CHUNK)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("compressed file ended within a frame")
                return b""
            if self._frame is None:
                self._frame = self._new()
            try:
                self._plain = self._frame.decompress(self._packed)
            except self._zstandard.ZstdError as error:
                raise OSError(str(error)) from error
            self._packed = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
        plain, self._plain = self._plain[:size], self._plain[size:]
        return plain
