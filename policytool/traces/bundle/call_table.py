# SPDX-License-Identifier: GPL-2.0-or-later
"""The table that a recording of system calls is: which were made, by whom, how often, and of what machine.

A line of JSON each, so that no name of a program can be taken for something else: first what the table is about,
then [domain, program, call, arguments, error, count], sorted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import InputError
from policytool.traces.bundle.source import read_lines
from policytool.traces.tally.system_calls import SystemCall

_FORMAT = 1
_BEGIN = b'{"calls": '


@dataclass(frozen=True, slots=True)
class CallTable:
    """Calls COUNTED, of which LOST were dropped, on ARCHITECTURES; ABOUT says what was recorded, in words.

    `unknown` are calls of processes that could not be named, since they ran before the recording began.
    """

    counted: Mapping[SystemCall, int]
    architectures: frozenset[str]
    lost: int
    unknown: int
    about: Mapping[str, str]


def call_table_text(table: CallTable) -> str:
    """Return TABLE as text; equal tables are equal texts."""
    head = {
        "calls": _FORMAT,
        "lost": table.lost,
        "unknown": table.unknown,
        "architectures": sorted(table.architectures),
        "about": dict(sorted(table.about.items())),
    }
    rows = (
        [call.domain, call.program, call.name, call.arguments, call.error, count]
        for call, count in sorted(table.counted.items())
    )
    return "".join(f"{json.dumps(row)}\n" for row in (head, *rows))


def joined_tables(tables: Sequence[CallTable]) -> CallTable:
    """Return what TABLES, of several runs of one machine, say together; what differs in `about` is listed."""
    counted: Counter[SystemCall] = Counter()
    about: dict[str, dict[str, None]] = {}
    for table in tables:
        counted.update(table.counted)
        for name, text in table.about.items():
            about.setdefault(name, {})[text] = None
    return CallTable(
        dict(sorted(counted.items())),
        frozenset[str]().union(*(table.architectures for table in tables)),
        sum(table.lost for table in tables),
        sum(table.unknown for table in tables),
        {name: ", ".join(texts) for name, texts in about.items()},
    )


def is_call_table(path: str) -> bool:
    """Say whether the file PATH begins as a table of calls does."""
    # What is no plain file can be read once only.
    return Path(path).is_file() and next(read_lines(path), b"").startswith(_BEGIN)


def read_call_table(path: str) -> CallTable:
    """Read the table PATH, compressed or not. InputError: it cannot be read, or is none."""
    rows = _rows(path)
    _, head = next(rows, (1, None))
    if not isinstance(head, dict) or head.get("calls") != _FORMAT:
        raise InputError(f"{path}: no table of system calls of format {_FORMAT}")
    lost, unknown, architectures, about = (head.get(key) for key in ("lost", "unknown", "architectures", "about"))
    if not (
        isinstance(lost, int)
        and isinstance(unknown, int)
        and isinstance(architectures, list)
        and isinstance(about, dict)
    ):
        raise InputError(f"{path}:1: the first line of a table of system calls is incomplete")
    counted: dict[SystemCall, int] = {}
    for place, row in rows:
        if not isinstance(row, list) or len(row) != 6:
            raise InputError(f"{path}:{place}: no line of a table of system calls")
        *texts, count = row
        if not all(isinstance(text, str) for text in texts) or not isinstance(count, int) or count < 1:
            raise InputError(f"{path}:{place}: no line of a table of system calls")
        counted[SystemCall(*texts)] = count
    return CallTable(
        counted,
        frozenset(map(str, architectures)),
        lost,
        unknown,
        {str(key): str(value) for key, value in about.items()},
    )


def _rows(path: str) -> Iterator[tuple[int, object]]:
    for place, line in enumerate(read_lines(path), 1):
        try:
            yield place, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{place}: no line of a table of system calls") from error
