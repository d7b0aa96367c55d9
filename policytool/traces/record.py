# SPDX-License-Identifier: GPL-2.0-or-later
"""What every format yields, and what the joiner takes: single records, still undecoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from policytool.model.event import EventKey, UnreadKind

# Tells that a record, or a part of a line, was not understood: why, and its bytes.
Report = Callable[[UnreadKind, bytes], None]

STAMP = rb"(\d{1,12})[.,](\d{1,3}):(\d{1,20})"
_KEY = re.compile(rb"(?:(\S+) )?" + STAMP)


class Form(Enum):
    """How values are written: as the kernel does (quoted or hexadecimal), or as `ausearch -i` does (bare)."""

    RAW = "raw"
    INTERPRETED = "interpreted"


class Record(NamedTuple):
    """One record. `key` is what the records of one event share: `[NODE ]SECONDS.MILLISECONDS:SERIAL`."""

    key: bytes
    kind: bytes
    body: bytes
    line: int
    form: Form


# A record before it has a name: a Record, or a tuple with the same parts, which costs less to make.
Row = tuple[bytes, bytes, bytes, int, Form]

# A format looks at one physical line (without its end) and returns its records, or None if the line is not
# in this format. It must not raise.
Format = Callable[[bytes, int, Report], Sequence[Record] | None]


def event_key(key: bytes) -> EventKey:
    """Read the `key` of a record that a format made."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"not a record key: {key!r}")
    node, seconds, fraction, serial = match.groups()
    milliseconds = int(seconds) * 1000 + int(fraction.ljust(3, b"0"))
    return EventKey(decoded(node or b""), milliseconds, int(serial))


def decoded(raw: bytes) -> str:
    """Return RAW as text; bytes that are not UTF-8 become lone surrogates, so that nothing is lost."""
    return raw.decode("utf-8", "surrogateescape")
