# SPDX-License-Identifier: GPL-2.0-or-later
"""What contributors and hosted CI run is one thing; decisions are found and have a status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policytool.check.findings import IDS
from policytool.generate.triage import Cure
from tests.documents import BLOCK

REPOSITORY = Path(__file__).resolve().parent.parent
DECISIONS = REPOSITORY / "docs" / "decisions"
PAGES = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile."""
    text = (REPOSITORY / "Makefile").read_text()
    (body,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in body.splitlines()]


def test_pre_commit_runs_the_linters_that_ci_runs() -> None:
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"^ +entry: (.*)$", text, re.MULTILINE) == recipe("lint")
    assert re.findall(r"repo: (.*)$", text, re.MULTILINE) == ["local"], "nothing is fetched"


def test_hosted_ci_runs_what_a_contributor_runs() -> None:
    workflow = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"^ +run: (.*)$", workflow, re.MULTILINE)[-1] == ".ci/run"
    assert re.findall(r"^ +image: (.*)$", workflow, re.MULTILINE) == ["debian:12"]
    run = (REPOSITORY / ".ci" / "run").read_text()
    assert re.findall(r"^make (\w+)$", run, re.MULTILINE) == ["lint", "test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_a_status_and_a_reason(page: Path) -> None:
    text = page.read_text()
    found = re.match(
        r"# .+\n\nStatus: (accepted|replaced by \[.+\]\((.+)\))\n\n## Decision\n\n.+\n\n## Why\n\n.", text, re.S
    )
    assert found, f"{page.name} is not in the form of the others"
    assert found[2] is None or (DECISIONS / found[2]).is_file()


def test_every_decision_is_listed_once_under_its_title() -> None:
    listed = re.findall(r"^- \[(.*)\]\((.*)\)$", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    titles = [(page.read_text().splitlines()[0].removeprefix("# "), page.name) for page in PAGES]
    assert sorted(listed) == sorted(titles)
    assert "(decisions/README.md)" in (REPOSITORY / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("page", [REPOSITORY / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.stem)
def test_files_that_contributors_are_sent_to_exist(page: Path) -> None:
    named = re.findall(r"`((?:policytool|tests|docs|policies|traces|\.ci)/[\w./-]+)`", page.read_text())
    assert [name for name in named if "NAME" not in name and not (REPOSITORY / name).exists()] == []


def test_make_targets_that_contributors_are_sent_to_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))
    for page in (REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")):
        text = page.read_text()
        code = "\n".join([block[2] for block in BLOCK.finditer(text)] + re.findall(r"`([^`\n]+)`", text))
        assert set(re.findall(r"(?:^|\s)make ([a-z][a-z0-9-]*)", code)) <= targets, page.name


def test_every_cure_is_described() -> None:
    reference = (REPOSITORY / "docs" / "reference.md").read_text()
    section = reference.split("## Cures", 1)[1].split("\n## ", 1)[0]
    assert {f"*{cure}*" for cure in Cure} <= set(re.findall(r"\*[a-z ]+\*", section))


def test_every_finding_has_a_test() -> None:
    tests = "".join(path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py"))
    assert [name for name in IDS if f'"{name}"' not in tests] == []
