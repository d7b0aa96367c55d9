# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs in UTF-16, as the shells and editors of Windows save text: read as UTF-8."""

from __future__ import annotations

import codecs
import re
from typing import Protocol

_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

# Without a mark: printable characters of ASCII, each with a zero beside it.
_UNMARKED = (
    (re.compile(rb"(?:[\t\n\r -~]\x00){3}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[\t\n\r -~]){3}"), "utf-16-be"),
)

# So many bytes tell.
START = 6


class Readable(Protocol):
    """What can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to SIZE bytes, none at the end."""


def encoding_of(start: bytes) -> str | None:
    """Return the name of the encoding of a text that begins with START (bytes); None if it is read as it is."""
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    return marked or next((name for pattern, name in _UNMARKED if pattern.match(start)), None)


class Recoded:
    """A stream in an encoding, read as UTF-8; what is no character becomes U+FFFD."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        """Read STREAM, which is in ENCODING."""
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int) -> bytes:
        """Return at least one byte until the end; a little more than SIZE where letters need more bytes."""
        while True:
            data = self._stream.read(max(size // 2, 2))
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode("utf-8")
