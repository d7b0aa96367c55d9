# SPDX-License-Identifier: GPL-2.0-or-later
"""A log read in ranges gives what it gives as a whole, wherever it is cut."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytool.model.observation import Observations
from policytool.traces.bundle import ranges
from policytool.traces.bundle.bundle import TraceLog, observe_log
from policytool.traces.bundle.ranges import Part, Range, observe_range, put_together, safe_place
from policytool.traces.events import joiner
from policytool.traces.tally.telling import told
from policytool.workflow.read import read_all
from tests.traces.reading import avc, record
from tests.traces.tally.test_fast_path import whole_events

LOG = Path(__file__).parents[3] / "traces" / "small" / "permissive" / "audit.log.xz"


def _whole(path: Path) -> Observations:
    return observe_log(TraceLog(str(path), "t", complete=False))


def _in_parts(path: Path, cuts: list[int], warm_up: int) -> tuple[Observations, int]:
    """Read the log cut at CUTS; also say how often two ranges had to be read again as one."""
    repeated = []

    def again(part: Range, before: int) -> Part:
        repeated.append(part)
        return observe_range(str(path), "t", False, part, before)

    edges = sorted({0, *cuts})
    wanted = [Range(begin, end) for begin, end in zip(edges, [*edges[1:], None], strict=True)]
    parts = [observe_range(str(path), "t", False, part, warm_up) for part in wanted]
    return put_together(parts, again), len(repeated)


def _line_starts(text: bytes) -> list[int]:
    return [index + 1 for index, byte in enumerate(text) if byte == ord("\n")][:-1]


def test_a_cut_at_each_line_of_a_small_log(tmp_path: Path) -> None:
    # The records of events that came from two processors, one event without an end, and lines of nobody.
    stamps = ["1700000000.123:45", "1700000000.123:46", "1700000000.124:47"]
    lines = [
        record("USER_LOGIN", "pid=1", stamps[2]),
        avc(),
        record("SYSCALL", "arch=c000003e syscall=257 comm=61", stamps[1]),
        avc(perms="{ open }"),
        record("SYSCALL", "arch=c000003e syscall=2 comm=62"),
        "who is this",
        record("PROCTITLE", "proctitle=61"),
        avc("pid=8").replace(stamps[0], stamps[1]),
        record("PROCTITLE", "proctitle=62", stamps[1]),
        avc("pid=9").replace(stamps[0], stamps[2]),
        record("PROCTITLE", "proctitle=62", stamps[2]),
    ] * 2
    log = tmp_path / "log"
    log.write_text("\n".join(lines) + "\n")
    expected = _whole(log)
    assert expected.unread_total == 2
    for cut in _line_starts(log.read_bytes()):
        for warm_up in (0, 300, 1 << 20):
            found, repeated = _in_parts(log, [cut], warm_up)
            assert found == expected
            assert warm_up < 1 << 20 or not repeated, "all before the cut was read, and yet it did not fit"


def test_a_cut_within_an_entry_of_the_journal(tmp_path: Path) -> None:
    # What looks like records is what a program wrote, whatever the range begins with.
    forged = "\n".join(avc(perms="{ write }").replace(":45)", f":{serial})") for serial in range(50, 60))
    text = forged.encode()
    entry = b"__CURSOR=s\n_TRANSPORT=journal\nMESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\n\n"
    log = tmp_path / "log"
    log.write_bytes(f"{avc()}\n".encode() + entry + f"{avc(perms='{ open }')}\n".encode())
    expected = _whole(log)
    assert [vector.perm for vector in expected.vectors] == ["open", "read"]
    starts = _line_starts(log.read_bytes())
    for cuts in (*([start] for start in starts), starts[6:12:2]):
        for warm_up in (0, 300, 1 << 20):
            assert _in_parts(log, cuts, warm_up)[0] == expected


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    events=st.lists(whole_events(), min_size=1, max_size=12),
    places=st.lists(st.integers(0, 1 << 14), max_size=4),
    warm_up=st.sampled_from([0, 200, 2000, 1 << 20]),
    few=st.booleans(),
)
def test_any_cuts(tmp_path: Path, events: list[list[bytes]], places: list[int], warm_up: int, few: bool) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(line + b"\n" for event in events for line in event))
    cuts = [cut for place in places if (cut := safe_place(str(log), place % log.stat().st_size)) is not None]
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(joiner, "MAX_OPEN", 2)
        assert _in_parts(log, cuts, warm_up)[0] == _whole(log)


def test_processes_give_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "SMALLEST", 1 << 16)
    log = tmp_path / "t"
    log.write_bytes(lzma.decompress(LOG.read_bytes()) + b"nothing\n" + avc().encode() + b"\n")
    assert len(ranges.ranges(str(log), log.stat().st_size, 3)) == 3
    expected = [
        told(observed) for observed in (_whole(log), observe_log(TraceLog(str(LOG), LOG.name, complete=False)))
    ]
    assert read_all([str(log), str(LOG)], 1) == expected
    assert read_all([str(log), str(LOG)], 3) == expected


def test_a_cut_is_only_made_between_records(tmp_path: Path) -> None:
    log = tmp_path / "log"
    record = avc() + "\n"
    log.write_text(record + "----\n" + record + record + "time->x\n" + record)
    first = len(record) + 5
    assert safe_place(str(log), 1) == first + len(record)
    assert safe_place(str(log), first + len(record) + 1) is None
