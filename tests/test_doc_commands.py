# SPDX-License-Identifier: GPL-2.0-or-later
"""What documents show of a command or of Python is what it prints. RENEW_GOLDEN=1 (make golden) renews commands."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from policytool.toolchain.base import Base
from tests.documents import BLOCK, REPOSITORY, commands, run_all, with_printed

TUTORIAL = REPOSITORY / "docs" / "tutorial.md"
README = REPOSITORY / "README.md"
PAGES = [README, REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def test_every_command_that_is_shown_with_its_output_is_one_of_the_tutorial() -> None:
    known = commands(TUTORIAL.read_text())
    assert len(known) > 5
    for page in PAGES:
        assert [command for command in commands(page.read_text()) if command not in known] == [], page.name


@pytest.mark.base
def test_golden_commands_print_what_is_shown(base: Base, tmp_path: Path) -> None:
    shown = TUTORIAL.read_text()
    renew = os.environ.get("RENEW_GOLDEN") == "1"
    if not renew and f" {base.identity.name} {base.identity.version}:" not in shown:
        pytest.skip("a note: the distribution's base has changed since the documents were made; make golden")
    printed = run_all(shown, tmp_path)
    for page in PAGES:
        text = page.read_text()
        now = with_printed(text, printed)
        if renew:
            page.write_text(now)
        assert now == text or renew, f"{page.name}: make golden, and look at git diff\n" + "\n".join(
            difflib.unified_diff(text.splitlines(), now.splitlines(), "shown", "printed", lineterm="")
        )


@pytest.mark.base
def test_the_example_of_the_api_prints_what_the_page_shows(tmp_path: Path) -> None:
    """It makes the tutorial's module: right after that, the cache has most of what it links."""
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    page = (REPOSITORY / "docs" / "api.md").read_text()
    python, text = (
        [found[2] for found in BLOCK.finditer(page) if found[1] == language] for language in ("python", "text")
    )
    done = subprocess.run(
        [sys.executable, "-c", *python], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ([done.stdout], done.stderr) == (text, "")
