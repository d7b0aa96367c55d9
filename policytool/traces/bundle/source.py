# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs as streams of lines: a file or standard input, plain or compressed, in bounded memory."""

from __future__ import annotations

import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from policytool.errors import InputError
from policytool.traces.bundle.encoding import START
from policytool.traces.bundle.unpack import Stream, unpacked
from policytool.traces.bundle.url import is_url, open_url, shown, size_of

STDIN = "-"

# So small that what is done with a block finds it, and what was made of it, in the processor's cache.
BLOCK = 1 << 16

# A record of the kernel has at most 8,970 bytes (MAX_AUDIT_MESSAGE_LENGTH); what is longer is cut off here.
MAX_LINE = 1 << 17


def read_lines(path: str, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield the lines of the log PATH ("-": standard input) without their ends.

    PROGRESS is told, now and then, how many bytes of the file as it is stored have been read. InputError: the file
    is missing, unreadable, its compressed data are damaged, or they are a trap (see `unpack`). MissingToolError:
    zstd without the Python package that reads it.
    """
    for block in read_blocks(path, progress):
        yield from block.split(b"\n")


def read_blocks(path: str, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield the log PATH in blocks of whole lines, the last line end of each left out; see `read_lines`."""
    with _opened(path) as raw:
        try:
            stream = unpacked(raw, shown(path))
            yield from _whole_lines(stream, raw, progress)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise InputError(
                f"{shown(path)}: cannot be read to its end ({_reason(error)}); is the copy complete?"
            ) from error


def plain_size(path: str) -> int | None:
    """Return the size of the log PATH in bytes if it can be read from any place on: a file, not compressed."""
    if is_url(path):
        size = size_of(path)
    else:
        size = Path(path).stat().st_size if path != STDIN and Path(path).is_file() else None
    if size is None:
        return None
    with _opened(path, 0, min(size, START)) as raw:
        return size if unpacked(raw, shown(path)) is raw else None


def read_range(path: str, begin: int, end: int | None) -> Iterator[bytes]:
    """Yield the lines of the plain file PATH from BEGIN to END (bytes; None: all) as `read_blocks` does."""
    with _opened(path, begin, end) as raw:
        limited: Stream = raw if end is None else _Limited(raw, end - begin)
        try:
            yield from _whole_lines(limited, raw, None)
        except OSError as error:
            raise InputError(f"{shown(path)}: cannot be read to its end ({_reason(error)})") from error


def window(path: str, begin: int, size: int) -> bytes:
    """Return SIZE bytes of the plain file PATH from BEGIN on, or what there is of them."""
    with _opened(path, begin, begin + size) as raw:
        return raw.read(size)


class _Limited:
    """The first bytes of a stream."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int) -> bytes:
        block = self._stream.read(min(size, self._left))
        self._left -= len(block)
        return block


def _whole_lines(stream: Stream, raw: BinaryIO, progress: Callable[[int], None] | None) -> Iterator[bytes]:
    rest = b""
    skipping = False
    while block := _read(stream):
        if progress is not None:
            progress(raw.tell() if raw.seekable() else 0)
        if skipping:
            _, end, block = block.partition(b"\n")
            if not end:
                continue
            skipping = False
        cut = block.rfind(b"\n")
        if cut >= 0:
            yield rest + block[:cut]
            rest = block[cut + 1 :]
        else:
            rest += block
        if len(rest) > MAX_LINE:
            yield rest[:MAX_LINE]
            rest, skipping = b"", True
    if rest:
        yield rest


def _read(stream: Stream) -> bytes:
    """Read a block: what is unpacked comes in pieces of any size."""
    pieces = []
    size = 0
    while size < BLOCK and (piece := stream.read(BLOCK - size)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


@contextmanager
def _opened(path: str, begin: int = 0, end: int | None = None) -> Iterator[BinaryIO]:
    """Open PATH at BEGIN. Nobody reads beyond END, so that what is fetched from elsewhere ends there."""
    if path == STDIN:
        yield sys.stdin.buffer
        return
    if is_url(path):
        with open_url(path, begin, end) as stream:
            yield stream
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({_reason(error)}); check the name and the permissions"
        ) from error
    with stream:
        if begin:
            stream.seek(begin)
        yield stream


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
