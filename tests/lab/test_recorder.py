# SPDX-License-Identifier: GPL-2.0-or-later
"""The recorder on a live host: the lab's machine, booted twice with one disk. Run by `make lab-test`, as root."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from policytool.lab.image import build_image
from policytool.lab.machine_policy import LabPolicy, image_base
from policytool.lab.scenario import choose
from policytool.lab.session import prepare, run_folder
from policytool.lab.status import Status
from policytool.lab.vm import run_machine
from policytool.toolchain.link import Linked, link
from tests.lab.guest_python import copy_packages

SCRIPT = Path(__file__).parent / "recorder.sh"
LIMIT = 1500.0

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]


def told(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> list[Status]:
    """Boot the machine twice with the base policy alone; return what it said. The script sets enforcing."""
    image = build_image(told)
    linked = link(image_base(image), {}, neverallow=False)
    assert isinstance(linked, Linked)
    python = copy_packages(tmp_path_factory.mktemp("guest") / "python")
    with run_folder("recorder") as folder:
        payload = choose((), SCRIPT)
        machine = prepare(
            image, LabPolicy(linked, {}), payload, folder, told, enforcing=False, trees={"python": python}
        )
        return [run_machine(machine, folder, told, LIMIT) for _ in range(2)]


def failed(status: Status) -> list[tuple[str, tuple[str, ...]]]:
    return [(step.name, step.said) for step in status.steps if not step.ok]


def test_a_recording_restores_its_host_however_it_ends(boots: list[Status]) -> None:
    names = {step.name for step in boots[0].steps}
    assert {"record", "same-after-success", "same-4", "same-after-killed-restore"} <= names
    assert failed(boots[0]) == []


def test_a_killed_recording_is_undone_after_a_boot(boots: list[Status]) -> None:
    assert {step.name for step in boots[1].steps} == {"restore-after-boot", "same-after-boot"}
    assert failed(boots[1]) == []
