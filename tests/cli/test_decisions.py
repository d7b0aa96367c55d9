# SPDX-License-Identifier: GPL-2.0-or-later
"""Decisions that a person has made, on the command line and in files: what is wrong with them is said at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policytool.cli.decisions import load_choices
from policytool.errors import InputError, UsageError
from tests.cli.run_policytool import policytool

LOG = Path(__file__).parent / "synthetic.log"


def test_an_unknown_id_is_a_usage_error_in_one_line(tmp_path: Path) -> None:
    done = policytool("generate", LOG, "-o", tmp_path, "--accept", "R-everything")
    assert done.returncode == 2
    assert "'R-everything' is not the id of anything that is refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_accepted_file_that_is_none_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "greeterd").mkdir()
    (tmp_path / "greeterd" / "accepted.toml").write_text("[[accept]]\nid = 'R-execmem'\n")
    done = policytool("generate", LOG, "-o", tmp_path)
    assert done.returncode == 3
    assert "greeterd/accepted.toml: [[accept]] number 1 must have id and reason" in done.stderr


def test_files_are_read_by_daemon_and_options_go_for_all(tmp_path: Path) -> None:
    (tmp_path / "greeterd").mkdir()
    (tmp_path / "greeterd" / "accepted.toml").write_text("[[accept]]\nid = 'R-execmem'\nreason = 'an emulator'\n")
    choices = load_choices(tmp_path, ["R-execmod"], transitions=True)
    assert choices.accepted_by("greeterd") == {
        "R-execmem": "an emulator",
        "R-execmod": "on the command line (--accept)",
    }
    assert choices.accepted_by("other") == {"R-execmod": "on the command line (--accept)"}
    assert choices.transitions


def test_what_runs_decided_is_read_beside_what_people_did(tmp_path: Path) -> None:
    row = {"source": "a_t", "target": "a_t", "tclass": "capability", "perm": "kill"}
    (tmp_path / "ablation.json").write_text(
        json.dumps({"permissions": [row | {"verdict": "spare", "batches": ["a-work"]}]})
    )
    why = "all steps of a-work passed without it"
    assert load_choices(tmp_path).enforced.hidden == {("a_t", "a_t", "capability", "kill"): why}
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "accepted.toml").write_text(
        "[[keep]]\naccess = 'a_t self:capability kill'\nreason = 'a guest'\n"
    )
    assert not load_choices(tmp_path).enforced.hidden


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json: cannot be read"):
        load_choices(tmp_path, dontaudit=[tmp_path / "nothing.json"])
    (tmp_path / "bytes.json").write_bytes(b"\xff\x00")
    with pytest.raises(InputError, match="cannot be read"):
        load_choices(tmp_path, dontaudit=[tmp_path / "bytes.json"])
    (tmp_path / "ablation.json").write_text("{}")
    with pytest.raises(InputError, match=r"ablation\.json: not a result"):
        load_choices(tmp_path)
    (tmp_path / "ablation.json").unlink()
    with pytest.raises(UsageError, match="R-ptrace:TYPE"):
        load_choices(tmp_path, ["R-ptrace"])


@pytest.mark.parametrize(
    ("children", "says"),
    [
        (["greeterd_t"], "not the plain absolute path"),
        (["greeterd_t=/usr/bin/a b"], "not the plain absolute path"),
        (["greeter d=/usr/bin/tool"], "neither a known daemon"),
        (["a_t=/usr/bin/tool", "b_t=/usr/bin/tool"], "/usr/bin/tool is what --child a_t=/usr/bin/tool names"),
        (["a_t=/usr/bin/tool", "a_t=/usr/sbin/tool"], "a_tool_t is what --child a_t=/usr/bin/tool names"),
    ],
)
def test_a_child_domain_that_cannot_be_says_why(tmp_path: Path, children: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_choices(tmp_path, children=children)


def test_a_child_domain_needs_a_transition(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave out --no-transitions"):
        load_choices(tmp_path, transitions=False, children=["greeterd_t=/usr/bin/tool"])


def test_a_program_that_was_not_seen_gets_no_child_domain(tmp_path: Path) -> None:
    done = policytool("generate", LOG, "-o", tmp_path, "-d", "greeterd_t", "--child", "greeterd_t=/usr/bin/none")
    assert done.returncode == 2
    assert "/usr/bin/none was not seen to run in greeterd_t; these were: " in done.stderr
