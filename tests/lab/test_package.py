# SPDX-License-Identifier: GPL-2.0-or-later
"""What `package` writes, on a live host: the lab's machine with a guest. Run by `make lab-test`, as root."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from policytool.lab.image import build_image
from policytool.lab.machine_policy import LabPolicy, image_base
from policytool.lab.scenario import choose
from policytool.lab.session import boot, run_folder
from policytool.lab.status import Step
from policytool.toolchain.link import Linked, link
from tests.cli.run_policytool import policytool
from tests.lab.guest_python import copy_packages

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parent / "package.sh"
LIMIT = 3000.0

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]


def told(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """Install, replace and remove two packages of one name on a machine that has the base policy alone."""
    image = build_image(told)
    linked = link(image_base(image), {}, neverallow=False)
    assert isinstance(linked, Linked)
    work = tmp_path_factory.mktemp("packages")
    folders = sorted(path.parent for path in (ROOT / "policies").glob("*/evidence.json"))
    trees = {"python": copy_packages(work / "python")}
    for name, version, left_out in (("one", "1.0.0", ""), ("two", "2.0.0", "virtvboxd")):
        packed = [folder for folder in folders if folder.name != left_out]
        words = ("--name", "virt-selinux", "--package-version", version, "-o", work / name)
        done = policytool("package", *packed, *words)
        assert done.returncode == 0, done.stderr
        trees[name] = work / name
    with run_folder("package") as folder:
        payload = choose((), SCRIPT)
        session = boot(
            image, LabPolicy(linked, {}), payload, folder, told, enforcing=False, limit=LIMIT, trees=trees
        )
    return session.status.steps


def test_a_package_goes_in_and_out_of_a_running_machine(steps: list[Step]) -> None:
    assert [(step.name, step.said) for step in steps if not step.ok] == []
    assert steps[-1].name == "as-before"
