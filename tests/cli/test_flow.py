# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run_policytool import policytool
from tests.policy.tiny import POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("flow"), POLICIES / "reach_domains.cil")


def test_from_and_to_a_domain(policy: Path) -> None:
    done = policytool("flow", policy, "-d", "daemon_t", "--weight", "8")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["daemon_t", "5", "2"]
    assert lines[-2:] == ["  daemon_t -> data_t", "  daemon_t -> log_t"]


def test_a_flow_that_must_not_be_exits_1(policy: Path) -> None:
    done = policytool("flow", policy, "--absent", "domain:log_t", "--absent", "log_t:data_t", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)["forbidden"]
    assert [(flow["source"], flow["target"]) for flow in found] == [("asked_t", "log_t"), ("daemon_t", "log_t")]
    assert found[0]["rules"][0]["perms"] == ["write"]
    assert policytool("flow", policy, "--absent", "log_t:data_t").returncode == 0
    assert policytool("flow", policy, "--absent", "log_t").returncode == 2
    assert policytool("flow", policy, "--absent", "log_t:nobody_t").returncode == 3
    assert policytool("flow", policy).returncode == 2


def test_what_flows_in_another_policy(policy: Path, tmp_path: Path) -> None:
    text = POLICIES.joinpath("reach_domains.cil").read_text()
    changed = tmp_path / "changed.cil"
    changed.write_text(text.replace("(allow deep_t data_t (file (write)))", "(allow deep_t log_t (file (write)))"))
    new = compile_cil(tmp_path, changed)
    done = policytool("flow", policy, new)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{new}: 1 flows more, 1 less",
        "  + deep_t -> log_t",
        "  - deep_t -> data_t",
    ]
