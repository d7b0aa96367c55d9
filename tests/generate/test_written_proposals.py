# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.generate.choices import Choices
from policytool.model.cure import Cure
from policytool.model.profile import ModuleFormat
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.link import link_or_fail
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.generate import generate_modules
from tests.conftest import LIBVIRTS, write_part

PROPOSED = frozenset({Cure.BOOLEAN, Cure.TRANSITION, Cure.PRIVATE_TYPE, Cure.DONTAUDIT})


def denial(number: int, perm: str, target: str, tclass: str, role: str = "object_r") -> str:
    return (
        f'type=AVC msg=audit(1700000000.123:{number}): avc:  denied  {{ {perm} }} for  pid=1 comm="synthetic" '
        f"scontext=system_u:system_r:ntpd_t:s0 tcontext=system_u:{role}:{target}:s0 tclass={tclass} permissive=0\n"
    )


SYNTHETIC = "".join(
    (
        denial(1, "execute", "ifconfig_exec_t", "file"),
        denial(3, "add_name", "var_lock_t", "dir"),
        denial(4, "create", "var_lock_t", "file"),
        denial(5, "sys_tty_config", "ntpd_t", "capability", "system_r"),
        denial(6, "write", "usr_t", "dir"),
    )
)


@pytest.fixture(scope="module")
def habits_base(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base with the domain, and with others that make lock files and hide what is proposed to be hidden."""
    folder = tmp_path_factory.mktemp("habits")
    others = {"acpi", "alsa", "bluetooth", "cron", "drbd", "ftp", "iscsi", "ldap"}
    write_part(base, folder, LIBVIRTS | others | {"ntp"})
    return find_base(folder)


@pytest.mark.base
def test_what_is_asked_for_is_written_and_links(habits_base: Base, tmp_path: Path) -> None:
    log = tmp_path / "synthetic.log"
    log.write_text(SYNTHETIC)
    seen = read_trace(str(log))
    (made,) = generate_modules(seen, (), ["ntpd_t"], habits_base, Choices(write=PROPOSED))
    files = made.files(ModuleFormat.BOTH)
    text, cil = files["ntpd_extension.te"], files["ntpd_extension.cil"]
    for line in (
        "type_transition ntpd_t ifconfig_exec_t:process ifconfig_t;",
        "allow ntpd_t ifconfig_t:process transition;",
        "allow ntpd_t ifconfig_exec_t:file { execute getattr map open read };",
        "allow ifconfig_t ntpd_t:process sigchld;",
        "type_transition ntpd_t var_lock_t:file ntpd_var_lock_t;",
        "allow ntpd_t var_lock_t:dir add_name;",
        "dontaudit ntpd_t self:capability sys_tty_config;",
        "allow ntpd_t usr_t:dir write;",
    ):
        assert f"{line}\n" in text
    assert "allow ntpd_t var_lock_t:file" not in text
    policy = CompiledPolicy(link_or_fail(habits_base, {"ntpd_extension": cil}, "does not link").policy)
    assert policy.transition("ntpd_t", "var_lock_t", "file") == "ntpd_var_lock_t"
    # As the base's own types of lock files.
    assert policy.attributes_of("ntpd_var_lock_t") >= {"file_type", "lockfile"}
    cures = {access.vector.perm: access.cure for access in made.triaged}
    assert cures == {
        "execute": Cure.ALLOW,
        "add_name": Cure.ALLOW,
        "create": Cure.PRIVATE_TYPE,
        "sys_tty_config": Cure.DONTAUDIT,
        "write": Cure.ALLOW,
    }


@pytest.mark.base
def test_by_default_the_rule_is_written_and_names_the_proposal(habits_base: Base, tmp_path: Path) -> None:
    log = tmp_path / "synthetic.log"
    log.write_text(SYNTHETIC)
    (made,) = generate_modules(read_trace(str(log)), (), ["ntpd_t"], habits_base)
    assert {access.cure for access in made.triaged} == {Cure.ALLOW}
    assert made.module.types == ()
    assert made.module.transitions == ()
    text = made.files(ModuleFormat.REFPOLICY)["ntpd_extension.te"]
    assert "# proposed private type for create: type_transition ntpd_t var_lock_t:file ntpd_var_lock_t; " in text
    assert "# proposed transition for execute: type_transition ntpd_t ifconfig_exec_t" in text
