# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab on a real kernel: record, generate, enforce. Run by `make lab-test`, as root."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TypedDict

import pytest

from policytool.lab.scenario import batches, choose

REPOSITORY = Path(__file__).resolve().parents[2]
POLICIES = sorted(path.parent for path in (REPOSITORY / "policies").glob("*/evidence.json"))

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]


class Ok(TypedDict):
    scenario: str
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


def enforce(folders: list[Path], names: list[str]) -> tuple[int, Document]:
    wanted = [word for name in names for word in ("--scenario", name)]
    done = policytool("lab", "enforce", *folders, "--json", *wanted)
    return done.returncode, json.loads(done.stdout)


def keys(denials: list[Denied]) -> set[tuple[str, str, str, str]]:
    return {(denial["source"], denial["target"], denial["tclass"], denial["perm"]) for denial in denials}


@pytest.fixture(scope="module", autouse=True)
def image() -> None:
    assert policytool("lab", "build").returncode == 0


def test_one_batch_of_the_committed_proof_comes_out_as_it_says() -> None:
    """The batch is drawn by lot; POLICYTOOL_LAB_BATCH names one."""
    file = REPOSITORY / "docs" / "enforcement.json"
    assert file.exists(), "`make lab-verify` writes it"
    proof = json.loads(file.read_text())
    payloads = batches(choose(()))
    assert sorted(payloads) == sorted(proof["batches"])
    name = os.environ.get("POLICYTOOL_LAB_BATCH") or random.SystemRandom().choice(sorted(payloads))
    print(f"POLICYTOOL_LAB_BATCH={name}")
    scenarios = [file.removesuffix(".sh") for file in sorted(payloads[name]) if file.endswith(".sh")]
    _, document = enforce(POLICIES, scenarios)
    told = proof["batches"][name]
    failed = [
        f"{step['scenario']}: {step['daemon']} {step['name']}" for step in document["steps"] if not step["ok"]
    ]
    assert failed == told["failed"]
    assert len(document["steps"]) == told["ok"] + len(told["failed"])
    denials = [denial for denial in document["denials"] if not denial["refused"]]
    assert keys(denials) <= keys(told["denials"])
    assert document["lost"] == 0
    assert {"init_t", "virsh_t", "svirt_t", "virtqemud_t"} <= set(document["enforcing"])


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record virtsecretd's scenarios under the committed modules (a second pass), and generate from that."""
    folder = tmp_path_factory.mktemp("lab")
    recorded = policytool(
        "lab", "record", "-o", folder / "trace", "--under", REPOSITORY / "policies", "--scenario", "virtsecretd"
    )
    assert recorded.returncode == 0
    out = folder / "modules"
    accepted = ("--accepted", REPOSITORY / "policies", "--daemon", "virtsecretd")
    assert policytool("generate", folder / "trace", "-o", out, *accepted).returncode == 0
    return out


def test_a_generated_module_does_all_that_was_recorded_and_nothing_is_denied(modules: Path) -> None:
    status, document = enforce([modules], ["virtsecretd"])
    assert [step for step in document["steps"] if not step["ok"]] == []
    assert [denial for denial in document["denials"] if not denial["refused"]] == []
    assert document["lost"] == 0
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
    status, document = enforce([broken], ["virtsecretd-ephemeral", "virtsecretd-keep", "virtsecretd-wrong"])
    assert status == 1
    assert {step["daemon"] for step in document["steps"] if not step["ok"]} == {"virtsecretd"}
    assert ("virsh_t", "virtsecretd_t", "unix_stream_socket", "connectto") in keys(document["denials"])


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
