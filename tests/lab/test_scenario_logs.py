# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic logs, cut at the marks of scenarios."""

from __future__ import annotations

from pathlib import Path

from policytool.lab.scenario_logs import BOOT, split_by_scenario, split_by_step


def call(serial: int) -> str:
    return f"type=SYSCALL msg=audit(1700000000.000:{serial}): arch=c000003e syscall=1\n"


def title(serial: int) -> str:
    return f"type=PROCTITLE msg=audit(1700000000.000:{serial}): proctitle=41\n"


def mark(serial: int, name: str) -> str:
    return (
        f"type=USER msg=audit(1700000000.000:{serial}): pid=1 uid=0 auid=0 ses=1 subj=a:b:c_t:s0 "
        f"msg='text=policytool scenario {name} exe=\"/usr/sbin/auditctl\"'\n"
    )


def split(tmp_path: Path, *lines: str) -> dict[str, str]:
    log = tmp_path / "audit.log"
    log.write_text("".join(lines))
    out = tmp_path / "out"
    out.mkdir()
    return {name: path.read_text() for name, path in split_by_scenario(log, out)}


def test_a_log_is_cut_at_its_marks(tmp_path: Path) -> None:
    found = split(tmp_path, call(1), title(1), mark(2, "a-one"), call(3), mark(4, "b-two"), call(5))
    assert found == {BOOT: call(1) + title(1), "a-one": call(3), "b-two": call(5)}


def test_records_of_an_event_stay_together(tmp_path: Path) -> None:
    found = split(tmp_path, call(1), mark(2, "a-one"), call(3), title(1))
    assert found == {BOOT: call(1) + title(1), "a-one": call(3)}


def test_a_scenario_that_runs_twice_is_one_part(tmp_path: Path) -> None:
    found = split(tmp_path, mark(1, "a-one"), call(2), mark(3, "b-two"), call(4), mark(5, "a-one"), call(6))
    assert found == {"a-one": call(2) + call(6), "b-two": call(4)}


def test_a_log_is_cut_at_marks_of_steps(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    step = mark(4, "").replace("scenario ", "step ad one-step")
    log.write_text("".join([call(1), mark(2, "a-one"), call(3), step, call(5), mark(6, "b-two"), call(7), call(3)]))
    assert [(place, block.decode()) for place, block in split_by_step(log)] == [
        ((BOOT, ""), call(1)),
        (("a-one", ""), call(3)),
        (("a-one", "ad one-step"), call(5)),
        (("b-two", ""), call(7) + call(3)),
    ]
    out = tmp_path / "out"
    out.mkdir()
    assert [name for name, _ in split_by_scenario(log, out)] == [BOOT, "a-one", "b-two"]
