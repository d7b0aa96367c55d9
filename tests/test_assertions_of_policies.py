# SPDX-License-Identifier: GPL-2.0-or-later
"""policies/assertions.toml holds of all modules that are shipped, and a module that breaks it is told."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from policytool.toolchain.base import Base
from policytool.workflow.asserted import assertion_findings, read_files
from policytool.workflow.module_set import ModuleSet

POLICIES = Path(__file__).resolve().parent.parent / "policies"
FOLDERS = sorted(path for path in POLICIES.iterdir() if path.is_dir() and path.name != "baseline")
TODAY = datetime.date(2026, 11, 28)


@pytest.mark.base
def test_the_modules_keep_their_assertions(base: Base) -> None:
    found = assertion_findings(ModuleSet(FOLDERS, base), read_files([POLICIES / "assertions.toml"]), TODAY)
    assert [finding for finding in found if finding.fails or finding.id == "W-exempt-unused"] == []
    # Each exemption has to be needed: those are the base's own, of libvirtd and of containers.
    assert {finding.id for finding in found} == {"A-entered", "A-writes"}


@pytest.mark.base
def test_a_module_that_breaks_an_assertion_is_told(virt_base: Base, tmp_path: Path) -> None:
    folder = shutil.copytree(POLICIES / "virtsecretd", tmp_path / "virtsecretd")
    te = folder / "virtsecretd.te"
    (folder / "virtsecretd.cil").unlink()
    te.write_text(te.read_text() + "allow virtsecretd_t self:capability dac_override;\n")
    others = [path for path in FOLDERS if path.name != "virtsecretd"]
    found = assertion_findings(
        ModuleSet([*others, folder], virt_base), read_files([POLICIES / "assertions.toml"]), TODAY
    )
    (told,) = {(one.id, one.file, one.line) for one in found if one.fails}
    assert told == ("A-capability", str(te), len(te.read_text().splitlines()))
