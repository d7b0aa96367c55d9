# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's audit log, cut where one scenario ends and the next begins, so that evidence names its scenario.

The guest writes a mark into the log itself (auditctl -m, a USER record): a time or a byte offset would not do,
since auditd writes down later what has happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from policytool.traces.bundle.source import read_blocks

# What happened before the first scenario: the machine's start, and its sockets being made.
BOOT = "boot"

_MARK = re.compile(
    rb"type=USER msg=audit\([0-9.:]+\): .*policytool (?:scenario ([a-z0-9_-]+)|step ([^\s'\"]+ [^\s'\"]+))"
)
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
        for (name, _), line in _placed(log):
            if name not in streams:
                parts[name] = folder / f"{name}.log"
                streams[name] = stack.enter_context(parts[name].open("wb"))
            streams[name].write(line + b"\n")
    return tuple(parts.items())


def split_by_step(log: Path) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Yield ((scenario, step), the lines of LOG that belong to it) in their order; a step is its daemon and name.

    What comes before a scenario's first step belongs to the step "". Only where the machine was told to mark steps
    (`steps-marked`) are there any. A step's background work may still go on in the next one.
    """
    for place, group in groupby(_placed(log), key=lambda placed: placed[0]):
        yield place, b"".join(line + b"\n" for _, line in group)


def _placed(log: Path) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Yield the lines of LOG, each with its scenario and step."""
    place = before = (BOOT, "")
    recent: dict[bytes, None] = {}
    earlier: frozenset[bytes] = frozenset()
    since = 0
    for block in read_blocks(str(log)):
        for line in block.split(b"\n"):
            if mark := _MARK.match(line):
                before = place
                scenario, step = (part.decode("ascii", "replace") if part else "" for part in mark.groups())
                place = (scenario, "") if scenario else (place[0], step)
                earlier, since = frozenset(recent), 0
                recent.clear()
                continue
            key = match[1] if (match := _KEY.search(line)) else b""
            since += 1
            yield (before if since <= _NEAR and key in earlier else place), line
            recent[key] = None
            if len(recent) > _NEAR:
                del recent[next(iter(recent))]
