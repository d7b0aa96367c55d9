# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs as streams of lines: a file or standard input, plain or compressed, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from policytool.errors import InputError
from policytool.traces import zstd

STDIN = "-"
BLOCK = 1 << 20

# A record of the kernel has at most 8,970 bytes (MAX_AUDIT_MESSAGE_LENGTH); what is longer is cut off here.
MAX_LINE = 1 << 20

_MAGICS: tuple[tuple[bytes, Callable[[BinaryIO], object]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", lambda stream: bz2.BZ2File(stream)),
    (b"\xfd7zXZ\x00", lambda stream: lzma.LZMAFile(stream)),  # noqa: SIM115 (read_blocks closes the file below it)
    (zstd.MAGIC, zstd.ZstdFile),
)


def read_lines(path: str, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield the lines of the log PATH ("-": standard input) without their ends.

    PROGRESS is told, now and then, how many bytes of the file as it is stored have been read. InputError:
    the file is missing, unreadable, or its compressed data are damaged. MissingToolError: zstd without the
    Python package that reads it.
    """
    for block in read_blocks(path, progress):
        yield from block.split(b"\n")


def read_blocks(path: str, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield the log PATH in blocks of whole lines, the last line end of each left out; see `read_lines`."""
    with _opened(path) as raw:
        try:
            stream = _decompressed(raw)
            yield from _whole_lines(stream, raw, progress)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise InputError(
                f"{path}: cannot be read to its end ({_reason(error)}); is the copy complete?"
            ) from error


def _whole_lines(stream: BinaryIO, raw: BinaryIO, progress: Callable[[int], None] | None) -> Iterator[bytes]:
    rest = b""
    skipping = False
    while block := stream.read(BLOCK):
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


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({_reason(error)}); check the name and the permissions"
        ) from error
    with stream:
        yield stream


def _decompressed(raw: BinaryIO) -> BinaryIO:
    # peek() takes nothing away, so that standard input works as well.
    start = cast("io.BufferedReader", raw).peek(6)[:6]
    for magic, opener in _MAGICS:
        if start.startswith(magic):
            return cast("BinaryIO", opener(raw))
    return raw


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
