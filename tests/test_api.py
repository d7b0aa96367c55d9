# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/api.md is true: its table has every function. test_doc_commands runs its example."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from policytool import api
from policytool.generate.choices import Choices
from policytool.model.module import PolicyModule
from tests.documents import REPOSITORY
from tests.synthetic import BASE, DAEMON

PAGE = (REPOSITORY / "docs" / "api.md").read_text("utf-8")


def test_the_table_has_every_function() -> None:
    functions = {name for name in api.__all__ if inspect.isfunction(getattr(api, name))}
    assert set(re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE)) == functions
    assert all(inspect.getdoc(getattr(api, name)) for name in functions)


def test_the_defaults_are_those_of_the_command_line() -> None:
    from policytool.cli.decisions import load_choices

    assert load_choices(None) == Choices({"": {}})


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    module = PolicyModule("greeterd", "1.0.0", DAEMON.domain, extends=False, base=BASE)
    with pytest.raises(api.InputError, match="cannot write"):
        api.write([api.Candidate(DAEMON, module, ())], tmp_path / "file")
