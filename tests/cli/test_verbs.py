# SPDX-License-Identifier: GPL-2.0-or-later
"""Help and completion: complete, and made without a module of a verb, or only with the one that is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from policytool import cli
from policytool.cli import main
from policytool.cli.main import _PROGRAM
from policytool.cli.verbs import VerbGroup
from tests.cli.run_policytool import REPOSITORY, policytool
from tests.golden import check_golden

HEAVY = {
    "networkx", "scipy", "selinux", "setools", "rich", "jinja2", "tomllib", "distributed", "fsspec", "aiohttp",
}  # fmt: skip


def verbs() -> list[list[str]]:
    """Return the words of every verb, those of groups included."""
    context = click.Context(_PROGRAM)
    words = []
    for name in _PROGRAM.list_commands(context):
        command = _PROGRAM.get_command(context, name)
        words.append([name])
        if isinstance(command, VerbGroup):
            words += [[name, each] for each in command.list_commands(context)]
    return words


def imported(code: str, *words: str, env: dict[str, str] | None = None) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=env,
    )
    return set(done.stderr.split())


def test_golden_help_of_every_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    pages = []
    for words in ([], *verbs()):
        assert main([*words, "--help"]) == 0
        pages.append(f"$ {' '.join(['policytool', *words, '--help'])}\n{capsys.readouterr().out}")
    check_golden("help.txt", "\n".join(pages))


def test_every_file_with_a_verb_is_in_the_help() -> None:
    named = set(_PROGRAM.list_commands(click.Context(_PROGRAM)))
    there = set()
    for path in Path(cli.__file__).parent.glob("*.py"):
        module = import_module(f"policytool.cli.{path.stem}")
        if hasattr(module, "app") or f"`policytool {path.stem}`" in (module.__doc__ or ""):
            there.add(path.stem)
    assert named == there


def test_help_imports_no_verb_and_nothing_heavy() -> None:
    modules = imported("import policytool.cli; policytool.cli.main(['--help'])")
    assert not modules & HEAVY
    named = _PROGRAM.list_commands(click.Context(_PROGRAM))
    assert not modules & {f"policytool.cli.{name}" for name in named}


def test_access_imports_nothing_of_policies(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    modules = imported(
        "import policytool.cli; policytool.cli.main(['access', sys.argv[1]])", str(tmp_path / "empty.log")
    )
    assert not modules & HEAVY
    assert not any(name.startswith(("policytool.policy", "policytool.generate")) for name in modules)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("policytool re", ["replay", "reach", "report"]),
        ("policytool trace re", ["record", "restore", "reduce", "redact"]),
        ("policytool access --gr", ["--group-by"]),
        ("policytool access --result ", ["denied", "granted"]),
        ("policytool --v", ["--version"]),
    ],
)
def test_completion_knows_verbs_options_and_values(line: str, found: list[str]) -> None:
    words = line.split(" ")
    env = {"_POLICYTOOL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = policytool(env=env)
    assert done.stderr == ""
    assert [row.split(",")[1] for row in done.stdout.splitlines()] == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_the_shell_can_read(shell: str) -> None:
    done = policytool("--completion", shell)
    assert done.returncode == 0, done.stderr
    assert "_POLICYTOOL_COMPLETE" in done.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=True)


def test_what_is_missing_is_told_and_not_taken_for_nothing() -> None:
    for words, missing in ((("diff", "one"), "argument 'NEW'"), (("report", "one"), "option '-o'")):
        done = policytool(*words)
        assert done.returncode == 2
        assert f"Missing {missing}" in done.stderr
