# SPDX-License-Identifier: GPL-2.0-or-later
"""policies/baseline, built with the distribution's headers and linked against its base, neverallow rules on."""

from __future__ import annotations

import bz2
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.surface.side_by_side import compare, diff
from policytool.surface.surface import surfaces_of
from tests.policy.tiny import compile_cil

BASELINE = Path(__file__).parent.parent.parent / "policies" / "baseline"
PACKAGES = Path("/usr/share/selinux/default")
HEADERS = Path("/usr/share/selinux/devel/include")
PP = "/usr/libexec/selinux/hll/pp"


def to_cil(package: Path, directory: Path) -> Path:
    content = package.read_bytes()
    if package.suffix == ".bz2":
        content = bz2.decompress(content)
    output = directory / f"{package.name.split('.')[0]}.cil"
    done = subprocess.run([PP], input=content, capture_output=True, check=True)
    output.write_bytes(done.stdout)
    return output


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompiledPolicy, CompiledPolicy]:
    base, build, linked = (tmp_path_factory.mktemp(name) for name in ("base", "build", "linked"))
    shutil.copy(BASELINE / "libvirtd_unconfined.te", build)
    variables = ["NAME=default", f"SHAREDIR={PACKAGES.parent}", f"HEADERDIR={HEADERS}"]
    command = ["/usr/bin/make", "-f", str(HEADERS / "Makefile"), *variables, "libvirtd_unconfined.pp"]
    subprocess.run(command, cwd=build, check=True, capture_output=True)
    with ThreadPoolExecutor() as pool:
        modules = list(pool.map(lambda package: to_cil(package, base), sorted(PACKAGES.glob("*.pp.bz2"))))
    ours = to_cil(build / "libvirtd_unconfined.pp", build)
    return CompiledPolicy(compile_cil(base, *modules)), CompiledPolicy(compile_cil(linked, *modules, ours))


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
