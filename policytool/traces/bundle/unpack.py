# SPDX-License-Identifier: GPL-2.0-or-later
"""Compressed logs, told by their content, and the bounds that keep a small file from filling a machine."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import BinaryIO, Protocol, cast

from policytool.errors import InputError
from policytool.traces.bundle import zstd
from policytool.traces.bundle.encoding import START, Recoded, encoding_of

# Records of one event have a stamp that no other event has, so that even a log that repeats itself does not shrink
# to a thousandth. Small files may shrink as they like.
MAX_RATIO = 1000
RATIO_FROM = 1 << 28

# Whatever the ratio, no file gives more than that many bytes.
MAX_UNPACKED = 1 << 34

# What xz may take for its window; `xz -9` makes 64 MiB.
MAX_WINDOW = 1 << 28

_CHUNK = 1 << 16


class Stream(Protocol):
    """What can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to SIZE bytes, none at the end."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes: ...


def unpacked(raw: BinaryIO, path: str) -> Stream:
    """Return what RAW, the log PATH, holds, as UTF-8; RAW itself if it is neither compressed nor in UTF-16.

    Reading raises InputError beyond the bounds above. MissingToolError: zstd without the Python package for it.
    """
    # peek() takes nothing away, so that standard input works as well.
    start = cast("io.BufferedReader", raw).peek(START)[:START]
    for magic, opener in _MAGICS:
        if start.startswith(magic):
            packed = _Counted(raw)
            return _Bounded(opener(packed), packed, path)
    encoding = encoding_of(start)
    return raw if encoding is None else Recoded(raw, encoding)


class _Counted:
    """A stream, and how many bytes were read from it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data


class _Bounded:
    """What is unpacked of PACKED, up to the bounds."""

    def __init__(self, stream: Stream, packed: _Counted, path: str) -> None:
        self._stream = stream
        self._packed = packed
        self._path = path
        self._count = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._count += len(data)
        if self._count > MAX_UNPACKED:
            raise self._error(f"unpacks to more than {MAX_UNPACKED >> 30} GiB")
        if self._count > RATIO_FROM and self._count > MAX_RATIO * self._packed.count:
            raise self._error(f"unpacks to more than {MAX_RATIO} times its size, as no log does")
        return data

    def _error(self, why: str) -> InputError:
        return InputError(f"{self._path}: {why}; if it is no trap, unpack it first and give its text (- is stdin)")


class _Streams:
    """Compressed streams of one kind, one after another, with bounded memory."""

    def __init__(self, packed: Stream, magic: bytes, new: Callable[[], _Decompressor]) -> None:
        self._packed = packed
        self._magic = magic
        self._new = new
        self._decompressor = new()

    def read(self, size: int) -> bytes:
        while True:
            data = b""
            if self._decompressor.eof:
                data = self._next(self._decompressor.unused_data)
                if not data:
                    return b""
                self._decompressor = self._new()
            elif self._decompressor.needs_input:
                data = self._packed.read(_CHUNK)
                if not data:
                    raise EOFError("compressed file ended before its end mark")
            made = self._decompressor.decompress(data, size)
            if made:
                return made

    def _next(self, rest: bytes) -> bytes:
        """Return the beginning of the next stream, b"" if there is none; zeros may stand before it."""
        rest = rest.lstrip(b"\0")
        while len(rest) < len(self._magic) and (more := self._packed.read(_CHUNK)):
            rest = (rest + more).lstrip(b"\0")
        if rest and not rest.startswith(self._magic):
            raise OSError("something else follows the compressed data")
        return rest


_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\x00"
_MAGICS: tuple[tuple[bytes, Callable[[_Counted], Stream]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=cast("BinaryIO", stream))),
    (_BZIP2, lambda stream: _Streams(stream, _BZIP2, bz2.BZ2Decompressor)),
    (_XZ, lambda stream: _Streams(stream, _XZ, lambda: lzma.LZMADecompressor(memlimit=MAX_WINDOW))),
    (zstd.MAGIC, lambda stream: zstd.ZstdFile(stream)),
)
