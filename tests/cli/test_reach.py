# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest

from policytool.toolchain.base import Base
from tests.cli.run_policytool import policytool
from tests.policy.tiny import POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("reach"), POLICIES / "reach_domains.cil")


def test_how_far_and_how(policy: Path) -> None:
    done = policytool("reach", policy, "-d", "daemon_t")
    assert done.returncode == 0, done.stderr
    table, listed = done.stdout.split("daemon_t can enter\n")
    assert table.splitlines()[1].split() == ["daemon_t", "1", "3", "4", "5", "44.4%"]
    assert listed.splitlines() == [
        "  helper_t (helper_exec_t)",
        "  helper_t (helper_exec_t) -> asked_t (asked_exec_t, setexec)",
        "  helper_t (helper_exec_t) -> deep_t (deep_exec_t)",
        "  helper_t (helper_exec_t) -> asked_t (asked_exec_t, setexec) -> jump_t (dyntransition)",
    ]


def test_a_boolean_steps_and_what_is_not_there(policy: Path) -> None:
    done = policytool("reach", policy, "-d", "daemon_t", "--boolean", "may_switch=on", "--steps", "1", "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert [target["domain"] for target in row["reached"]] == ["helper_t", "switched_t"]
    assert policytool("reach", policy, "-d", "daemon_t", "--boolean", "may_switch").returncode == 2
    assert policytool("reach", policy, "-d", "daemon_t", "--boolean", "may_fly=on").returncode == 3
    assert policytool("reach", policy, "-d", "daemon_t", "--cut").returncode == 2
    assert policytool("reach", policy, "-d", "ghost_t").returncode == 3
    assert policytool("reach", policy).returncode == 2
    assert policytool("reach", policy / "nothing", "-d", "daemon_t").returncode == 3


def test_the_way_to_one_domain_and_the_rules_that_let_it(policy: Path) -> None:
    done = policytool("reach", policy, "-d", "daemon_t", "--to", "jump_t", "--cut")
    path, heading, rule = done.stdout.splitlines()
    assert path == (
        "daemon_t -> helper_t (helper_exec_t) -> asked_t (asked_exec_t, setexec) -> jump_t (dyntransition)"
    )
    assert heading == "  no more without these, the fewest rules:"
    # Any rule of the one path would do; not one about all domains, of which others would be lost, too.
    assert rule.endswith(";")
    assert "programs" not in rule
    done = policytool("reach", policy, "-d", "jump_t", "--to", "deep_t", "--cut")
    assert done.stdout == "jump_t never enters deep_t\n"
    done = policytool("reach", policy, "-d", "daemon_t", "--to", "deep_t", "--cut", "--json")
    (way,) = json.loads(done.stdout)["ways"]
    assert [hop["target"] for hop in way["path"]] == ["helper_t", "deep_t"]
    assert way["cut"]["optimal"]
    assert len(way["cut"]["rules"]) == 1


def test_the_way_to_a_type_that_is_written_to(policy: Path) -> None:
    ask = ("reach", policy, "--writes", "log_t", "--cut", "-d")
    assert policytool(*ask, "deep_t").stdout == "deep_t never writes to log_t\n"
    assert policytool(*ask, "asked_t").stdout.splitlines() == [
        "asked_t, which writes to log_t",
        "  no more without these, the fewest rules:",
        "  allow asked_t log_t:file write;",
    ]
    lines = policytool(*ask, "helper_t").stdout.splitlines()
    assert lines[0] == "helper_t -> asked_t (asked_exec_t, setexec), which writes to log_t"
    assert len(lines) == 3
    # Its own rule, and one on the way over helper_t.
    assert len(policytool(*ask, "daemon_t").stdout.splitlines()) == 4


@pytest.mark.base
def test_modules_are_linked_and_stand_beside_the_monolith(virt_base: Base, tmp_path: Path) -> None:
    (tmp_path / "climber.cil").write_text(
        "(type climber_t)(roletype system_r climber_t)(typeattributeset domain (climber_t))"
        "(allow climber_t iptables_t (process (transition)))(allow climber_t iptables_exec_t (file (execute)))"
        "(typetransition climber_t iptables_exec_t process iptables_t)"
    )
    done = policytool("reach", tmp_path, "--base", virt_base.path, "--json")
    assert done.returncode == 0, done.stderr
    climber, monolith = json.loads(done.stdout)["rows"]
    assert climber["domain"] == "climber_t"
    assert {"by": "type_transition", "programs": ["iptables_exec_t"]} in climber["reached"][0]["path"][0]["ways"]
    assert (monolith["domain"], monolith["reach"] > climber["reach"]) == ("virtd_t", True)
