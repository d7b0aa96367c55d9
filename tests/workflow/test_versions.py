# SPDX-License-Identifier: GPL-2.0-or-later
"""The version of a module that is written over: it grows if what is loaded is another, and not otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from policytool.generate.candidate import Candidate
from policytool.generate.interface_form import InterfaceForm
from policytool.generate.shared_module import SharedModule
from policytool.generate.shared_rules import CALLER, SharedRules
from policytool.model.module import FileContext, FileKind
from policytool.model.profile import ModuleFormat
from policytool.model.rules import AllowRule
from policytool.policy.macros import MacroRule
from policytool.workflow.versions import shared_module, versioned
from tests.generate.test_exact import greeter
from tests.synthetic import DAEMON, context

pytestmark = pytest.mark.base

EVERY = list(ModuleFormat)


def candidate() -> Candidate:
    module, decided = greeter()
    return Candidate(DAEMON, replace(module, version="1.4.2"), decided)


def write(made: Candidate, folder: Path, language: ModuleFormat) -> Path:
    for name, text in made.files(language).items():
        (folder / name).write_text(text)
    return folder


def again(made: Candidate) -> Candidate:
    return replace(made, module=replace(made.module, version="1.0.0"))


@pytest.mark.parametrize("language", EVERY)
def test_the_same_module_keeps_its_version(tmp_path: Path, language: ModuleFormat) -> None:
    folder = write(candidate(), tmp_path, language)
    assert versioned(again(candidate()), folder, language).candidate == candidate()


@pytest.mark.parametrize("language", EVERY)
def test_reasons_comments_and_order_are_not_loaded(tmp_path: Path, language: ModuleFormat) -> None:
    made = candidate()
    module = made.module
    rules = tuple(replace(rule, reason="another reason") for rule in reversed(module.rules))
    folder = write(replace(made, module=replace(module, rules=rules, interfaces=())), tmp_path, language)
    assert versioned(again(made), folder, language).candidate.module.version == "1.4.2"


@pytest.mark.parametrize("language", EVERY)
def test_a_permission_more_is_another_version(tmp_path: Path, language: ModuleFormat) -> None:
    folder = write(candidate(), tmp_path, language)
    made = again(candidate())
    module = replace(made.module, rules=(*made.module.rules, AllowRule("greeterd_t", "tmp_t", "file", ("write",))))
    grown = versioned(replace(made, module=module), folder, language).candidate
    assert grown.module.version == "1.5.0"
    assert versioned(again(grown), write(grown, tmp_path, language), language).candidate.module.version == "1.5.0"


def test_a_file_context_is_loaded(tmp_path: Path) -> None:
    folder = write(candidate(), tmp_path, ModuleFormat.REFPOLICY)
    made = again(candidate())
    more = FileContext("/srv/greeting", FileKind.FILE, context("greeterd_exec_t"))
    module = replace(made.module, file_contexts=(*made.module.file_contexts, more))
    assert (
        versioned(replace(made, module=module), folder, ModuleFormat.REFPOLICY).candidate.module.version == "1.5.0"
    )


def test_what_no_longer_compiles_differs(tmp_path: Path) -> None:
    folder = write(candidate(), tmp_path, ModuleFormat.REFPOLICY)
    file = folder / "greeterd.te"
    file.write_text(file.read_text() + "allow nonsense\n")
    assert versioned(again(candidate()), folder, ModuleFormat.REFPOLICY).candidate.module.version == "1.5.0"


def test_a_new_folder_has_the_first_version(tmp_path: Path) -> None:
    assert versioned(again(candidate()), tmp_path / "new", ModuleFormat.BOTH).candidate.module.version == "1.0.0"


def calling(module: SharedModule) -> list[Candidate]:
    made = candidate()
    return [replace(made, form=InterfaceForm(made.module, frozenset(), 0, 0.0, module))]


def test_the_module_of_an_interface_grows_with_what_it_says(tmp_path: Path) -> None:
    module, _ = greeter()
    rules = SharedRules("manners", (module.domain,), (MacroRule(CALLER, "etc_t", "file", ("read",)),))
    made = SharedModule(rules, rules.part_of(module), "1.0.0")
    assert shared_module([candidate()], tmp_path) is None
    assert shared_module(calling(made), tmp_path) == made
    (tmp_path / "manners").mkdir()
    for name, text in replace(made, version="1.3.0").files().items():
        (tmp_path / "manners" / name).write_text(text)
    same = shared_module(calling(made), tmp_path)
    assert same
    assert same.version == "1.3.0"
    other = replace(made, worded=replace(made.worded, rules=(AllowRule(module.domain, "tmp_t", "dir", ("read",)),)))
    grown = shared_module(calling(other), tmp_path)
    assert grown
    assert grown.version == "1.4.0"
