# SPDX-License-Identifier: GPL-2.0-or-later
"""sechecker's ini files: the same verdicts as setools' own sechecker, on the same policy."""

from __future__ import annotations

import configparser
import io
from pathlib import Path

import pytest
import setools
from setools.checker import PolicyChecker

from policytool.errors import InputError
from policytool.gate.sechecker import read_sechecker, run_check
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.link import link_or_fail
from policytool.workflow.gated import gated
from tests.gate.tiny_base import BASE, MODULE, modules, tiny_base
from tests.reference import reference

INI = """
[te-passes]
check_type = assert_te
desc = Nobody but d_t loads the policy
tclass = security
perms = load_policy
exempt_source = d_t
    gone_t
[te-fails]
check_type = assert_te
source = domain
target = file_type
tclass = file
perms = write
exempt_source = d_t
exempt_target = etc_t
[te-expects]
check_type = assert_te
tclass = file
perms = open
expect_source = a_t b_t
exempt_source = d_t
[te-disabled]
check_type = assert_te
perms = write
disable = not today
[rbac]
check_type = assert_rbac
source = r
expect_target = q
[rbac-fails]
check_type = assert_rbac
target = q
exempt_source = q
[empty]
check_type = empty_typeattr
attr = exempt
[missing]
check_type = empty_typeattr
attr = nobody
missing_ok = true
[readonly]
check_type = ro_execs
exempt_write_domain = d_t
"""
MORE = "(roleallow r q)(allow m_t a_exec_t (file (execute write)))(allow c_t file_type (file (execute)))"


def verdicts_of_setools(policy: Path, ini: Path) -> dict[str, bool]:
    checker = PolicyChecker(setools.SELinuxPolicy(str(policy)), str(ini))
    found = {}
    for check in checker.checks:
        check.output = io.StringIO()
        found[check.checkname] = bool(check.disable) or not check.run()
    return found


def verdicts_of_ours(policy: CompiledPolicy, ini: Path) -> dict[str, bool]:
    return {check.name: not list(run_check(check, policy)) for check in read_sechecker(str(ini), ini.read_text())}


def test_verdicts_are_those_of_setools(tmp_path: Path) -> None:
    # ro_execs asks for permissions that the tiny base has no use for.
    text = BASE.replace("(class file (", "(class file (append execute_no_trans ")
    asked = modules(tmp_path / "m", tiny_base(tmp_path / "base", text), {"m.cil": MODULE + MORE})
    ini = tmp_path / "sechecker.ini"
    ini.write_text(INI)
    theirs = verdicts_of_setools(asked.linked.policy, ini)
    assert verdicts_of_ours(asked.policy, ini) == theirs
    assert set(theirs.values()) == {True, False}


def test_only_what_the_modules_add_counts(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    ini = tmp_path / "sechecker.ini"
    ini.write_text("[c]\ncheck_type = assert_te\ntclass = file\nperms = write\n")
    asked = modules(tmp_path / "m", base, {"m.cil": MODULE + "(allow m_t var_t (file (write)))"})
    (found,) = gated(asked, "", [ini])
    assert (found.id, found.line) == ("A-sechecker", MODULE.count("\n") + 1)
    assert found.message == "c: m_t may var_t:file { write }"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no check"),
        ("[a]\ncheck_type = x\n", "unknown check_type"),
        ("[a]\n", "unknown check_type"),
        ("[a]\ncheck_type = assert_te\nx = 1\n", "unknown option"),
        ("a\n", "sechecker.ini"),
    ],
)
def test_what_is_no_such_file(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_sechecker("sechecker.ini", text)


def test_a_check_of_what_is_not_there_was_not_made(tmp_path: Path) -> None:
    policy = modules(tmp_path / "m", tiny_base(tmp_path / "base"), {"m.cil": MODULE}).policy
    for option in ("source = gone_t", "tclass = gone", "expect_target = gone_t"):
        (check,) = read_sechecker("x.ini", f"[a]\ncheck_type = assert_te\nperms = read\n{option}\n")
        (found,) = run_check(check, policy)
        assert found.allowed.id == "A-unknown"


@pytest.mark.base
def test_refpolicys_own_file_has_the_verdicts_of_setools(base: Base, tmp_path: Path) -> None:
    policy = link_or_fail(base, {}, "the base does not link").policy
    # setools takes longer than ten minutes for ro_execs; the tiny policy above compares it.
    parser = configparser.ConfigParser()
    parser.read(reference("sechecker.ini"))
    for section in parser.sections():
        if parser[section]["check_type"] == "ro_execs":
            parser.remove_section(section)
    ini = tmp_path / "sechecker.ini"
    with ini.open("w") as stream:
        parser.write(stream)
    assert verdicts_of_ours(CompiledPolicy(policy), ini) == verdicts_of_setools(policy, ini)
