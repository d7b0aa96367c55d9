# SPDX-License-Identifier: GPL-2.0-or-later
"""What `check` and `compare` print: JSON by the published schemas, SARIF by OASIS's, JUnit by its counts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from jsonschema import Draft4Validator

from policytool.check.findings import Finding
from policytool.report.junit import junit
from policytool.report.sarif import sarif
from tests.cli.run_policytool import REPOSITORY, policytool
from tests.gate.tiny_base import BASE, MODULE, tiny_base
from tests.reference import reference

SCHEMAS = REPOSITORY / "docs" / "schemas"
FINDING = json.loads((SCHEMAS / "finding.schema.json").read_text())

# What `compare` sets domains against.
VIRTD = "(type virtd_t)\n(typeattributeset domain virtd_t)\n"
GROWN = (
    "(allow m_t var_t (file (write)))\n(roleallow r q)\n"
    "(typepermissive m_t) ; policytool: disable=G-permissive,W-permissive tried for a week\n"
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with a base, a module of the last commit, and one that has grown since."""
    folder = tmp_path_factory.mktemp("work")
    tiny_base(folder / "base", BASE + VIRTD)
    (folder / "policies").mkdir()
    (folder / "policies" / "m.cil").write_text(MODULE)
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"]):
        subprocess.run([*git, *words], check=True)
    shutil.copytree(folder / "policies", folder / "old")
    (folder / "policies" / "m.cil").write_text(MODULE + GROWN)
    return folder


def run(work: Path, *words: str, status: int = 1) -> str:
    done = policytool(*words, "--base", "base", cwd=work, env={"PYTHONPATH": str(REPOSITORY)})
    assert done.returncode == status, done.stderr
    return done.stdout


def valid_sarif(log: object) -> None:
    Draft4Validator(json.loads(reference("sarif-schema-2.1.0.json").read_text())).validate(log)


def valid(document: object, schema: str) -> None:
    store = {"finding.schema.json": FINDING}
    whole = json.loads((SCHEMAS / schema).read_text())
    # The one reference to another file is put in its place, so that nothing is fetched.
    text = json.dumps(whole).replace('{"$ref": "finding.schema.json"}', json.dumps(store["finding.schema.json"]))
    jsonschema.validate(document, json.loads(text.replace('"$id": "finding.schema.json", ', "")))


CHECK = ("check", "policies", "--against", "HEAD")
COMPARE = ("compare", "old", "policies", "-d", "m_t", "--baseline", "virtd_t", "--fail-on", "growth")


def test_check_names_what_grew_since_a_revision(work: Path) -> None:
    out = run(work, *CHECK)
    assert "policies/m.cil:5: G-allow: m_t var_t:file { write } is allowed now\n" in out
    assert "policies/m.cil:6: G-role: role r may change to role q\n" in out
    assert "G-permissive" not in out
    assert out.endswith("2 errors, 0 warnings, 2 disabled or exempt\n")
    assert max(map(len, out.splitlines())) <= 100


def test_check_against_a_folder_and_the_same_revision(work: Path) -> None:
    assert "G-allow" in run(work, "check", "policies", "--against", "old")
    assert "0 errors" in run(work, "check", "old", "--against", "old", status=0)


def test_modules_that_a_revision_does_not_have_are_new(work: Path) -> None:
    out = run(work, "check", "old", "--against", "HEAD")
    assert "old/m.cil:1: G-domain: m_t is new" in out


def test_check_says_what_is_no_revision(work: Path) -> None:
    done = policytool("check", "policies", "--against", "-x", "--base", "base", cwd=work)
    assert done.returncode == 3
    assert "-x is neither a folder of modules nor a revision" in done.stderr


@pytest.mark.parametrize(("words", "schema"), [(CHECK, "check.schema.json"), (COMPARE, "compare.schema.json")])
def test_json_is_as_its_schema_says(work: Path, words: tuple[str, ...], schema: str) -> None:
    document = json.loads(run(work, *words, "--json"))
    valid(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        valid({**document, "format": 2}, schema)


def test_sarif_is_as_oasis_says(work: Path) -> None:
    valid_sarif(json.loads(run(work, *CHECK, "--format", "sarif")))
    valid_sarif(sarif([HOSTILE, NOWHERE], "policies/m.te", "/top"))


def test_sarif_names_the_line_and_what_disables_it(work: Path) -> None:
    log = json.loads(run(work, *CHECK, "--format", "sarif"))
    results = {result["ruleId"]: result for result in log["runs"][0]["results"]}
    place = results["G-allow"]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "policies/m.cil", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 5},
    }
    assert results["G-permissive"]["suppressions"] == [{"kind": "inSource", "justification": "tried for a week"}]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == id_ for id_, result in results.items())


def test_junit_counts_what_fails(work: Path) -> None:
    root = ElementTree.fromstring(run(work, *CHECK, "--format", "junit"))  # noqa: S314 -- our own output
    assert root.attrib == {"name": "policytool", "tests": "4", "failures": "2", "skipped": "2", "errors": "0"}
    failures = root.findall(".//testcase[failure]")
    assert [case.get("line") for case in failures] == ["5", "6"]
    assert {case.get("file") for case in failures} == {"policies/m.cil"}


HOSTILE = Finding("a b/\udcff\x1b.te", 0, "G-allow", "m", "said", call="x_y(`z')")
NOWHERE = Finding("", 0, "G-module", "", "gone")


def test_hostile_paths_and_findings_without_a_place() -> None:
    log = sarif([HOSTILE, NOWHERE], "policies/m.te", "/top")
    assert '"a%20b/%FF%1B.te"' in json.dumps(log)
    assert '"policies/m.te"' in json.dumps(log)
    text = junit("check", ["m", "n"], [HOSTILE, NOWHERE])
    assert text.isascii()
    assert "\x1b" not in text
    ElementTree.fromstring(text)  # noqa: S314 -- our own output


def test_absolute_paths_are_relative_to_the_root_or_files() -> None:
    inside, outside = Finding("/top/m.te", 1, "G-allow", "m", "x"), Finding("/other/m.te", 1, "G-allow", "m", "x")
    log = json.dumps(sarif([inside, outside], root="/top"))
    assert '"uri": "m.te", "uriBaseId": "SRCROOT"' in log
    assert '"uri": "file:///other/m.te"' in log
