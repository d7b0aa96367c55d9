# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of modules, linked by the real compiler with a tiny base: each kind of growth is told, at its line.

Both sides of a pair have MODULE; a pair is what the old and the new one have besides.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.check.findings import IDS, Finding
from policytool.toolchain.base import Base
from policytool.workflow.growth_findings import growth_findings
from tests.gate.tiny_base import MODULE, modules, tiny_base

TOP = MODULE.count("\n")

_WRITES = "(allow m_t a_exec_t (file (write)))"
# A rule that exempts the attribute `unused`, which no compiled policy has.
_EXEMPTS = (
    "(typeattribute unused)(typeattribute rest)(typeattributeset rest (and domain (not unused)))"
    "(neverallow rest self (dir (read)))"
)

# What is new, what the old module has instead, the id, what is said. The new statement's first line is the place.
GROWN = [
    ("(allow m_t var_t (file (write)))", "", "G-allow", "m_t var_t:file { write } is allowed now"),
    ("(allow m_t self (file (write)))", "", "G-allow", "m_t m_t:file { write }"),
    ("(allow m_t etc_t (file (read write)))", "", "G-allow", "m_t etc_t:file { write }"),
    ("(allow m_t file_type (file (read)))", "", "G-allow", "m_t file_type:file { read }"),
    ("(allow domain var_t (dir (search)))", "", "G-allow", "for 5 domains"),
    ("(allow domain self (dir (search)))", "", "G-allow", "m_t m_t:dir { search }"),
    ("(allow m_t a_exec_t (file (entrypoint)))", "", "G-entrypoint", "m_t a_exec_t:file { entrypoint }"),
    ("(booleanif off (true (allow m_t var_t (file (write)))))", "", "G-conditional", "if off"),
    ("(booleanif on (false (allow m_t var_t (file (write)))))", "", "G-conditional", "if not on"),
    (
        "(booleanif on (false (allow m_t var_t (file (write)))))",
        "(booleanif off (true (allow m_t var_t (file (write)))))",
        "G-conditional",
        "if not on",
    ),
    (
        "(allow m_t var_t (file (write)))",
        "(booleanif on (true (allow m_t var_t (file (write)))))",
        "G-conditional",
        "whatever values",
    ),
    (
        "(boolean mine true)(booleanif mine (true (allow m_t var_t (file (write)))))",
        "(boolean mine false)(booleanif mine (true (allow m_t var_t (file (write)))))",
        "G-boolean",
        "mine has another default",
    ),
    ("(boolean mine true)", "(boolean mine false)", "G-boolean", "boolean mine is on by default, and was off"),
    ("(typeattributeset trusted m_t)", "", "G-attribute", "m_t carries the attribute trusted"),
    ("(typeattributeset trusted m_t)", "", "G-allow", "m_t kernel_t:security { load_policy }"),
    ("(typeattributeset file_type port_t)", "", "G-allow", "d_t port_t:file { ioctl open read write }"),
    ("(typeattributeset file_type port_t)", "", "G-attribute", "port_t carries the attribute file_type"),
    ("(typepermissive m_t)", "", "G-permissive", "m_t is permissive now"),
    ("(typepermissive b_t)", "", "G-permissive", "b_t is permissive now"),
    ("(allowx a_t etc_t (ioctl file (0x5402)))", "", "G-xperm", "1 commands more"),
    (
        "(allow m_t var_t (file (ioctl)))(allowx m_t var_t (ioctl file ((range 0x5401 0x5404))))",
        "(allow m_t var_t (file (ioctl)))(allowx m_t var_t (ioctl file (0x5401)))",
        "G-xperm",
        "3 commands more",
    ),
    (
        "(allow m_t file_type (file (ioctl)))",
        "(allow m_t file_type (file (ioctl)))(allowx m_t file_type (ioctl file (0x5401)))",
        "G-xperm",
        "no longer narrowed by allowxperm",
    ),
    (
        "(typetransition m_t a_exec_t process b_t)",
        "",
        "G-transition",
        "type_transition m_t a_exec_t:process gives b_t",
    ),
    (
        '(typetransition m_t var_t file "x" etc_t)',
        "",
        "G-transition",
        'type_transition m_t var_t:file "x" gives etc_t',
    ),
    (
        "(typetransition m_t a_exec_t process b_t)",
        "(typetransition m_t a_exec_t process a_t)",
        "G-transition",
        "gives b_t instead of a_t",
    ),
    ("", "(typetransition m_t a_exec_t process b_t)", "G-transition", "no longer gives b_t"),
    ("(typechange m_t port_t file var_t)", "", "G-transition", "type_change m_t port_t:file gives var_t"),
    ("(typemember m_t port_t dir var_t)", "", "G-transition", "type_member m_t port_t:dir gives var_t"),
    ("(roleallow r q)", "", "G-role", "role r may change to role q"),
    ("(roletype q m_t)", "", "G-role", "role q may have the type m_t"),
    ("(role n)(roletype n m_t)", "", "G-role", "role n is new"),
    ("(roletransition r etc_t process q)", "", "G-role", "role_transition r etc_t:process is q"),
    ("(userrole v q)", "", "G-user", "user v may have the role q"),
    ("(selinuxuser root u ((s0) (s0)))", "", "G-user", "(selinuxuser root u ((s0) (s0))) now"),
    (
        "(rangetransition m_t etc_t process ((s0) (s0 (c0 c1))))",
        "",
        "G-range",
        "range_transition m_t etc_t:process",
    ),
    ("", "(rangetransition m_t etc_t process ((s0) (s0)))", "G-range", "is not stated"),
    ("(typeattributeset exempt m_t)", "", "G-constraint", "a constraint names m_t now"),
    ("", "(constrain (file (write)) (eq u1 u2))", "G-constraint", "no longer: constrain file { write } u1 == u2"),
    ("", "(validatetrans file (eq u1 u2))", "G-constraint", "no longer: validatetrans file"),
    (
        "(constrain (file (write)) (or (eq u1 u2) (eq t1 m_t)))",
        "(constrain (file (write)) (eq u1 u2))",
        "G-constraint",
        "no longer: constrain file { write } u1 == u2",
    ),
    ("", "(typebounds d_t m_t)(allow d_t etc_t (file (read)))", "G-bounds", "m_t is no longer bounded by d_t"),
    ("(portcon tcp 22 (u object_r port_t ((s0) (s0))))", "", "G-label", "portcon tcp 22 is u:object_r:port_t:s0"),
    ('(genfscon proc "/sys" (u object_r var_t ((s0) (s0))))', "", "G-label", "genfscon proc /sys"),
    ("(fsuse trans tmpfs (u object_r var_t ((s0) (s0))))", "", "G-label", "fs_use_trans tmpfs"),
    (
        "(nodecon (10.0.0.0) (255.0.0.0) (u object_r port_t ((s0) (s0))))",
        "",
        "G-label",
        "nodecon 10.0.0.0",
    ),
    (
        "(netifcon eth0 (u object_r port_t ((s0) (s0))) (u object_r port_t ((s0) (s0))))",
        "",
        "G-label",
        "netifcon eth0",
    ),
    ("(defaultrole file source)", "", "G-default", "default_role file is source"),
    ("(defaultrange process source low)", "", "G-default", "default_range process is source low"),
    ("(policycap open_perms)", "", "G-policycap", "policycap open_perms is on"),
    ("(typealias old_t)(typealiasactual old_t d_t)", "", "G-alias", "old_t is an alias of d_t now"),
    ("(typealias two_t)(typealiasactual two_t m_t)", "(type two_t)", "G-alias", "what may be done to m_t"),
    ("", "(neverallow m_t var_t (file (write)))", "G-neverallow", "no longer forbidden: (neverallow m_t var_t"),
    (
        "(neverallow m_t var_t (file (write)))",
        "(neverallow m_t var_t (file (write open)))",
        "G-neverallow",
        "no longer forbidden: (neverallow m_t var_t (file (open)))",
    ),
    (
        "(typeattribute s)(typeattributeset s (and domain (not (m_t d_t))))(neverallow s self (dir (read)))",
        "(typeattribute s)(typeattributeset s (and domain (not (d_t))))(neverallow s self (dir (read)))",
        "G-neverallow",
        "a neverallow rule names s, which is (and domain (not (m_t d_t))) now",
    ),
    (
        f"(typeattributeset unused m_t){_EXEMPTS}",
        _EXEMPTS,
        "G-attribute",
        "m_t carries the attribute unused",
    ),
    ("", "(auditallow m_t etc_t (file (read)))", "G-audit", "m_t etc_t:file { read } is granted without a record"),
    ('(filecon "/etc/m" file (u object_r var_t ((s0) (s0))))', "", "G-filecon", "domains may do more with it"),
    (
        f'(filecon "/etc/m" file (u object_r a_exec_t ((s0) (s0)))){_WRITES}',
        _WRITES,
        "G-filecon",
        "1 domains may do more with it (m_t), e.g. m_t may write the file",
    ),
    ('(filecon "/etc/m" file ())', "", "G-filecon", "leaves whatever label"),
    ('(filecon "/etc/m" file (u object_r etc_t ((s0) (s0 (c0)))))', "", "G-filecon", "another user or range"),
    (
        "(type later_t)(typeattributeset file_type later_t)",
        "",
        "G-allow",
        "b_t later_t:file { write } is allowed now",
    ),
    ("(type n_t)(allow n_t etc_t (file (read)))", "", "G-domain", "n_t is new and may do 1 things"),
    ("(type n_t)(allow m_t n_t (file (read)))", "", "G-allow", "m_t n_t:file { read }"),
    ("(type n_t)(typepermissive n_t)", "", "G-permissive", "n_t is new and permissive"),
    ("(expandtypeattribute (trusted) true)(typeattributeset trusted m_t)", "", "G-allow", "load_policy"),
]

# The same for both sides, or less.
SAME = [
    ("; a comment\n", ""),
    ("", "(allow m_t var_t (file (write)))"),
    ("(allow m_t var_t (file (read)))(allow m_t var_t (file (open)))", "(allow m_t var_t (file (read open)))"),
    ("(expandtypeattribute (trusted) true)", ""),
    (
        "(allow m_t etc_t (file (open)))(allow m_t var_t (file (open)))(allow m_t a_exec_t (file (open)))",
        "(allow m_t file_type (file (open)))",
    ),
    (
        "(allow m_t var_t (file (write)))",
        "(booleanif on (true (allow m_t var_t (file (write)))) (false (allow m_t var_t (file (write)))))",
    ),
    (
        "(booleanif off (true (allow m_t var_t (file (write)))))",
        "(allow m_t var_t (file (write)))",
    ),
    (
        "(booleanif (and on off) (true (allow m_t var_t (file (write)))))",
        "(booleanif off (true (allow m_t var_t (file (write)))))",
    ),
    ("(type new_t)(typealias n_t)(typealiasactual n_t new_t)(allow m_t new_t (file (read)))",
     "(type n_t)(allow m_t n_t (file (read)))"),
    (
        "(allow m_t var_t (file (ioctl)))(allowx m_t var_t (ioctl file (0x5401)))",
        "(allow m_t var_t (file (ioctl)))",
    ),
    ("(type private_t)(typeattributeset file_type private_t)", ""),
    ("(constrain (file (write)) (eq u1 u2))", ""),
    ("(neverallow m_t var_t (dir (write)))", ""),
    (
        "(neverallow m_t var_t (dir (write)))(neverallow m_t var_t (dir (read)))",
        "(neverallow m_t var_t (dir (read write)))",
    ),
    ("(typebounds d_t m_t)(allow d_t etc_t (file (read)))", "(allow d_t etc_t (file (read)))"),
    ('(filecon "/etc/m" file (u object_r etc_t ((s0) (s0))))', ""),
    ("(allow c_t var_t (file (getattr)))", ""),
    ("(allow d_t var_t (file (read write)))", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tiny_base(tmp_path_factory.mktemp("base"))


def grown(base: Base, folder: Path, new: str, old: str) -> tuple[Finding, ...]:
    before = modules(folder / "old", base, {"m.cil": MODULE + old})
    after = modules(folder / "new", base, {"m.cil": MODULE + new})
    return growth_findings(before, after)


@pytest.mark.parametrize(("new", "old", "id_", "said"), GROWN)
def test_growth_is_told(base: Base, tmp_path: Path, new: str, old: str, id_: str, said: str) -> None:
    found = grown(base, tmp_path, new, old)
    told = [finding for finding in found if finding.id == id_ and said in finding.message]
    assert told, [finding.message for finding in found]
    if new:
        # Where a statement is gone, there is nothing to point at but what is left.
        assert (told[0].file, told[0].line) == (str(tmp_path / "new" / "m.cil"), TOP + 1)


@pytest.mark.parametrize(("new", "old"), SAME)
def test_the_same_and_less_are_no_growth(base: Base, tmp_path: Path, new: str, old: str) -> None:
    assert [finding.message for finding in grown(base, tmp_path, new, old) if finding.fails] == []


@pytest.mark.parametrize(
    ("new", "old"), [("(dontaudit m_t var_t (file (write)))", ""), ("", "(dontaudit m_t var_t (dir (read)))")]
)
def test_what_is_logged_otherwise_is_told_and_fails_nothing(base: Base, tmp_path: Path, new: str, old: str) -> None:
    (finding,) = grown(base, tmp_path, new, old)
    assert (finding.id, finding.fails) == ("W-dontaudit", False)


def test_every_kind_is_tried() -> None:
    elsewhere = {"G-module", "G-interface"}
    assert {id_ for id_ in IDS if id_.startswith("G-")} == {id_ for _, _, id_, _ in GROWN} | elsewhere


def test_a_module_that_is_gone(base: Base, tmp_path: Path) -> None:
    before = modules(tmp_path / "old", base, {"m.cil": MODULE, "n.cil": "(type n_t)"})
    after = modules(tmp_path / "new", base, {"m.cil": MODULE})
    (finding,) = growth_findings(before, after)
    assert (finding.id, finding.message) == ("G-module", "the module n is gone, with what it confined and forbade")
