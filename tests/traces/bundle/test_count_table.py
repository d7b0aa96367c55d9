# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of counts is read as it was written, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from policytool.errors import InputError
from policytool.model.event import Location, Unread, UnreadKind
from policytool.traces.bundle.count_table import CountTable, Weight, parse_table
from policytool.traces.tally.process_tree import ExecutionProof

TABLE = CountTable(
    weights=(Weight(3, 12, -5, 81233), Weight(1, 0, 0, 0)),
    proofs=(ExecutionProof(1, 4),),
    unread=(Unread(Location("t", 7), UnreadKind.NOT_A_RECORD, "a\tb\n\udc80\u00fc"),),
    unread_counts=((UnreadKind.NOT_A_RECORD, 30),),
)
HEAD = b"policytool counts 1"


def test_a_table_is_read_as_it_was_written() -> None:
    lines = [line.encode("ascii") for line in TABLE.to_lines()]
    assert lines[:3] == [HEAD, b"3\t12\t-5\t81233", b"1\t0\t0\t0"]
    assert parse_table(lines, "t", "t.counts") == TABLE
    assert TABLE.lines == 4


@pytest.mark.parametrize("head", [b"", b"policytool counts 2", b"1\t1\t0\t0"])
def test_another_version_or_file_is_refused(head: bytes) -> None:
    with pytest.raises(InputError, match="newer policytool"):
        parse_table([head, b"1\t1\t0\t0"], "t", "t.counts")


@pytest.mark.parametrize(
    "line",
    [
        b"1\t1\t0",
        b"1\t1\t0\tx",
        b"0\t1\t0\t0",
        b"1\t-1\t0\t0",
        b"1\t1\t2\t1",
        b"run\t1",
        b"unread\t1\tno such kind",
        b"unread",
        b"place\t1\tnot a record\t1",
        b"place\t1\tnot a record\tx",
        b"\xff\t1\t0\t0",
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: bytes) -> None:
    with pytest.raises(InputError, match="counts:2: no line"):
        parse_table([HEAD, line], "t", "t.counts")
