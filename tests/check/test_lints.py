# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.check.findings import IDS, Finding, ModuleSource, Severity, SourceFile
from policytool.check.lints import CHECKS, lint
from policytool.check.locate import statement_line


def te(text: str) -> ModuleSource:
    return ModuleSource("m", te=SourceFile("m.te", text))


def cil(text: str) -> ModuleSource:
    return ModuleSource("m", cil=SourceFile("m.cil", text))


def found(source: ModuleSource, *base: str) -> list[tuple[str, int]]:
    return [(finding.id, finding.line) for finding in lint(source, base)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (te("policy_module(m, 1.0.0)\n"), []),
        (te("policy_module(m)\n"), [("W-version", 1)]),
        (te("policy_module(n, 1)\n"), [("E-name", 1)]),
        (te("module n 1.0;\n"), [("E-name", 1)]),
        (te("permissive a_t;\n"), [("W-permissive", 1)]),
        (te("# permissive a_t;\n"), []),
        (te("allow a_t self:process { fork execmem };\n"), [("W-memory", 1)]),
        (te("dontaudit a_t self:process execmem;\n"), []),
        (te("type a_t;\n"), [("W-unused-type", 1)]),
        (te("type a_t, file_type;\nallow b_t a_t:file read;\n"), []),
        (cil("(typepermissive a_t)\n"), [("W-permissive", 1)]),
        (cil("(allow a_t self (process (execmem)))\n"), [("W-memory", 1)]),
        (cil("(type a_t)\n(roletype object_r a_t)\n"), [("W-unused-type", 1)]),
        (cil("(type a_t)\n(allow b_t a_t (file (read)))\n"), []),
    ],
)
def test_checks(source: ModuleSource, expected: list[tuple[str, int]]) -> None:
    assert found(source) == expected


def test_name_of_a_base_module() -> None:
    assert found(te("policy_module(m, 1.0.0)\n"), "m") == [("E-name", 0)]


def test_ids_tell_their_severity_and_checks_their_ids() -> None:
    assert {id_[0] for id_ in IDS} == {"A", "E", "G", "W"}
    assert Finding("", 0, "W-memory", "", "").severity is Severity.WARNING
    with pytest.raises(ValueError, match="unknown finding id"):
        Finding("", 0, "X-none", "", "")
    assert all(check.__doc__ and check.__doc__.split(":")[0] in IDS for check in CHECKS)


def test_statement_is_found_behind_the_macro_call() -> None:
    expanded = (
        '#line 1 "m.te"\n\n#line 1\n module m 1.0;\ntype m_t;\n\n'
        "#line 4\n\n#line 4\nallow m_t etc_t:dir { getattr };\n#line 4\nallow m_t etc_t:file { read open };\n"
        "allow m_t self:process fork;\n"
    )
    assert statement_line(expanded, "(allow m_t etc_t (file (read open)))") == 4
    assert statement_line(expanded, "(allow m_t self (process (fork)))") == 5
    assert statement_line(expanded, "(allow m_t m_t (process (fork)))") == 5
    assert statement_line(expanded, "(allow other_t zz_t (sock (x)))") == 0


def test_a_required_type_is_not_a_declared_one() -> None:
    text = "policy_module(x, 1.0.0)\ngen_require(`\n\ttype a_t;\n')\n"
    text += "require { type b_t; class file { read }; }\ntype c_t;\n"
    (finding,) = lint(ModuleSource("x", te=SourceFile("x.te", text)))
    assert (finding.id, finding.line) == ("W-unused-type", 6)


def test_what_both_forms_have_is_told_once() -> None:
    te = SourceFile("x.te", "policy_module(x, 1.0.0)\nallow a_t self:process execmem;\n")
    cil = SourceFile("x.cil", "(allow a_t self (process (execmem)))\n(typepermissive a_t)\n")
    found = {(finding.file, finding.id) for finding in lint(ModuleSource("x", te=te, cil=cil))}
    assert found == {("x.te", "W-memory"), ("x.cil", "W-permissive")}
