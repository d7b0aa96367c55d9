# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of lines are cut as lines one by one would be."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from policytool.traces.events.record import AUDITD_BETWEEN, AUDITD_HEAD, AUDITD_STAMP
from policytool.traces.tally.blocks import Cut, cut_block

_PIECES = (
    "type=AVC msg=audit",
    "type=A msg=audit",
    "(",
    "1700000000.001:1",
    "1700000000.001:22",
    "): ",
    ") ",
    "x",
    "\n",
    "1700000000.0012:1",
    "170000000.001:1",
    "1700000000.002:3333",
    "\r",
    ":",
    ".",
)
_STAMPS = (
    "1700000000.001:1",
    "1700000000.001:2",
    "1700000000.001:11",
    "1700000000.01:1",
    "170000000.0012:1",
    "17000000001.002:",
    "1700000000.001:1\n",
    "",
)


def _by_lines(block: bytes) -> list[tuple[bytes, list[bytes]]] | None:
    """Return stamp, and heads and bodies, of each run of records, as the definition has it."""
    records = []
    for line in block.split(b"\n"):
        begin, between, body = (line + b"\n").partition(AUDITD_BETWEEN)
        head, _, stamp = begin.partition(b"(")
        if not between or not AUDITD_HEAD.fullmatch(head) or not AUDITD_STAMP.fullmatch(stamp):
            return None
        records.append((stamp, head, body))
    runs = groupby(records, lambda record: record[0])
    return [(stamp, [part for record in run for part in record[1:]]) for stamp, run in runs]


def _runs(cut: Cut | None) -> list[tuple[bytes, list[bytes]]] | None:
    if cut is None:
        return None
    assert all(stamp.endswith(b"\n") for stamp in cut.stamps)
    begins = [0, *cut.ends][:-1]
    return [
        (stamp[:-1], list(cut.parts[2 * begin : 2 * end]))
        for stamp, begin, end in zip(cut.stamps, begins, cut.ends, strict=True)
    ]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(_STAMPS).map(lambda stamp: f"type=AVC msg=audit({stamp}): body"),
            st.sampled_from(_STAMPS[:2]).map(lambda stamp: f"type=AVC msg=audit({stamp}): body (x): y"),
            st.lists(st.sampled_from(_PIECES), max_size=6).map("".join),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_lines(lines: list[str]) -> None:
    block = "\n".join(lines).encode()
    assert _runs(cut_block(block, AUDITD_HEAD.fullmatch, None, ())) == _by_lines(block)


def test_records_before_the_block() -> None:
    line = b"type=AVC msg=audit(1700000000.001:1): b"
    before = (b"type=A msg=audit", b"a\n")
    same = _runs(cut_block(line, AUDITD_HEAD.fullmatch, b"1700000000.001:1", before))
    assert same == [(b"1700000000.001:1", [*before, b"type=AVC msg=audit", b"b\n"])]
    other = _runs(cut_block(line, AUDITD_HEAD.fullmatch, b"1700000000.001:2", before))
    assert other == [
        (b"1700000000.001:2", [*before]),
        (b"1700000000.001:1", [b"type=AVC msg=audit", b"b\n"]),
    ]
