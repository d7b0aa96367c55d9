# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.generate.objections import Objections, dac_override_objections, known_id
from policytool.model.access import AccessVector, Result
from policytool.policy.compiled import CompiledPolicy
from tests.policy.tiny import BASE, POLICIES, compile_cil
from tests.synthetic import vector


@pytest.fixture(scope="module")
def objections(tmp_path_factory: pytest.TempPathFactory) -> Objections:
    policy = CompiledPolicy(compile_cil(tmp_path_factory.mktemp("helpers"), POLICIES / "helper_domains.cil"))
    return Objections(policy, "daemon_t", {"toolbox_t"})


@pytest.mark.parametrize(
    ("target", "tclass", "perm", "wanted"),
    [
        ("daemon_t", "process", "execmem", "R-execmem"),
        ("daemon_t", "capability", "sys_module", "R-sys-module"),
        ("daemon_t", "process", "ptrace", ""),
        ("toolbox_t", "process", "ptrace", ""),
        ("session_t", "process", "ptrace", "R-ptrace:session_t"),
        ("fixed_disk_device_t", "blk_file", "read", "R-raw-disk-read:fixed_disk_device_t"),
        ("fixed_disk_device_t", "blk_file", "append", "R-raw-disk-write:fixed_disk_device_t"),
        ("memory_device_t", "chr_file", "read", "R-raw-memory:memory_device_t"),
        ("unlabeled_t", "file", "read", "R-unlabeled"),
        ("unlabeled_t", "fd", "use", ""),
        ("secret_t", "file", "read", "R-read-security:secret_t"),
        ("secret_t", "file", "relabelto", "R-relabel-security:secret_t"),
        # A security file by its attribute, which everybody may read.
        ("keytab_t", "file", "read", ""),
        ("etc_t", "file", "write", ""),
        ("daemon_t", "capability", "chown", ""),
    ],
)
def test_by_the_structure_of_the_policy(
    objections: Objections, target: str, tclass: str, perm: str, wanted: str
) -> None:
    found = objections.objection(vector("daemon_t", target, tclass, perm))
    assert (found.id if found else "") == wanted
    assert not found or (known_id(found.id) and found.reason)


@pytest.mark.base
def test_on_the_distributions_base() -> None:
    objections = Objections(CompiledPolicy(BASE), "cupsd_t")
    for target, wanted in {
        "shadow_t": "R-read-security:shadow_t",
        "auditd_log_t": "R-read-security:auditd_log_t",
        "krb5_keytab_t": "",
        "etc_t": "",
        "passwd_t": "",
        "virt_etc_t": "",
    }.items():
        found = objections.objection(vector("cupsd_t", target, "file", "read"))
        assert (found.id if found else "") == wanted, target


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("R-execmem", True),
        ("R-ptrace:init_t", True),
        ("R-unlabeled", True),
        ("R-dac-override", True),
        ("R-execmem:init_t", False),
        ("R-ptrace", False),
        ("R-ptrace:", False),
        ("R-ptrace:a b", False),
        ("R-sys-admin", False),
        ("execmem", False),
        ("", False),
    ],
)
def test_ids(text: str, known: bool) -> None:
    assert known_id(text) is known


def cap(
    perm: str, syscall: str = "openat", *, result: Result = Result.DENIED, complete: bool = True
) -> AccessVector:
    return vector("greeterd_t", "greeterd_t", "capability", perm, syscall=syscall, result=result, complete=complete)


def file(perm: str, syscall: str = "openat") -> AccessVector:
    return vector("greeterd_t", "shadow_t", "file", perm, syscall=syscall)


def refused(*vectors: AccessVector) -> set[str]:
    return {key[3] for key in dac_override_objections(vectors)}


def test_the_weaker_capability_is_enough_for_reading() -> None:
    pair = (cap("dac_override"), cap("dac_read_search"))
    assert refused(*pair, file("read")) == {"dac_override"}
    assert refused(*pair) == {"dac_override"}


def test_and_for_nothing_else() -> None:
    pair = (cap("dac_override"), cap("dac_read_search"))
    assert refused(*pair, file("read"), file("write")) == set()
    assert refused(cap("dac_override"), file("read")) == set(), "nobody asked for the weaker one"
    assert refused(*pair, cap("dac_override", "unlink"), file("read")) == set(), "another call asked for it alone"


def test_a_log_that_hides_writing_must_show_reading() -> None:
    pair = (cap("dac_override", complete=False), cap("dac_read_search", complete=False))
    assert refused(*pair) == set()
    assert refused(*pair, file("read")) == {"dac_override"}
