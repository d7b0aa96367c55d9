# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run_policytool import policytool
from tests.policy.tiny import POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("exposure"), POLICIES / "surface_domains.cil")


def test_points_with_their_reasons_and_a_threshold(policy: Path) -> None:
    done = policytool("exposure", policy, "-d", "daemon_t", "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert row["score"] == pytest.approx(sum(point["points"] for point in row["points"]), abs=0.1)
    assert policytool("exposure", policy, "-d", "daemon_t", "--threshold", str(row["score"])).returncode == 0
    done = policytool("exposure", policy, "-d", "daemon_t", "--threshold", str(row["score"] - 0.1))
    assert done.returncode == 1
    assert "because it" in done.stdout
    assert "changes every file" not in done.stdout
    assert "reads every file, past its label (on 1 types)" in done.stdout
    done = policytool("exposure", policy, "-d", "helper_t")
    assert "entry points  daemon_exec_t, helper_exec_t" in done.stdout
    done = policytool("exposure", policy, "-d", "helper_t", "--json")
    assert json.loads(done.stdout)["rows"][0]["beside_rules"]["entry_points"] == ["daemon_exec_t", "helper_exec_t"]
    assert policytool("exposure", policy).returncode == 2


def test_overlap(policy: Path) -> None:
    done = policytool("exposure", policy, "-d", "daemon_t", "-d", "helper_t", "--overlap")
    assert done.returncode == 0, done.stderr
    assert "all of them: " in done.stdout
    assert "1 daemon_t" in done.stdout
