# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from policytool.policy.cil_rules import read_cil
from policytool.toolchain.base import Base
from tests.cli.run_policytool import policytool

LOG = Path(__file__).parent / "synthetic.log"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The same log with a permission more and a class less."""
    text = LOG.read_text().replace("{ read open }", "{ read open write }")
    path = tmp_path / "other.log"
    path.write_text("".join(line for line in text.splitlines(keepends=True) if "tclass=dir" not in line))
    return path


def test_two_traces_differ_in_what_was_changed(other: Path) -> None:
    done = policytool("graph", LOG, other, "--diff", "-d", "greeterd_t")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    links = {(link["target"], link["change"]): link for link in document["links"]}
    assert links["object:etc_t:file", "changed"]["added"] == ["write"]
    assert links["object:var_lib_t:dir", "removed"]["removed"] == ["search"]
    assert document["graph"]["counts"]["added"] == 0
    assert [document["graph"][side]["domain"] for side in ("before", "after")] == ["greeterd_t", "greeterd_t"]


def test_a_difference_is_drawn(other: Path, tmp_path: Path) -> None:
    done = policytool("graph", LOG, other, "--diff", "--format", "svg", "-o", tmp_path / "d.svg")
    assert done.returncode == 0, done.stderr
    svg = ET.fromstring((tmp_path / "d.svg").read_text())  # noqa: S314
    labels = {element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"access: +write", "access: -search", "added (0)", "changed (1)"} <= labels


def test_two_daemons_of_one_trace_are_compared_without_their_names() -> None:
    done = policytool("graph", LOG, "--diff", "-d", "greeterd_t", "-d", "nosuchd_t")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {link["change"] for link in document["links"]} == {"removed"}
    assert "domain:@_t" in {node["id"] for node in document["nodes"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--diff"], "--diff compares two traces"),
        (["--diff", "-d", "greeterd_t"], "--diff compares two traces"),
        ([str(LOG), str(LOG), "--diff"], "--diff compares two traces"),
        ([str(LOG), "--diff", "--format", "graphml"], "json, dot or svg"),
        (["--show", "refused"], "only --minimal"),
        (["--minimal", "--show", "nonsense"], "no such cure"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: list[str], message: str) -> None:
    done = policytool("graph", LOG, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.base
def test_the_minimal_graph_is_the_module_that_generate_writes(small_base: Base, tmp_path: Path) -> None:
    small = "--base", str(small_base.path)
    done = policytool(
        "graph", LOG, "-d", "greeterd_t", "--minimal", "--show", "granted", "--show", "refused", *small
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    edges = {
        (link["source"].split(":")[1], *link["target"].split(":")[1:], *link["perms"])
        for link in document["links"]
        if link["key"] == "allow"
    }
    made = policytool("generate", LOG, "-d", "greeterd_t", "-o", tmp_path, "--format", "cil", *small)
    assert made.returncode == 0, made.stderr
    rules = read_cil("greeterd", (tmp_path / "greeterd" / "greeterd.cil").read_text()).rules
    assert edges == {
        (rule.source, rule.source if rule.target == "self" else rule.target, rule.tclass, *rule.perms)
        for rule in rules
    }
    assert document["graph"]["cures"] == ["allow"]
    assert document["graph"]["daemons"] == ["greeterd_t"]


@pytest.mark.base
def test_a_daemon_that_was_not_seen_has_no_minimal_graph(small_base: Base) -> None:
    done = policytool("graph", LOG, "-d", "nosuchd_t", "--minimal", "--base", str(small_base.path))
    assert done.returncode == 2
    assert "does not occur in the traces" in done.stderr
