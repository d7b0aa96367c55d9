# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.errors import InputError, ToolFailedError
from policytool.lab.drop_ins import around, drop_in_hashes, require_taken, unit_drop_ins
from policytool.lab.session import Session
from policytool.lab.status import Status

NAME = "greeterd.service.d"
TAKEN = f"/etc/systemd/system/{NAME}/policytool.conf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / NAME).mkdir(parents=True)
    (made / NAME / "policytool.conf").write_text("[Service]\nNoNewPrivileges=yes\n")
    (made / "greeterd.seccomp.json").write_text("{}")
    (made / "empty.service.d").mkdir()
    return made


def session(tmp_path: Path, taken: str, journal: str = "") -> Session:
    results = tmp_path / "results/lib/policytool"
    results.mkdir(parents=True)
    (results / "journal.log").write_text(journal)
    status = Status()
    status.read(f"NOTE drop-in:greeterd.service {taken}")
    return Session(status, tmp_path / "audit.log", tmp_path, 1.0)


def test_drop_ins_are_folders_of_units(folder: Path) -> None:
    found = unit_drop_ins(folder)
    assert found == {NAME: folder / NAME}
    assert [*drop_in_hashes(found)] == [f"drop-in {NAME}/policytool.conf"]
    with pytest.raises(InputError, match="no drop-in"):
        unit_drop_ins(folder / NAME)


def test_what_systemd_took_is_fine(folder: Path, tmp_path: Path) -> None:
    journal = "Nov 28 lab systemd[1]: /usr/lib/systemd/system/other.service:7: Unknown key name\n"
    require_taken(session(tmp_path, f"/run/other.conf {TAKEN}", journal), unit_drop_ins(folder))


def test_a_file_that_systemd_did_not_take_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=f"did not take {NAME}/policytool.conf"):
        require_taken(session(tmp_path, ""), unit_drop_ins(folder))


def test_a_line_that_systemd_does_not_know_is_an_error(folder: Path, tmp_path: Path) -> None:
    journal = f"Nov 28 10:00:00 lab systemd[1]: {TAKEN}:2: Unknown key name 'X' in section 'Service', ignoring.\n"
    with pytest.raises(ToolFailedError, match="Unknown key name 'X'"):
        require_taken(session(tmp_path, TAKEN, journal), unit_drop_ins(folder))


def test_the_script_is_there_and_runs_what_it_is_around() -> None:
    (script,) = around().values()
    assert script.read_text().rstrip().endswith('exec "$@"')
