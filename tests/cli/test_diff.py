# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run_policytool import policytool
from tests.policy.tiny import POLICIES, compile_cil


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    old, new = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("new")
    text = POLICIES.joinpath("reach_domains.cil").read_text()
    changed = new / "changed.cil"
    changed.write_text(
        text.replace("(allow deep_t data_t (file (write)))", "(allow deep_t data_t (file (append)))")
        + "(type fresh_t)(allow fresh_t data_t (file (read)))"
    )
    return compile_cil(old, POLICIES / "reach_domains.cil"), compile_cil(new, changed)


def test_what_differs(policies: tuple[Path, Path]) -> None:
    done = policytool("diff", *policies)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["allow,", "permissions", "2", "1"],
        ["type", "1", "0"],
        ["+", "type", "fresh_t"],
    ]
    assert policytool("diff", policies[0], policies[0]).stdout == "both policies say the same\n"


def test_rules_of_a_type_or_all(policies: tuple[Path, Path]) -> None:
    change = "allow deep_t data_t:file +append -write"
    assert policytool("diff", *policies, "-d", "deep_t").stdout.splitlines()[-1] == change
    done = policytool("diff", *policies, "--all")
    assert done.stdout.splitlines()[-2:] == [change, "allow fresh_t data_t:file +read"]
    document = json.loads(policytool("diff", *policies, "--all", "--json").stdout)
    assert document["rules"]["allow"] == {"added": 2, "removed": 1}
    assert document["statements"] == {"type": {"added": ["fresh_t"], "removed": []}}
    assert [change["source"] for change in document["changes"]] == ["deep_t", "fresh_t"]
    assert policytool("diff", *policies, "-d", "nobody_t").returncode == 3
    assert policytool("diff", policies[0]).returncode == 2
