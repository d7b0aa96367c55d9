# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool package`: what it prints and writes; tests/workflow/test_packaged.py tries what it made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policytool.toolchain.base import Base
from tests.cli.run_policytool import policytool

pytestmark = pytest.mark.base

CIL = """(type toy_t)
(roletype object_r toy_t)
(typeattributeset file_type (toy_t))
(filecon "/srv/toy(/.*)?" any (system_u object_r toy_t ((s0) (s0))))
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "toy.cil").write_text(CIL)
    return folder


def test_a_module_in_cil_is_packed_as_it_is(module: Path, small_base: Base, tmp_path: Path) -> None:
    out = tmp_path / "toy-selinux"
    done = policytool("package", module, "-o", out, "--base", small_base.path, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["name"], document["version"], document["priority"]) == ("toy-selinux", "1.0.0", 200)
    assert document["modules"] == ["toy"]
    assert document["relabel"] == ["/srv/toy"]
    assert document["permissive"] == document["units"] == []
    assert sorted(document["files"]) == sorted(
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()
    )
    assert (out / "modules" / "toy.cil").read_text() == CIL
    assert os.access(out / "rollout", os.X_OK)
    assert "modules/toy.cil" in (out / "toy-selinux.spec").read_text()
    words = ("--priority", "300", "--package-version", "2.0", "--name", "other")
    again = policytool("package", module, "-o", out, "--base", small_base.path, *words)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("other 2.0: 1 modules at priority 300, 1 paths to relabel")


def test_only_a_package_is_replaced(module: Path, small_base: Base, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine")
    done = policytool("package", module, "-o", mine, "--base", small_base.path)
    assert done.returncode == 3
    assert "exists already" in done.stderr
    assert [path.name for path in mine.iterdir()] == ["file"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "toy"]


def test_what_does_not_link_is_not_packed(module: Path, small_base: Base, tmp_path: Path) -> None:
    (module / "toy.cil").write_text(CIL + "(allow toy_t nobody_t (file (read)))\n")
    done = policytool("package", module, "-o", tmp_path / "out", "--base", small_base.path)
    assert done.returncode == 3
    assert not (tmp_path / "out").exists()


def test_a_name_that_no_package_may_have_is_a_usage_error(module: Path, small_base: Base, tmp_path: Path) -> None:
    done = policytool("package", module, "-o", tmp_path / "Out Of Order", "--base", small_base.path)
    assert done.returncode == 2
    assert "cannot be the name of a package" in done.stderr
