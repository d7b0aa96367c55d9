# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.model.daemon import Daemon
from policytool.model.module import BasePolicy
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.recorder.recording_policy import (
    compile_in_copy,
    complete_cil,
    permissive_cil,
    reachable_cil,
    skeletons_cil,
)
from policytool.recorder.selinux_host import HostPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.cache import Cache
from policytool.toolchain.link import Linked, link

# One daemon that may do one ioctl command, another that may do all, and a friend that may do one to the first.
SYNTHETIC = """
(type narrow_t) (roletype system_r narrow_t) (typeattributeset domain (narrow_t))
(type wide_t) (roletype system_r wide_t) (typeattributeset domain (wide_t))
(allow narrow_t etc_t (file (ioctl))) (allowx narrow_t etc_t (ioctl file (0x1234)))
(allow wide_t etc_t (file (ioctl)))
(allow wide_t narrow_t (unix_stream_socket (ioctl))) (allowx wide_t narrow_t (ioctl unix_stream_socket (0x1234)))
(allowx wide_t var_t (ioctl file (0x1234)))
"""


def linked(base: Base, **modules: str) -> CompiledPolicy:
    result = link(base, modules, neverallow=False, dontaudit=False)
    assert isinstance(result, Linked)
    return CompiledPolicy(result.policy)


def test_permissive_is_one_statement_a_domain() -> None:
    assert permissive_cil({"b_t", "a_t"}) == "(typepermissive a_t)\n(typepermissive b_t)\n"


@pytest.mark.base
def test_complete_has_no_allow_and_both_directions(virt_base: Base) -> None:
    policy = linked(virt_base, synthetic=SYNTHETIC)
    text = complete_cil({"narrow_t", "init_t"}, policy)
    assert "(allow" not in text
    assert "(typeattributeset policytool_recorded (init_t narrow_t))" in text
    for tclass in policy.classes:
        assert f"(auditallow policytool_recorded policytool_every ({tclass} (all)))" in text
        assert f"(auditallow policytool_every policytool_recorded ({tclass} (all)))" in text


@pytest.mark.base
def test_narrowed_commands_are_audited_too_and_no_others_are_narrowed(virt_base: Base) -> None:
    text = complete_cil({"narrow_t"}, linked(virt_base, synthetic=SYNTHETIC))
    made = linked(virt_base, synthetic=SYNTHETIC, record=text)
    audited = {
        (rule.source, rule.target, rule.tclass)
        for rule in made.rules({TeRuleType.AUDITALLOWXPERM})
        if len(rule.xperms) == 0x10000
    }
    assert audited == {("narrow_t", "etc_t", "file"), ("wide_t", "narrow_t", "unix_stream_socket")}


def test_a_daemon_without_a_domain_gets_a_skeleton_if_anything_is_known_of_it() -> None:
    known = Daemon("greeterd", "greeterd_t", "greeterd_exec_t", executables=("/usr/sbin/greeterd",))
    made = skeletons_cil([known, Daemon("cups", "cupsd_t", "cupsd_exec_t")], {"cupsd_t"}, BasePolicy("x", "", ""))
    assert list(made) == ["greeterd"]
    assert "(type greeterd_t)" in made["greeterd"]
    with pytest.raises(InputError, match="bare_t"):
        skeletons_cil([Daemon("bare", "bare_t", "bare_exec_t")], (), BasePolicy("x", "", ""))


STORE = Path("/var/lib/selinux/default")


@pytest.mark.base
@pytest.mark.skipif(not os.access(STORE / "active", os.R_OK), reason="the module store is root's")
def test_the_hosts_policy_is_compiled_in_a_copy_and_its_store_stays(tmp_path: Path) -> None:
    def store() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in STORE.rglob("*") if path.is_file()}

    before = store()
    policy = HostPolicy("default", Path("/etc/selinux/default/policy/policy.33"), STORE, enforcing=True)
    running = CompiledPolicy(policy.file)
    daemon = Daemon("greeterd", "greeterd_t", "greeterd_exec_t", executables=("/usr/sbin/greeterd",))
    cil = complete_cil(["greeterd_t"], running) + reachable_cil(["greeterd_t", "greeterd_exec_t"], running.classes)
    cil += "".join(skeletons_cil([daemon], running.types, BasePolicy("x", "", "")).values())
    made = tmp_path / "made"
    made.write_bytes(compile_in_copy(policy, cil, tmp_path, Cache(tmp_path / "cache")))
    compiled = CompiledPolicy(made)
    assert "greeterd_t" in compiled.permissive
    assert not any(compiled.rules({TeRuleType.DONTAUDIT}))
    assert compiled.transition("init_t", "greeterd_exec_t", "process") == "greeterd_t"
    allowed = compiled.rules(
        {TeRuleType.ALLOW}, lambda source, target, _: (source, target) == ("domain", "greeterd_t")
    )
    assert {rule.tclass for rule in allowed} == set(compiled.classes)
    assert store() == before
