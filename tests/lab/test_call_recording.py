# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls recorded, a drop-in made of them, and proved: the scenario works with it, and not without one of its calls.

Run by `make lab-test`, as root.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from policytool.cli.inputs import load_known
from policytool.lab.call_recording import record_calls
from policytool.lab.enforce import Enforcement, enforce
from policytool.lab.image import build_image
from policytool.lab.scenario import choose
from policytool.toolchain.run import run

ROOT = Path(__file__).resolve().parents[2]
DAEMON, SCENARIO = "virtsecretd", "virtsecretd-keep"
# A secret is written aside and renamed.
CALL, FIRST_STEP = "rename", "define"

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]


def told(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drop-in of the daemon, of the shipped accesses and of calls that are recorded now."""
    folder = tmp_path_factory.mktemp("hardened")
    image = build_image(told)
    daemon = next(daemon for daemon in load_known(None) if daemon.name == DAEMON)
    table = record_calls(
        image, [daemon], choose([DAEMON]), folder / "calls.xz", told, under=[ROOT / "policies"]
    ).table
    assert table.lost == 0
    unit = folder / f"{DAEMON}.service"
    unit.write_bytes(run(["debugfs", "-R", f"cat /usr/lib/systemd/system/{unit.name}", image.disk]).stdout)
    words: list[str | Path] = [
        "harden",
        ROOT / "traces/libvirt" / DAEMON,
        "--calls",
        folder / "calls.xz",
        "-d",
        DAEMON,
    ]
    subprocess.run(
        [sys.executable, "-m", "policytool", *words, "--policy", ROOT / "policies", "--unit", unit, "-o", folder],
        check=True,
        cwd=ROOT,
    )
    return folder


def proved(drop_ins: Path, payload: Mapping[str, Path]) -> Enforcement:
    return enforce(build_image(told), [ROOT / "policies"], payload, told, drop_ins=drop_ins)


def test_the_scenario_works_with_the_drop_in(made: Path) -> None:
    done = proved(made, choose([SCENARIO]))
    assert [step.name for step in done.steps if not step.ok] == []
    assert (done.filtered, done.unexpected, done.session.lost) == ((), (), 0)
    assert done.clean


def test_without_a_call_that_is_needed_the_step_fails_and_the_call_is_named(made: Path) -> None:
    file = made / f"{DAEMON}.service.d/policytool.conf"
    text = file.read_text()
    less = re.sub(rf"^(SystemCallFilter=.*) {CALL}\b", r"\1", text, flags=re.MULTILINE)
    assert less != text
    file.write_text(less)
    done = proved(made, choose([SCENARIO]))
    assert FIRST_STEP in [step.name for step in done.steps if not step.ok]
    assert {(call.domain, call.name) for call in done.filtered} == {(f"{DAEMON}_t", CALL)}
    assert not done.clean
