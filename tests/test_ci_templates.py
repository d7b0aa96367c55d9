# SPDX-License-Identifier: GPL-2.0-or-later
"""The GitHub Action, the GitLab template and the pre-commit hooks: their own steps, run in a scratch repository.

A change that allows less passes, one that allows more does not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.gate.tiny_base import MODULE, tiny_base

REPOSITORY = Path(__file__).resolve().parent.parent
GOOD = MODULE.replace("(allow m_t etc_t (file (read)))\n", "")
BAD = MODULE + "(allow m_t var_t (file (write)))\n"
CHANGES = pytest.mark.parametrize(("text", "passes"), [(GOOD, True), (BAD, False)], ids=["good", "bad"])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Make a repository whose branch `main` has a module, with a remote that has the same."""
    folder = tmp_path / "work"
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "m.cil").write_text(MODULE)
    tiny_base(tmp_path / "base")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@localhost")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "before")
    git(folder, "clone", "-q", "--bare", ".", str(tmp_path / "remote"))
    git(folder, "remote", "add", "origin", str(tmp_path / "remote"))
    git(folder, "fetch", "-q", "origin")
    git(folder, "checkout", "-qb", "change")
    return folder


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def commit(folder: Path, text: str) -> None:
    (folder / "policies" / "m.cil").write_text(text)
    git(folder, "commit", "-qam", "change")


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def environment() -> bool:
    """Whether the steps find the virtual environment that `make setup` makes, which these tests do not make."""
    return (REPOSITORY / ".venv" / ".policytool-runtime").exists()


ACTION = REPOSITORY / ".github" / "actions" / "gate"

needs_set_up = pytest.mark.skipif(not environment(), reason="make setup was not run in this checkout")


@needs_set_up
@CHANGES
def test_the_action(work: Path, text: str, passes: bool) -> None:
    commit(work, text)
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    inputs = {name: str(value["default"]) for name, value in action["inputs"].items()}
    # What GitHub makes of the expression in a pull request for main.
    assert "format('origin/{0}', github.base_ref)" in inputs["against"]
    inputs |= {"against": "origin/main", "options": f"--base {work.parent / 'base'}"}
    variables = {"GITHUB_ACTION_PATH": str(ACTION), "GITHUB_WORKSPACE": str(work)}
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"], "an input in a script would be run"
        given = {
            name: inputs[match[1]]
            for name, value in step.get("env", {}).items()
            if (match := re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", value))
        }
        done = shell(step["run"], work, **variables, **given)
        if done.returncode:
            break
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    results = json.loads((work / "policytool.sarif").read_text())["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ([] if passes else ["G-allow"])
    assert ("G-allow: m_t var_t:file { write }" in done.stdout) is not passes


@needs_set_up
@CHANGES
def test_the_gitlab_template(work: Path, text: str, passes: bool) -> None:
    commit(work, text)
    job = yaml.safe_load((REPOSITORY / ".gitlab" / "gate.yml").read_text())["policytool-gate"]
    variables = {name: str(value) for name, value in job["variables"].items()}
    variables |= {
        "POLICYTOOL_HOME": str(REPOSITORY),
        "POLICYTOOL_OPTIONS": f"--base {work.parent / 'base'}",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    }
    done = shell("\n".join([*job["before_script"], *job["script"]]), work, **variables)
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert ("<failure" in (work / job["artifacts"]["reports"]["junit"]).read_text()) is not passes


@pytest.mark.parametrize("id_", ["policytool-check", "policytool-growth"])
@CHANGES
def test_the_hooks_of_pre_commit(work: Path, id_: str, text: str, passes: bool) -> None:
    (hook,) = [
        one for one in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text()) if one["id"] == id_
    ]
    if id_ == "policytool-check" and not passes:
        text = MODULE + "(allow m_t gone_t (file (write)))\n"
    assert re.search(hook["files"], "policies/m.cil")
    assert (hook["language"], hook["pass_filenames"]) == ("system", False)
    # As pre-commit does it: the entry, then args.
    script = work / ".git" / "hooks" / "pre-commit"
    script.write_text(f"#!/bin/sh\nexec {hook['entry']} {' '.join(hook['args'])} --base {work.parent / 'base'}\n")
    script.chmod(0o755)
    (work / "policies" / "m.cil").write_text(text)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = shell("git commit -qam change", work, PATH=path)
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    log = subprocess.run(["git", "-C", str(work), "log", "--oneline"], capture_output=True, text=True, check=True)
    assert len(log.stdout.splitlines()) == (2 if passes else 1)
