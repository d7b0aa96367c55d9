# SPDX-License-Identifier: GPL-2.0-or-later
"""The undo log with real changes: labels of files of ours, which root may set on any Linux."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policytool.errors import InputError, ToolFailedError, UsageError
from policytool.recorder.changes import Change, Kind
from policytool.recorder.selinux_host import read_label, write_label
from policytool.recorder.undo_log import new_undo_log, old_undo_log

BEFORE = "system_u:object_r:bin_t:s0"
AFTER = "system_u:object_r:greeterd_exec_t:s0"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "greeterd"
    path.touch()
    try:
        write_label(path, BEFORE)
    except ToolFailedError:
        pytest.skip("labels cannot be set here (not root, or a file system without them)")
    return path


def labelled(path: Path) -> Change:
    return Change(Kind.LABEL, {str(path): (BEFORE, AFTER)})


def quiet(line: str) -> None:
    del line


def test_what_was_made_is_undone_and_the_journal_goes(program: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with new_undo_log(state) as undo_log:
        undo_log.make(labelled(program))
        assert read_label(program) == AFTER
        assert json.loads((state / "recording" / "journal.json").read_text())["changes"]
        undo_log.undo_all(quiet)
    assert read_label(program) == BEFORE
    assert not (state / "recording").exists()


def test_what_a_killed_recording_has_left_is_undone_later(program: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with new_undo_log(state) as undo_log:
        undo_log.make(labelled(program))
    with pytest.raises(UsageError, match="trace restore"), new_undo_log(state):
        pass
    with old_undo_log(quiet, state) as found:
        assert found is not None
        found.undo_all(quiet)
    assert read_label(program) == BEFORE
    with old_undo_log(quiet, state) as found:
        assert found is None


def test_a_change_that_was_written_down_and_not_made_is_undone_too(program: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with new_undo_log(state) as undo_log:
        undo_log.make(labelled(program))
        write_label(program, BEFORE)
    with old_undo_log(quiet, state) as found:
        assert found is not None
        found.undo_all(quiet)
    assert read_label(program) == BEFORE


def test_what_somebody_else_has_changed_since_is_left(program: Path, tmp_path: Path) -> None:
    other = "system_u:object_r:usr_t:s0"
    with new_undo_log(tmp_path / "state") as undo_log:
        undo_log.make(labelled(program))
        write_label(program, other)
        undo_log.undo_all(quiet)
    assert read_label(program) == other


def test_what_cannot_be_undone_stays_and_the_rest_is_undone(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    with new_undo_log(state) as undo_log:
        undo_log.make(labelled(program))
        undo_log.changes.append(Change(Kind.RULE, {"-a never,task": ("present", "absent")}))
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("policytool.toolchain.run._SBIN", str(tmp_path))
        with pytest.raises(ToolFailedError, match=r"audit rule: .*\ntry again with: policytool trace restore"):
            undo_log.undo_all(quiet)
        assert read_label(program) == BEFORE
    left = json.loads((state / "recording" / "journal.json").read_text())["changes"]
    assert [change["kind"] for change in left] == ["audit rule"]


def test_after_a_boot_the_kernel_has_forgotten_its_part(program: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with new_undo_log(state) as undo_log:
        undo_log.make(labelled(program))
        undo_log.changes.append(Change(Kind.SETTING, {"-b": ("64", "65536")}))
        undo_log._write()
    path = state / "recording" / "journal.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "another"}))
    with old_undo_log(quiet, state) as found:
        assert found is not None
        found.undo_all(quiet)  # auditctl is not asked, here it does not even exist
    assert read_label(program) == BEFORE


def test_two_recordings_at_once_are_refused(tmp_path: Path) -> None:
    with new_undo_log(tmp_path):
        with pytest.raises(UsageError, match=f"process {os.getpid()}"), new_undo_log(tmp_path):
            pass
        with pytest.raises(UsageError, match="runs"), old_undo_log(quiet, tmp_path):
            pass


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2}', '{"format": 1, "boot": "x", "changes": [{}]}', "[]"])
def test_a_broken_journal_is_an_input_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "recording").mkdir()
    (tmp_path / "recording" / "journal.json").write_text(text)
    with pytest.raises(InputError), old_undo_log(quiet, tmp_path):
        pass
