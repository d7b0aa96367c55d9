# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from policytool.toolchain.run import run
from tests.cli.run_policytool import policytool
from tests.policy.tiny import POLICIES, compile_cil

# Synthetic, as is the unit.
UNIT = "[Unit]\nDescription=greeterd\n[Service]\nExecStart=/usr/sbin/greeterd\n"
PROGRAM = "import os, socket; socket.socket(socket.AF_UNIX).close(); os.mkdir('{0}'); os.rmdir('{0}')"


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("harden"), POLICIES / "no_new_privileges.cil")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    path = tmp_path / "greeterd.service"
    path.write_text(UNIT, encoding="ascii")
    return path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what strace records here of a small program."""
    folder = tmp_path_factory.mktemp("strace")
    run(["strace", "-f", "-qq", "-o", folder / "calls.log", sys.executable, "-c", PROGRAM.format(folder / "made")])
    return folder / "calls.log"


def test_a_drop_in_that_systemd_rates_better(policy: Path, unit: Path, recorded: Path, tmp_path: Path) -> None:
    command = ("harden", "-d", "greeterd_t", "--calls", recorded, "--policy", policy, "--unit", unit)
    done = policytool(*command, "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    rating = document["rating"]
    assert rating["after"]["exposure"] < rating["before"]["exposure"]
    text = (tmp_path / "out/greeterd.service.d/policytool.conf").read_text(encoding="ascii")
    (filter_,) = [line for line in text.splitlines() if line.startswith("SystemCallFilter=") and line[-1] != "="]
    assert {"mkdir", "rmdir", "socket"} <= set(filter_.partition("=")[2].split())
    assert "\nRestrictAddressFamilies=AF_UNIX\n" in text
    # Without accesses nothing is known of capabilities and paths.
    assert "\n#CapabilityBoundingSet=" in text
    assert "\n#ProtectSystem=strict\n" in text
    profile = json.loads((tmp_path / "out/greeterd.seccomp.json").read_text(encoding="ascii"))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    (allowed,) = profile["syscalls"]
    assert {"mkdir", "execve", "futex"} <= set(allowed["names"])
    assert "mount" not in allowed["names"]
    assert policytool(*command, "--threshold", "100").returncode == 0
    above = policytool(*command, "--threshold", "1")
    assert above.returncode == 1
    assert "above the threshold 0.1" in above.stderr


def test_systemd_takes_every_line(policy: Path, unit: Path, recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "units"
    policytool("harden", "-d", "greeterd_t", "--calls", recorded, "--policy", policy, "--unit", unit, "-o", out)
    (out / unit.name).write_text(UNIT.replace("/usr/sbin/greeterd", "/bin/true"), encoding="ascii")
    drop_in = out / f"{unit.name}.d/policytool.conf"
    # What is held back has to be what systemd would understand, too.
    lines = drop_in.read_text(encoding="ascii").splitlines()
    drop_in.write_text(
        "\n".join(
            line.removeprefix("#") if line.startswith("#") and line[1:2].isalpha() else line for line in lines
        ),
        encoding="ascii",
    )
    done = run(["systemd-analyze", "--man=no", "verify", str(out / unit.name)], ok=(0, 1))
    assert unit.name not in done.messages, done.messages


def test_what_harden_needs(policy: Path, recorded: Path) -> None:
    assert policytool("harden", "-d", "greeterd_t").returncode == 2
    assert policytool("harden", "--calls", recorded).returncode == 2
    assert policytool("harden", "-d", "a_t", "--calls", recorded, "--threshold", "5").returncode == 2
