# SPDX-License-Identifier: GPL-2.0-or-later
"""policies/baseline, built with the distribution's headers and linked against its base, neverallow rules on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.surface.side_by_side import compare, diff
from policytool.surface.surface import surfaces_of
from policytool.toolchain.base import PP, Base
from policytool.toolchain.link import Linked, link, link_or_fail

BASELINE = Path(__file__).parent.parent.parent / "policies" / "baseline"
PACKAGES = Path("/usr/share/selinux/default")
HEADERS = Path("/usr/share/selinux/devel/include")


@pytest.fixture(scope="module")
def policies(base: Base, tmp_path_factory: pytest.TempPathFactory) -> tuple[CompiledPolicy, CompiledPolicy]:
    folder = tmp_path_factory.mktemp("build")
    shutil.copy(BASELINE / "libvirtd_unconfined.te", folder)
    variables = ["NAME=default", f"SHAREDIR={PACKAGES.parent}", f"HEADERDIR={HEADERS}"]
    command = ["/usr/bin/make", "-f", str(HEADERS / "Makefile"), *variables, "libvirtd_unconfined.pp"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    package = (folder / "libvirtd_unconfined.pp").read_bytes()
    ours = subprocess.run([PP], input=package, capture_output=True, check=True).stdout.decode()
    linked = link(base, {"libvirtd_unconfined": ours})
    assert isinstance(linked, Linked)
    return CompiledPolicy(link_or_fail(base, {}, "the base does not link").policy), CompiledPolicy(linked.policy)


@pytest.mark.base
def test_virtd_becomes_as_powerful_as_unconfined(policies: tuple[CompiledPolicy, CompiledPolicy]) -> None:
    base, baseline = policies
    before = surfaces_of(base, ("virtd_t",))["virtd_t"]
    after = surfaces_of(baseline, ("virtd_t", "unconfined_t"))
    row, plain = compare((after["virtd_t"], before), after["unconfined_t"])
    assert 0.99 < row.share < 1.01
    assert plain.share < 0.02
    assert row.capabilities == 36
    assert {"load_policy", "sys_module", "raw_memory", "write_security"} <= set(row.dangers)
    change = diff(before, after["virtd_t"])
    assert change.grew
    assert not change.removed
    assert change.added > 1_000_000
