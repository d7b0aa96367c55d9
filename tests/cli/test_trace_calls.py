# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
from pathlib import Path

from policytool.toolchain.run import run
from tests.cli.run_policytool import policytool

# Synthetic: two domains and three calls (x86_64: 0 read, 41 socket, 165 mount).
_CALLS = (("one_t", 0), ("one_t", 165), ("other_t", 0), ("other_t", 41), ("other_t", 41))


def _synthetic(path: Path) -> Path:
    lines = [
        f"type=SYSCALL msg=audit(1700000000.000:{serial}): arch=c000003e syscall={number} success=yes exit=3 a0=1 "
        f'a1=1 a2=0 a3=0 items=0 ppid=1 pid=7 uid=0 comm="x" exe="/usr/bin/x" subj=system_u:system_r:{domain}:s0 '
        'key="policytool-calls"'
        for serial, (domain, number) in enumerate(_CALLS, 1)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def test_two_daemons_of_one_recording(tmp_path: Path) -> None:
    log = _synthetic(tmp_path / "synthetic.log")
    done = policytool("trace", "calls", "--compare", log, "-d", "one_t", "-d", "other_t", "--json")
    document = json.loads(done.stdout)
    (pair,) = document["pairs"]
    assert pair == {
        "left": "one_t",
        "right": "other_t",
        "shared": ["read"],
        "only_left": ["mount"],
        "only_right": ["socket"],
    }
    assert [side["calls"] for side in document["sides"]] == [{"mount": 1, "read": 1}, {"read": 1, "socket": 2}]
    assert document["sides"][0]["families"]["@mount"] == ["mount"]
    text = policytool("trace", "calls", "--compare", log, "-d", "one_t", "-d", "other_t").stdout
    assert "[1] alone: mount(1)" in text
    assert text.splitlines()[2].split() == ["[2]", "other_t", "3", "1", "2", "1"]


def test_two_recordings_by_strace(tmp_path: Path) -> None:
    logs = []
    for name, command in (("old", ["true"]), ("new", ["mkdir", str(tmp_path / "made")])):
        logs.append(tmp_path / f"{name}.log")
        run(["strace", "-f", "-qq", "-o", logs[-1], *command])
    document = json.loads(policytool("trace", "calls", "--compare", *logs, "--json").stdout)
    (pair,) = document["pairs"]
    assert "execve" in pair["shared"]
    assert "mkdir" in pair["only_right"]


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    log = _synthetic(tmp_path / "synthetic.log")
    assert policytool("trace", "calls", "--compare", log).returncode == 2
    assert (
        policytool("trace", "calls", "--compare", log, log, "-d", "a_t", "-d", "b_t", "-d", "c_t").returncode == 2
    )
