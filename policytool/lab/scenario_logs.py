# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's audit log, cut where one scenario ends and the next begins, so that evidence names its scenario.

The guest writes a mark into the log itself (auditctl -m, a USER record): a time or a byte offset would not do,
since auditd writes down later what has happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from policytool.traces.bundle.source import read_blocks

# What happened before the first scenario: the machine's start, and its sockets being made.
BOOT = "boot"

_MARK = re.compile(rb"type=USER msg=audit\([0-9.:]+\): .*policytool scenario ([a-z0-9_-]+)")
_KEY = re.compile(rb"msg=audit\(([0-9.:]+)\)")

# How many lines on either side of a mark records of one event may lie apart; the kernel writes them together, but
# for those of another processor that come between.
_NEAR = 256


def split_by_scenario(log: Path, folder: Path) -> tuple[tuple[str, Path], ...]:
    """Cut LOG into FOLDER, one file a scenario; return (scenario, file) in their order, empty parts left out.

    The records of an event stay together, in the part in which it began. A scenario that runs twice is one part.
    """
    parts: dict[str, Path] = {}
    with ExitStack() as stack:
        streams: dict[str, BinaryIO] = {}
        for name, line in _named(log):
            if name not in streams:
                parts[name] = folder / f"{name}.log"
                streams[name] = stack.enter_context(parts[name].open("wb"))
            streams[name].write(line + b"\n")
    return tuple(parts.items())


def _named(log: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of LOG, each with the name of its part."""
    name = before = BOOT
    recent: dict[bytes, None] = {}
    earlier: frozenset[bytes] = frozenset()
    since = 0
    for block in read_blocks(str(log)):
        for line in block.split(b"\n"):
            if mark := _MARK.match(line):
                before, name = name, mark[1].decode("ascii")
                earlier, since = frozenset(recent), 0
                recent.clear()
                continue
            key = match[1] if (match := _KEY.search(line)) else b""
            since += 1
            yield (before if since <= _NEAR and key in earlier else name), line
            recent[key] = None
            if len(recent) > _NEAR:
                del recent[next(iter(recent))]
