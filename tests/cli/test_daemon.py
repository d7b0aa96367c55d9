# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import tomllib
from pathlib import Path

from policytool.daemons import load_daemons
from policytool.errors import ExitCode
from tests.cli.run_policytool import REPOSITORY, policytool

UNIT = REPOSITORY / "docs" / "tutorial" / "notesd.service"


def test_a_unit_becomes_a_description_that_is_read(tmp_path: Path) -> None:
    printed = policytool("daemon", "init", UNIT)
    written = policytool("daemon", "init", UNIT, "-o", tmp_path)
    assert (printed.returncode, written.returncode, written.stdout) == (0, 0, "")
    assert written.stderr == f"{tmp_path}/notesd.toml: notesd_t, entered by /opt/notesd/notesd\n"
    assert (tmp_path / "notesd.toml").read_text() == printed.stdout
    assert tomllib.loads(printed.stdout)["executables"] == ["/opt/notesd/notesd"]
    assert [daemon.unit for daemon in load_daemons(tmp_path) if daemon.name == "notesd"] == ["notesd.service"]


def test_drop_ins_and_the_socket_unit_beside_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.service").write_text("[Service]\nExecStart=/usr/sbin/x\n")
    (tmp_path / "x.service.d").mkdir()
    (tmp_path / "x.service.d" / "more.conf").write_text('[Unit]\nDescription=said "so"\n')
    (tmp_path / "x.socket").write_text("[Socket]\nListenStream=/run/x.sock\n")
    found = tomllib.loads(policytool("daemon", "init", tmp_path / "x.service").stdout)
    assert (found["summary"], found["sockets"]) == ('said "so"', ["/run/x.sock"])


def test_what_is_no_unit_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "x.service").write_text("[Service]\nExecStart=/bin/sh -c 'x'\n")
    shell = policytool("daemon", "init", tmp_path / "x.service")
    assert shell.returncode == ExitCode.BAD_INPUT
    assert shell.stderr.startswith(f"policytool: {tmp_path}/x.service: ExecStart= runs /bin/sh")
    for name in ("no-such-unit", str(tmp_path / "none.service")):
        missing = policytool("daemon", "init", name)
        assert missing.returncode == ExitCode.BAD_INPUT
        assert len(missing.stderr.splitlines()) == 1
