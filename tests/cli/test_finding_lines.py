# SPDX-License-Identifier: GPL-2.0-or-later
"""The notes after `generate` and `replay`: a line a kind, and its command lists exactly what it counts."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from policytool.cli.finding_lines import cure_lines, entered_lines, warn, warn_together
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.exact import exact
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.evidence import ExplainedAccess, explained
from policytool.graph.permission_graph import build
from policytool.model.access import AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.model.profile import ModuleFormat
from tests.cli.run_policytool import policytool
from tests.synthetic import BASE, DAEMON, observations


def triaged(
    target: str, tclass: str, perm: str, cure: Cure, count: int = 1, id_: str = "", reason: str = ""
) -> Triaged:
    subject, object_ = (SecurityContext.parse(f"system_u:system_r:{type_}:s0") for type_ in (DAEMON.domain, target))
    uses = ((Use("t", "/usr/bin/tool", "open", "/p"), count),)
    return Triaged(
        AccessVector(subject, object_, tclass, perm, Result.DENIED, True, Evidence(count, 1, 2, uses)),
        cure,
        reason,
        id_,
    )


FOUND = (
    triaged("etc_t", "file", "read", Cure.ALLOW),
    triaged("tool_t", "process", "transition", Cure.ALLOW, 3),
    triaged("other_t", "process", "transition", Cure.GRANTED),
    *(triaged(f"a{number}_t", "dir", "search", Cure.UNMAPPED, number, reason="no path") for number in range(1, 30)),
    triaged("self_t", "process", "execmem", Cure.REFUSED, 2, "R-execmem", "it runs what it wrote"),
    triaged("raw_t", "blk_file", "read", Cure.REFUSED, 1, "R-raw-disk-read:raw_t"),
    triaged("unlabeled_t", "file", "read", Cure.LABEL, 1, "", "restorecon"),
)


@pytest.fixture
def made() -> Candidate:
    module = skeleton(DAEMON, build(observations()), BASE, extends=False)
    return Candidate(DAEMON, exact(module, FOUND, frozenset()), FOUND)


@pytest.fixture
def output(made: Candidate, tmp_path: Path) -> Path:
    folder = tmp_path / "out; put" / DAEMON.name
    folder.mkdir(parents=True)
    for name, text in made.files(ModuleFormat.CIL).items():
        (folder / name).write_text(text)
    return folder.parent


def listed(command: str) -> set[tuple[str, str, str, str]]:
    words = shlex.split(command)
    assert words[0] == "policytool"
    done = policytool(*words[1:], "--json")
    assert done.returncode == 0, done.stderr
    return {
        (access["source"], access["target"], access["tclass"], access["perm"])
        for access in json.loads(done.stdout)["accesses"]
    }


def test_a_line_a_kind_and_its_command_lists_what_it_counts(
    made: Candidate, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warn([made], output, Choices({DAEMON.name: {"R-execmod": "nobody needs it"}}))
    said = capsys.readouterr().err.splitlines()
    assert all(line.startswith(f"{DAEMON.name}: ") for line in said)
    counts = {}
    for line in said:
        counted = re.match(r"\S+: (?:enters )?(\d+) (?:accesses|access|other domains) ?(\w*).*; all: (.*)$", line)
        if counted:
            keys = listed(counted[3])
            assert int(counted[1]) == len(keys)
            counts[counted[2]] = len(keys)
    assert counts == {"": 2, "unmapped": 29, "refused": 2, "label": 1}
    entered, refused, unmapped, label, incomplete, unused = said
    assert "enters 2 other domains, such as tool_t by /usr/bin/tool;" in entered
    assert "decide on R-execmem, R-raw-disk-read:raw_t: --accept ID" in refused
    assert f"such as {DAEMON.domain} self_t:process execmem: it runs what it wrote; all: " in refused
    # The example is what was seen most.
    assert f"such as {DAEMON.domain} a29_t:dir search: no path;" in unmapped
    assert "1 access label (a label cures it: restorecon, semanage port)" in label
    assert "no recording in complete mode" in incomplete
    assert "accepted.toml accepts what nothing asks for: R-execmod" in unused


def test_all_modules_together_are_a_line_a_kind_too(
    made: Candidate, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_together([made], output)
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in said] == [
        "1 modules: 2 accesses refused",
        "1 modules: 29 accesses unmapped",
        "1 modules: 1 access label",
    ]
    assert len(listed(said[1].partition("; all: ")[2])) == 29


def test_what_no_one_has_to_act_on_is_not_told(made: Candidate) -> None:
    quiet = explained([FOUND[0], triaged("etc_t", "file", "write", Cure.TRANSITION)])
    assert cure_lines(quiet, Path("x"), "x") == []
    assert entered_lines(made, quiet, Path("x")) == []


def test_an_example_of_a_log_is_cut_and_escaped(capsys: pytest.CaptureFixture[str], made: Candidate) -> None:
    hostile = triaged("a_t", "file", "read", Cure.UNMAPPED, reason="\x1b]0;owned\x07\n" + "x" * 500)
    warn_together([Candidate(DAEMON, made.module, (hostile,))], Path("out"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "\\x1b]0;owned\\x07\\x0a" in line
    assert "\x1b" not in line
    assert len(line) < 500


def test_a_cure_that_is_none_is_a_usage_error_in_one_line(output: Path) -> None:
    done = policytool("explain", "* *:* *", output, "--cure", "nothing")
    assert done.returncode == 2
    assert "'nothing' is not a cure; the cures are granted by base, allow," in done.stderr
    both = policytool("explain", "* *:* *", output, "--cure", "label", "--cure", "refused", "--json")
    assert len(json.loads(both.stdout)["accesses"]) == 3
    assert policytool("explain", "* *:* *", output, "--cure", "boolean").returncode == 1


def access(reason: str = "") -> ExplainedAccess:
    return ExplainedAccess(("a_t", "b_t", "file", "read"), Cure.BOOLEAN, reason, Evidence(1, 0, 0, ()))


def test_without_a_reason_none_is_given() -> None:
    (line,) = cure_lines([access()], Path("x"), "x")
    assert "such as a_t b_t:file read; all: policytool explain '* *:* *' x --cure boolean" in line
