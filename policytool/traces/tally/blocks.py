# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of lines as auditd writes them, cut into events.

What is done with each line is done for all of them at once, in lists: a loop would take several times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import compress, count, islice
from operator import ne
from typing import NamedTuple

from policytool.traces.events.record import AUDITD_BETWEEN, AUDITD_STAMP

_DIGITS = b"0123456789"


class Cut(NamedTuple):
    """Runs of records with one stamp: STAMPS (with a line end), and after how many records each run ENDS.

    PARTS has of each record in turn what comes before the stamp, and the body with its line end.
    """

    stamps: Sequence[bytes]
    ends: Sequence[int]
    parts: tuple[bytes, ...]


def cut_block(
    block: bytes, is_head: Callable[[bytes], object], stamp: bytes | None, event: Sequence[bytes]
) -> Cut | None:
    """Cut BLOCK, whole lines but for the last line end, after the parts EVENT of records with STAMP, if any.

    None: not every line has what IS_HEAD accepts, a stamp and a body.
    """
    begins, _, bodies = zip(*[line.partition(AUDITD_BETWEEN) for line in BytesIO(block + b"\n")], strict=True)
    # Head and stamp of each line in turn. If no head has a line end, each line has one parenthesis there.
    parts = b"\n(".join([*begins, b""]).split(b"(")
    parts.pop()
    if len(parts) != 2 * len(bodies) or not all(map(is_head, set(parts[::2]))):
        return None
    stamps = parts[1::2]
    parts[1::2] = bodies
    if stamp is not None:
        parts[:0] = event
        stamps[:0] = [stamp + b"\n"] * (len(event) // 2)
    # Where the next record has another stamp.
    ends = [*compress(count(1), map(ne, stamps, islice(stamps, 1, None))), len(stamps)]
    stamps = [stamps[end - 1] for end in ends]
    return Cut(stamps, ends, tuple(parts)) if _all_stamped(stamps) else None


def _all_stamped(lines: Sequence[bytes]) -> bool:
    """Say whether each of LINES is a stamp and a line end."""
    text, number, size = b"".join(lines), len(lines), len(lines[0])
    if len(text) == number * size and 17 <= size <= 36 and text.translate(None, _DIGITS) == b".:\n" * number:
        # As long as each other, nearly always: then their marks are in the same places.
        marks = text[10::size], text[14::size], text[size - 1 :: size]
        return marks == (b"." * number, b":" * number, b"\n" * number)
    return all(line[-1:] == b"\n" and AUDITD_STAMP.fullmatch(line[:-1]) for line in lines)
