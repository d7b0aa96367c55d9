# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole loop on a real kernel: record, generate, enforce. Run by `make lab-test`, as root."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TypedDict

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]


class Ok(TypedDict):
    daemon: str
    name: str
    ok: bool


class Denied(TypedDict):
    source: str
    target: str
    tclass: str
    perm: str
    refused: str | None


class Document(TypedDict):
    steps: list[Ok]
    denials: list[Denied]
    enforcing: list[str]
    lost: int


def policytool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "policytool", *map(str, words)]
    return subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False, timeout=1800)


def machines(folder: str) -> list[str]:
    """Return the command lines of running processes that name FOLDER."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if folder in line and "qemu-system" in line:
            found.append(line)
    return found


def enforce(folder: Path, *words: str) -> tuple[int, Document]:
    done = policytool("lab", "enforce", folder, "--json", *words)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record all scenarios under the committed modules (which makes it a second pass), and generate from that."""
    assert policytool("lab", "build").returncode == 0
    folder = tmp_path_factory.mktemp("lab")
    daemons = [word for name in SEEN for word in ("-d", name)]
    under = ("--under", REPOSITORY / "policies")
    recorded = policytool("lab", "record", "-o", folder / "trace", *under, *daemons, *SCENARIOS)
    assert recorded.returncode == 0
    out = folder / "modules"
    accepted = ("--accepted", REPOSITORY / "policies")
    assert policytool("generate", folder / "trace", "-o", out, *accepted, *daemons).returncode == 0
    return out


SEEN = (
    "virtsecretd",
    "virtnetworkd",
    "virtqemud",
    "virtstoraged",
    "virtlogd",
    "svirt_t",
)


# Of the scenarios of all daemons those that the committed modules come from; all of them take an hour.
SCENARIOS = tuple(
    word
    for name in (
        "virtnetworkd-isolated",
        "virtnetworkd-nat",
        "virtnetworkd-wrong",
        "virtqemud-devices",
        "virtqemud-guest",
        "virtqemud-wrong",
        "virtsecretd-ephemeral",
        "virtsecretd-keep",
        "virtsecretd-wrong",
    )
    for word in ("--scenario", name)
)


def test_generated_modules_do_all_that_was_recorded_and_nothing_is_denied(modules: Path) -> None:
    status, document = enforce(modules, *SCENARIOS)
    assert [step for step in document["steps"] if not step["ok"]] == []
    assert [one for one in document["denials"] if not one["refused"]] == []
    # The base's neverallow rules forbid it, and nothing in the scenarios needs it.
    assert {one["perm"] for one in document["denials"]} <= {"sys_module"}
    assert document["lost"] == 0
    assert {"init_t", "virsh_t", "svirt_t", "virtqemud_t"} <= set(document["enforcing"])
    assert status == 0


def test_without_a_needed_rule_a_step_fails_and_the_denial_is_named(modules: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    subprocess.run(["cp", "-a", modules, broken], check=True)
    file = broken / "virtsecretd" / "virtsecretd.te"
    text = file.read_text()
    # virsh may no longer connect to virtsecretd.
    mended, count = re.subn(
        r"^allow virsh_t virtsecretd_t:unix_stream_socket [^;]*;\n", "", text, flags=re.MULTILINE
    )
    assert count == 1
    file.write_text(mended)
    status, document = enforce(
        broken,
        "--scenario",
        "virtsecretd-ephemeral",
        "--scenario",
        "virtsecretd-keep",
        "--scenario",
        "virtsecretd-wrong",
    )
    assert status == 1
    assert {step["daemon"] for step in document["steps"] if not step["ok"]} == {"virtsecretd"}
    keys = {(one["source"], one["target"], one["tclass"], one["perm"]) for one in document["denials"]}
    assert ("virsh_t", "virtsecretd_t", "unix_stream_socket", "connectto") in keys


def test_kill_minus_nine_leaves_no_machine(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "policytool", "lab", "record", "-d", "virtsecretd", "-o", str(tmp_path / "b")]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as child:
        marker = f"-{child.pid}-record"
        assert child.stderr
        assert any(line.startswith("BOOTED") for line in child.stderr)
        assert machines(marker)
        child.send_signal(signal.SIGKILL)
        child.wait()
        until = time.monotonic() + 10
        while machines(marker) and time.monotonic() < until:
            time.sleep(0.1)
        assert not machines(marker)
    assert not (tmp_path / "b").exists()
