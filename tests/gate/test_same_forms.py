# SPDX-License-Identifier: GPL-2.0-or-later
"""Two forms of a module: the same where only the writing differs, and not where a permission does."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.gate.same_forms import same_forms
from policytool.model.profile import ModuleFormat, Profile
from policytool.toolchain.base import Base
from policytool.workflow.generate import generate_modules
from policytool.workflow.growth_findings import growth_findings
from policytool.workflow.module_set import ModuleSet
from tests.gate.tiny_base import MODULE, modules, tiny_base
from tests.synthetic import observations, vector


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("(allow a b (c (d e)))", "(allow a b (c (e)))(allow a b (c (d)))", True),
        ("(allow a b (c (d)))", "(allow a b (c (d e)))", False),
        ("(allowx a b (ioctl c ((range 0x1 0x3))))", "(allowx a b (ioctl c (0x3 0x1 0x2)))", True),
        ("(allowx a b (ioctl c (0x1)))(allowx a b (ioctl c (0x201)))", "(allowx a b (ioctl c (0x1 0x201)))", True),
        ("(allowx a b (ioctl c ((range 0x1 0x3))))", "(allowx a b (ioctl c (0x3 0x1)))", False),
        ("(allowx a b (ioctl c (0x1)))", "(allowx a b (ioctl d (0x1)))", False),
        (
            "(optional m_optional_1 (typeattributeset cil_gen_require b) (allow a b (c (d))))",
            "(optional with_b (allow a b (c (d))))",
            True,
        ),
        (
            "(optional m_optional_1 (typeattributeset cil_gen_require other) (allow a b (c (d))))",
            "(optional with_b (allow a b (c (d))))",
            False,
        ),
        ("(optional x (allow a b (c (d))))", "(allow a b (c (d)))", False),
    ],
)
def test_what_is_the_same(first: str, second: str, same: bool) -> None:
    assert same_forms({"m": first}, {"m": second}) is same
    assert same_forms({"m": second}, {"m": first}) is same
    assert not same_forms({"m": first}, {"n": first})


@pytest.mark.base
def test_the_forms_of_an_exact_module_are_the_same(virt_base: Base, tmp_path: Path) -> None:
    seen = observations(
        vector("greeterd_t", "init_t", "fd", "use"),
        *(vector("greeterd_t", "etc_t", "file", perm, path="/etc/greeting") for perm in ("open", "read")),
    )
    (made,) = generate_modules(seen, (), ["greeterd_t"], virt_base, profile=Profile.EXACT)
    for name, text in made.files(ModuleFormat.BOTH).items():
        (tmp_path / name).write_text(text)
    builds = modules_of([tmp_path], virt_base)
    assert len(builds) == 2
    assert same_forms(*builds)


def modules_of(folders: list[Path], base: Base) -> list[dict[str, str]]:
    formats = ModuleSet(folders, base).built.formats
    return [{module.source.name: module.cil for module in build.modules} for build in formats]


@pytest.mark.base
def test_growth_in_the_second_form_alone_is_told(small_base: Base, tmp_path: Path) -> None:
    te = "policy_module(m, 1.0.0)\ntype m_t;\ndomain_type(m_t)\n"
    cil = "(type m_t)\n(roletype object_r m_t)\n(typeattributeset domain (m_t))\n"
    before = modules(tmp_path / "old", small_base, {"m.te": te, "m.cil": cil})
    after = modules(tmp_path / "new", small_base, {"m.te": te, "m.cil": cil + "(typepermissive m_t)\n"})
    (found,) = growth_findings(before, after)
    assert (found.id, found.file, found.line) == ("G-permissive", str(tmp_path / "new" / "m.cil"), 4)


def test_a_tiny_module_is_the_same_as_itself(tmp_path: Path) -> None:
    alike = modules(tmp_path / "m", tiny_base(tmp_path / "base"), {"m.cil": MODULE})
    assert growth_findings(alike, alike) == ()
