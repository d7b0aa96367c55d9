# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from policytool.errors import MissingToolError, ToolFailedError
from policytool.toolchain.run import concurrently, find_program, run


def fake(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_arguments_reach_the_program_as_they_are(bin_folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "argv"
    fake(bin_folder, "secilc", f'for word; do printf "%s\\n" "$word" >> {log}; done; cat; echo $LC_ALL')
    done = run(["secilc", "-o", "$(touch x); a b", Path("c")], input=b"in\n")
    assert log.read_text().splitlines() == ["-o", "$(touch x); a b", "c"]
    assert done.text == "in\nC\n"


def test_missing_program_names_both_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="apt install semodule-utils, or dnf install policycoreutils"):
        run(["semodule_package"])


def test_sbin_is_searched_though_a_user_has_it_not_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("setfiles").endswith("sbin/setfiles")


def test_failure_shows_a_command_to_paste_and_escaped_output(bin_folder: Path, tmp_path: Path) -> None:
    program = fake(bin_folder, "m4", "printf 'bad \\033[31m thing\\n' >&2; exit 3")
    with pytest.raises(ToolFailedError) as caught:
        run(["m4", "a b"], cwd=tmp_path)
    assert f"exit status 3 from: cd {tmp_path} && {program} 'a b'" in str(caught.value)
    assert "bad \\x1b[31m thing" in str(caught.value)


def test_timeout_ends_the_program(bin_folder: Path) -> None:
    fake(bin_folder, "slow", "exec sleep 30")
    with pytest.raises(ToolFailedError, match=r"took longer than 0\.1 s"):
        run(["slow"], timeout=0.1)


def test_first_failure_ends_the_other_programs(bin_folder: Path) -> None:
    fake(bin_folder, "slow", "exec sleep 30")
    fake(bin_folder, "wrong", "exit 9")
    begin = time.monotonic()
    with pytest.raises(ToolFailedError, match="exit status 9"):
        concurrently([lambda: run(["slow"]), lambda: run(["wrong"])], workers=2)
    assert time.monotonic() - begin < 10


def test_a_program_that_is_just_being_started_is_ended_too(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(bin_folder, "slow", "exec sleep 30")
    fake(bin_folder, "wrong", "exit 9")
    popen = subprocess.Popen

    def start(words: list[str], **options: object) -> object:
        child = popen(words, **options)  # type: ignore[call-overload]
        if words[0].endswith("slow"):
            time.sleep(1)  # it runs, and nobody knows of it yet
        return child

    monkeypatch.setattr(subprocess, "Popen", start)
    begin = time.monotonic()
    with pytest.raises(ToolFailedError, match="exit status 9"):
        concurrently([lambda: run(["slow"]), lambda: run(["wrong"])], workers=2)
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("call", ["run(['sleep', '41'])", "concurrently([lambda: run(['sleep', '41'])] * 2)"])
def test_interrupt_leaves_no_program_behind(call: str) -> None:
    code = f"from policytool.toolchain.run import concurrently, run\nprint(flush=True)\n{call}"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert parent.stdout
    parent.stdout.readline()
    wanted = 2 if "concurrently" in call else 1
    found: list[int] = []
    for _ in range(200):
        tasks = Path(f"/proc/{parent.pid}/task").glob("*/children")
        found = [int(pid) for task in tasks for pid in task.read_text().split()]
        if len(found) == wanted:
            break
        time.sleep(0.02)
    assert len(found) == wanted
    # An interrupt inside Popen itself reaches no handler of ours; a terminal's Ctrl-C goes to the child as well.
    time.sleep(0.3)
    parent.send_signal(signal.SIGINT)
    parent.communicate(timeout=20)
    assert not [pid for pid in found if Path(f"/proc/{pid}").exists()]
