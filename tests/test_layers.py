# SPDX-License-Identifier: GPL-2.0-or-later
"""The one direction of dependencies, as docs/architecture.md draws it, and names that each stand for one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import policytool

ROOT = Path(policytool.__file__).parent

# What each folder of the core may import besides itself.
CORE = {
    "model": set(),
    "daemons": {"model"},
    "traces": {"model"},
    "graph": {"model"},
    "policy": {"model"},
    "check": {"model"},
    "generate": {"model", "graph", "policy", "check", "surface"},
    "surface": {"model", "policy"},
    "gate": {"model", "policy", "check", "surface"},
    "hardening": {"model", "traces", "policy", "generate"},
    "packaging": {"model"},
    "report": {"model", "traces", "graph", "policy", "check", "generate", "surface", "gate"},
}  # fmt: skip
# The edges may import the core, never the reverse.
EDGES = {
    "toolchain": {"model", "check"},
    "workflow": {*CORE, "toolchain"},
    "recorder": {*CORE, "toolchain", "workflow", "lab", "cli"},
    "lab": {*CORE, "toolchain", "workflow", "recorder", "cli"},
    "cli": {*CORE, "toolchain", "workflow", "recorder", "lab"},
}
# Folders in folders. Each wing of traces/ may import those before it.
WINGS = ("events", "formats", "tally", "bundle", "redaction")
INNER = {*(f"traces/{wing}" for wing in WINGS), "generate/writers", "report/page"}
# Files of the core that are edges all the same: they write bundles.
WRITERS = {
    "traces/bundle/write.py",
    "traces/bundle/merged_bundle.py",
    "traces/bundle/reduced_bundle.py",
    "traces/redaction/redacted_bundle.py",
}

# Files of one name in several folders, and why they are one thing.
TWINS = {
    "access": {"cli", "model"},  # the verb lists the values
    "daemon": {"cli", "model"},  # the verb makes a description
    "generate": {"cli", "workflow"},  # here and below: the verb, and what does its work
    "replay": {"cli", "workflow"},
    "compare": {"cli", "workflow"},
    "holdout": {"cli", "workflow"},
    "reach": {"cli", "workflow"},
    "exposure": {"cli", "surface"},  # the verb prints the values
    "harden": {"cli", "workflow"},
    "flow": {"cli", "workflow"},
    "robust": {"generate", "workflow"},  # the profile, and the linked policy put to its questions
}
# Verbs that are called like the folder whose values they make or show, and what does their work.
VERBS = {
    "cli/check.py",
    "cli/generate.py",
    "cli/graph.py",
    "cli/lab.py",
    "cli/report.py",
    "workflow/generate.py",
}


def files(folder: str = ".") -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def imports(path: Path) -> set[str]:
    """Return what PATH imports, each name with its module: `from policytool import cli` is policytool.cli."""
    return imported(nodes(path), name_of(path))


def imported(tree: Iterable[ast.AST], place: str) -> set[str]:
    found = set()
    for node in tree:
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{place}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def inner(name: str) -> list[str]:
    """Return the parts of a dotted NAME after `policytool`; none if it is somebody else's."""
    first, *rest = name.split(".")
    return rest if first == "policytool" else []


def test_every_folder_has_its_layer() -> None:
    there = {path.parent.relative_to(ROOT).as_posix() for path in files()} - {"."}
    assert there == {*CORE, *EDGES, *INNER}, "name the folder's layer here and in docs/architecture.md"


@pytest.mark.parametrize("folder", [*CORE, *EDGES])
def test_dependencies_point_one_way(folder: str) -> None:
    allowed = {**CORE, **EDGES}[folder] | {folder}
    for path in files(folder):
        for name in imports(path):
            parts = inner(name)
            if parts and parts[0] in {*CORE, *EDGES}:
                assert parts[0] in allowed, f"{name_of(path)} imports {name}"


@pytest.mark.parametrize("place", range(len(WINGS)))
def test_the_wings_of_traces_stand_on_one_line(place: int) -> None:
    for path in files(f"traces/{WINGS[place]}"):
        for name in imports(path):
            parts = inner(name)
            if parts[:1] == ["traces"]:
                assert parts[1] in WINGS[: place + 1], f"{name_of(path)} imports {name}"


@pytest.mark.parametrize("folder", CORE)
def test_the_core_starts_no_process_and_prints_nothing(folder: str) -> None:
    for path in files(folder):
        assert not {name.split(".")[0] for name in imports(path)} & {
            "subprocess",
            "os",
            "socket",
            "click",
            "rich",
        }, path
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls), path


@pytest.mark.parametrize("folder", CORE)
def test_the_core_writes_no_file(folder: str) -> None:
    for path in files(folder):
        if name_of(path) in WRITERS:
            continue
        assert not writes(nodes(path)), name_of(path)
        for name in imports(path):
            writer = [
                writer for writer in WRITERS if ".".join(inner(name)).startswith(writer[:-3].replace("/", "."))
            ]
            assert not writer, f"{name_of(path)} imports {name}"


_CHANGES = {
    "chmod", "hardlink_to", "mkdir", "rename", "rmdir", "symlink_to", "touch", "unlink", "write_bytes",
    "write_text",
}  # fmt: skip


def writes(tree: Iterable[ast.AST]) -> list[str]:
    """Return what in TREE makes, changes or removes files."""
    every = list(tree)
    found = sorted({name.split(".")[0] for name in imported(every, "")} & {"shutil", "tempfile"})
    for call in every:
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        words = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        modes = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if (isinstance(call.func, ast.Attribute) and name in _CHANGES) or (
            name == "open" and any(set(mode) & set("wax+") for mode in modes if len(mode) < 4)
        ):
            found.append(name)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "import shutil",
        "from tempfile import mkdtemp",
        "p.open('wb')",
        "open(p, mode='a')",
        "p.write_text('')",
        "p.mkdir()",
    ],
)
def test_what_writes_is_seen(text: str) -> None:
    assert writes(ast.walk(ast.parse(text)))


def test_what_reads_is_allowed() -> None:
    assert not writes(ast.walk(ast.parse("p.open('rb').read()\nopen(p)\np.read_text('utf-8')")))


def test_imports_from_the_package_itself_are_seen() -> None:
    assert imported(ast.walk(ast.parse("from policytool import cli")), "") == {"policytool.cli"}


def test_networkx_setools_and_subprocess_each_have_one_place() -> None:
    users: dict[str, set[str]] = {"networkx": set(), "setools": set(), "subprocess": set()}
    for path in files():
        for name in imports(path):
            if name.split(".")[0] in users:
                users[name.split(".")[0]].add(name_of(path))
    assert {user.split("/")[0] for user in users["networkx"]} == {"graph"}
    assert users["setools"] == {"policy/compiled.py", "policy/mls_ranges.py", "policy/setools_rules.py"}
    assert users["subprocess"] == {"toolchain/run.py"}


def test_no_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_classes"}
    assert not [path for path in files() if path.stem in empty]


def test_no_two_files_of_one_name() -> None:
    folders = defaultdict(set)
    for path in files():
        if not path.stem.startswith("__"):
            folders[path.stem].add(path.parent.relative_to(ROOT).as_posix())
    assert {stem: where for stem, where in folders.items() if len(where) > 1} == TWINS


def test_no_file_is_called_like_a_folder_elsewhere() -> None:
    folders = {name.split("/")[-1]: name for name in (*CORE, *EDGES, *INNER)}
    same = {
        name_of(path)
        for path in files()
        if path.stem in folders and path.parent.relative_to(ROOT).as_posix() != folders[path.stem]
    }
    assert same == VERBS


def test_no_two_public_classes_of_one_name() -> None:
    places = defaultdict(set)
    for path in files():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(name_of(path))
    # Decides: what each of its users asks of a policy, as a Protocol beside the user.
    assert {name for name, where in places.items() if len(where) > 1} <= {"Decides"}


def test_comments_cite_what_is_in_the_repository() -> None:
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "DESIGN" not in text, f"{path.relative_to(ROOT)} cites a paper that readers do not have"
        for name in re.findall(r"\bdocs/[\w/-]+\.md", text):
            assert (ROOT.parent / name).is_file(), f"{path.relative_to(ROOT)} cites {name}"


# Tests that no single file is the subject of, by their folder.
OF_MORE_THAN_ONE_FILE = {
    "cli": {"test_formats", "test_main_job"},
    "gate": {"test_growth_kinds"},
    "lab": {"test_machine", "test_own_daemon", "test_package", "test_recorder", "test_verbs"},
    "surface": {"test_baseline"},
    "traces": {"test_corpus", "test_lab_logs", "test_shipped"},
    "traces/formats": {"test_cases_synthetic"},
    "workflow": {"test_nothing_mapped_away", "test_other_bases"},
}


def test_tests_are_found_from_the_name_of_what_they_test() -> None:
    strays = set()
    for path in sorted((ROOT.parent / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(ROOT.parent / "tests").as_posix()
        subjects = {other.stem for other in (ROOT / folder).glob("*.py")}
        stem = path.stem.removeprefix("test_")
        own = any(stem == subject or stem.startswith(f"{subject}_") for subject in subjects)
        # Those at the top are about the repository.
        if folder != "." and not own and path.stem not in OF_MORE_THAN_ONE_FILE.get(folder, ()):
            strays.add(f"{folder}/{path.name}")
    assert not strays, "named after no file of the folder"
