# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documents say of the code is true of the code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from policytool.check.findings import IDS
from tests.cli.run_policytool import policytool
from tests.documents import BLOCK

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CHANGELOG.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_readme_installs_what_the_set_up_installs() -> None:
    installed = re.search(r"apt-get install (.*?)\n```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    setup = re.search(r"apt_packages='(.*?)'", (REPOSITORY / ".ci" / "setup").read_text(), re.DOTALL)
    assert installed
    assert setup
    # Optional, part of what the others need, or needed for the virtual environment that pipx makes itself.
    others = {"python3", "python3-venv", "setools", "graphviz", "strace"}
    assert set(installed[1].replace("\\", " ").split()) - {"pipx"} == set(setup[1].split()) - others


@cache
def help_of(*name: str) -> str:
    done = policytool(*name, "--help")
    assert done.returncode == 0, f"policytool {' '.join(name)}"
    return done.stdout


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_verb_and_option_that_is_named_exists(path: Path) -> None:
    text = path.read_text()
    code = "\n".join([block[2] for block in BLOCK.finditer(text)] + re.findall(r"`([^`\n]+)`", text))
    for verb, rest in re.findall(r"^(?:\$ )?policytool ([a-z]+)(.*)", code, re.MULTILINE):
        words = rest.split()
        if words[:1] == ["--machine"]:
            words = words[2:]  # of the group, before its verb
        name = [verb, *words[:1]] if verb in ("trace", "lab") and words else [verb]
        shown = help_of(*name)
        for option in re.findall(r"(?<!\w)--[a-z][a-z-]+", rest):
            assert option in shown + "--help --debug --quiet --machine", f"{path.name}: {' '.join(name)} {option}"


def test_every_tracked_text_is_free_of_this_machine() -> None:
    strange = re.compile(r"/home/\w+|/root/")
    for path in sorted(REPOSITORY.rglob("*.md")):
        if not {".venv", "build"} & set(path.relative_to(REPOSITORY).parts):
            assert not strange.search(path.read_text()), path


def test_the_reference_lists_every_finding() -> None:
    listed = dict(
        re.findall(r"^\| ([AEGW]-[\w-]+) \| (.*) \|$", (REPOSITORY / "docs" / "reference.md").read_text(), re.M)
    )
    assert listed == dict(IDS)
