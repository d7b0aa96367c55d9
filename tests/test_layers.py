# SPDX-License-Identifier: GPL-2.0-or-later
"""The one direction of dependencies, as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import policytool

ROOT = Path(policytool.__file__).parent

# What each folder may import besides itself. The edges (below the line) may import the core, never the reverse.
ALLOWED = {
    "model": set(),
    "daemons": {"model"},
    "traces": {"model"},
    "graph": {"model"},
    "policy": {"model"},
    "check": {"model"},
    "generate": {"model", "graph", "policy", "check", "surface"},
    "surface": {"model", "policy"},
    "report": {"model", "traces", "graph", "policy", "check", "generate", "surface"},
    # edges
    "toolchain": {"model", "check"},
    "workflow": {
        "model", "daemons", "traces", "graph", "policy", "check", "generate", "surface", "report", "toolchain"
    },
}  # fmt: skip
EVERYTHING = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
EDGES = {"toolchain", "workflow", "recorder", "lab", "cli"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
    return found


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", sorted(EVERYTHING))
def test_dependencies_point_one_way(folder: str) -> None:
    allowed = ALLOWED.get(folder, EVERYTHING) | {folder}
    for path in files(folder):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "policytool" and len(parts) > 1 and parts[1] in EVERYTHING:
                assert parts[1] in allowed, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("folder", sorted(EVERYTHING - EDGES))
def test_the_core_starts_no_process_and_prints_nothing(folder: str) -> None:
    for path in files(folder):
        assert not imports(path) & {"subprocess", "os", "socket", "typer", "rich"}, path
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls), path


def test_networkx_setools_and_subprocess_each_have_one_place() -> None:
    users: dict[str, set[str]] = {"networkx": set(), "setools": set(), "subprocess": set()}
    for path in sorted(ROOT.rglob("*.py")):
        for name in imports(path):
            if name.split(".")[0] in users:
                users[name.split(".")[0]].add(str(path.relative_to(ROOT)))
    assert {user.split("/")[0] for user in users["networkx"]} == {"graph"}
    assert users["setools"] == {"policy/compiled.py"}
    assert users["subprocess"] == {"toolchain/run.py"}


def test_no_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_classes"}
    assert not [path for path in ROOT.rglob("*.py") if path.stem in empty]


def test_comments_cite_what_is_in_the_repository() -> None:
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "DESIGN" not in text, f"{path.relative_to(ROOT)} cites a paper that readers do not have"
        for name in re.findall(r"\bdocs/[\w/-]+\.md", text):
            assert (ROOT.parent / name).is_file(), f"{path.relative_to(ROOT)} cites {name}"
