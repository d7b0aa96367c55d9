# SPDX-License-Identifier: GPL-2.0-or-later
"""What every format yields, and what the joiner takes: single records, still undecoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from policytool.model.event import EventKey, UnreadKind

# Records without a serial are events of their own. No serial of the kernel's, which has 32 bits, is as large as
# this plus the number of their line.
UNSTAMPED = 1 << 32

# Tells that a record, or a part of a line, was not understood: why, and its bytes.
Report = Callable[[UnreadKind, bytes], None]

# Eleven digits of seconds are the year 5138.
STAMP = rb"(\d{1,11})[.,](\d{1,3}):(\d{1,20})"
_KEY = re.compile(rb"(?:(\S+) )?" + STAMP)

# What auditd writes before the stamp; between a stamp and a body is AUDITD_BETWEEN.
AUDITD_HEAD = re.compile(rb"type=(\w{1,64}) msg=audit")
AUDITD_BETWEEN = b"): "

# Ten digits and three, so that bytes are in the order of the times that they write.
AUDITD_STAMP = re.compile(rb"[0-9]{10}\.[0-9]{3}:[0-9]{1,20}")


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


# linux/audit.h; the others keep their number, which nothing here reads.
_KINDS = {
    b"1107": b"USER_AVC",
    b"1108": b"USER_SELINUX_ERR",
    b"1300": b"SYSCALL",
    b"1302": b"PATH",
    b"1306": b"SOCKADDR",
    b"1307": b"CWD",
    b"1309": b"EXECVE",
    b"1320": b"EOE",
    b"1327": b"PROCTITLE",
    b"1400": b"AVC",
    b"1401": b"SELINUX_ERR",
    b"1402": b"AVC_PATH",
}


def kind_name(kind: bytes) -> bytes:
    """Return the name of KIND, which the kernel's own log has as a number."""
    return _KINDS.get(kind, kind)


def tells_decisions(kind: bytes) -> bool:
    """Say whether records of KIND tell what SELinux decided."""
    return kind in (b"AVC", b"USER_AVC", b"SELINUX_ERR", b"USER_SELINUX_ERR")


def full_key(node: bytes, milliseconds: int, serial: int) -> bytes:
    """Return the `key` of a record."""
    stamp = b"%d.%03d:%d" % (milliseconds // 1000, milliseconds % 1000, serial)
    return node + b" " + stamp if node else stamp


def event_key(key: bytes) -> EventKey:
    """Read the `key` of a record that a format made."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"not a record key: {key!r}")
    node, seconds, fraction, serial = match.groups()
    # A number of milliseconds, as auditd's own tools read it: what writes no zeros before it means 3 by `.3`.
    milliseconds = int(seconds) * 1000 + int(fraction)
    return EventKey(decoded(node or b""), milliseconds, int(serial))


def decoded(raw: bytes) -> str:
    """Return RAW as text; bytes that are not UTF-8 become lone surrogates, so that nothing is lost."""
    return raw.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes that `decoded` made TEXT of."""
    return text.encode("utf-8", "surrogateescape")


def placed(record: Record, milliseconds: int | None, host: bytes) -> Record:
    """Give RECORD what only its line tells: the time, if it has no stamp of its own, and the host, if no node."""
    key = event_key(record.key)
    node = encoded(key.node) or host
    moment = key.timestamp
    if key.serial >= UNSTAMPED and moment == 0 and milliseconds is not None:
        moment = milliseconds
    return record._replace(key=full_key(node, moment, key.serial))
