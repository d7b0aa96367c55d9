# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from policytool.errors import UsageError
from policytool.generate.choices import Choices
from policytool.generate.triage import Cure
from policytool.graph.permission_graph import build
from policytool.model.profile import ModuleFormat, Profile
from policytool.policy.decide import Decider
from policytool.toolchain.base import Base, base_cil, find_base
from policytool.toolchain.link import link_or_fail
from policytool.workflow.generate import describe, generate_modules
from policytool.workflow.module_set import ModuleSet
from tests.conftest import write_part
from tests.synthetic import GREETER, observations, vector


def test_an_unknown_daemon_is_described_by_its_entry_point() -> None:
    daemon = describe("greeterd_t", build(GREETER))
    assert (daemon.name, daemon.exec_type) == ("greeterd", "greeterd_exec_t")
    assert daemon.executables == ("/usr/sbin/greeterd",)


def test_a_program_of_its_name_is_the_way_in_where_nobody_was_seen_to_enter() -> None:
    seen = observations(
        vector("appd_t", "etc_t", "file", "read", program="/opt/app/bin/appd"),
        vector("appd_t", "usr_t", "file", "read", program="/usr/bin/python3"),
        vector("init_t", "usr_t", "file", "read", program="/elsewhere/appd"),
    )
    daemon = describe("appd_t", build(seen))
    assert (daemon.exec_type, daemon.executables) == ("appd_exec_t", ("/opt/app/bin/appd",))
    assert describe(
        "greeterd_t", build(observations(vector("greeterd_t", "etc_t", "file", "read")))
    ).executables == ("/usr/sbin/greeterd",)
    assert describe("other_t", build(observations(vector("other_t", "etc_t", "file", "read")))).executables == ()


@pytest.mark.parametrize("path", ["/srv/x(.*)? <<none>>", "/srv/a\nb", "/srv/\u202ex", "relative", "/srv/a b"])
def test_a_hostile_entry_point_becomes_no_file_context(path: str) -> None:
    seen = observations(vector("greeterd_t", "tmp_t", "file", "entrypoint", path=path))
    assert describe("greeterd_t", build(seen)).executables == ()


def test_a_name_that_m4_would_run_is_refused() -> None:
    with pytest.raises(UsageError, match="macro of m4"):
        describe("dnl_t", build(observations(vector("dnl_t", "etc_t", "file", "read"))))


def test_a_program_under_a_type_of_the_base_gets_a_type_of_its_own() -> None:
    seen = observations(vector("greeterd_t", "bin_t", "file", "entrypoint", path="/usr/bin/greeterd"))
    assert describe("greeterd_t", build(seen), {"bin_t"}).exec_type == "greeterd_exec_t"
    odd = observations(vector("greeterd_t", "dnl", "file", "entrypoint", path="/usr/bin/greeterd"))
    assert describe("greeterd_t", build(odd)).exec_type == "greeterd_exec_t"


@pytest.fixture(scope="module")
def served_base(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base with the domains that the tests name, and a module `bind`."""
    folder = tmp_path_factory.mktemp("served")
    write_part(base, folder, {"bind", "cups", "qemu", "ssh", "unconfined", "virt"})
    return find_base(folder)


@pytest.mark.base
def test_what_others_do_to_a_program_of_the_base_is_in_no_extension(served_base: Base) -> None:
    seen = observations(
        vector("cupsd_t", "shell_exec_t", "file", "entrypoint", path="/bin/sh"),
        vector("cupsd_t", "virt_log_t", "file", "getattr"),
        vector("sshd_t", "shell_exec_t", "file", "write", path="/bin/sh"),
    )
    (made,) = generate_modules(seen, (), ["cupsd_t"], served_base)
    assert {rule.source for rule in made.module.every_rule} == {"cupsd_t"}


@pytest.mark.base
def test_entries_names_and_aliases(served_base: Base) -> None:
    seen = observations(
        vector("unconfined_t", "bind_t", "process", "transition"),
        vector("parentd_t", "bind_t", "process", "transition"),
        vector("bind_t", "cupsd_var_run_t", "file", "read"),
        vector("bind_t", "cupsd_runtime_t", "file", "open"),
    )
    (made,) = generate_modules(seen, (), ["bind_t"], served_base)
    assert made.module.name == "bind_domain", "a module `bind` would replace the base's"
    assert [transition.source for transition in made.module.transitions if transition.source != "unconfined_t"] == [
        "init_t"
    ]
    assert [(rule.target, rule.perms) for rule in made.module.every_rule if rule.source == "bind_t"] == [
        ("cupsd_runtime_t", ("open", "read"))
    ]


RAW = observations(
    vector("greeterd_t", "fixed_disk_device_t", "blk_file", "read", path="/dev/sda"),
    vector("greeterd_t", "fixed_disk_device_t", "chr_file", "read", path="/dev/raw1"),
    vector("greeterd_t", "shadow_t", "file", "write", path="/etc/shadow"),
)


@pytest.mark.base
def test_what_a_neverallow_rule_forbids_is_refused_under_its_id(small_base: Base) -> None:
    (made,) = generate_modules(RAW, (), ["greeterd_t"], small_base)
    assert {triaged.cure for triaged in made.triaged} == {Cure.REFUSED}
    assert {triaged.id for triaged in made.triaged} >= {"R-raw-disk-read:fixed_disk_device_t"}
    assert (made.module.rules, made.module.attributes) == ((), ())


@pytest.mark.base
def test_what_is_accepted_joins_the_attribute_that_the_neverallow_rule_exempts(small_base: Base) -> None:
    accepted = {"greeterd": {"R-raw-disk-read:fixed_disk_device_t": "it reads disks"}}
    (made,) = generate_modules(RAW, (), ["greeterd_t"], small_base, Choices(accepted))
    assert [(attribute.type_, attribute.attributes) for attribute in made.module.attributes] == [
        ("greeterd_t", ("fixed_disk_raw_read",))
    ]
    assert {(rule.target, rule.tclass, rule.perms) for rule in made.module.rules} == {
        ("fixed_disk_device_t", "blk_file", ("read",)),
        ("fixed_disk_device_t", "chr_file", ("read",)),
    }
    assert made.cured(Cure.REFUSED) == {("greeterd_t", "shadow_t", "file", "write")}


@pytest.mark.base
def test_what_a_constraint_denies_although_there_is_a_rule_is_no_rule(small_base: Base) -> None:
    # The base lets only few domains give a file to another SELinux user.
    same = vector("greeterd_t", "etc_t", "file", "relabelto", path="/etc/greeter")
    other = replace(same, target=replace(same.target, user="unconfined_u"))
    (alone,) = generate_modules(observations(other), (), ["greeterd_t"], small_base)
    assert {(triaged.cure, triaged.id) for triaged in alone.triaged} == {(Cure.CONSTRAINT, "")}
    assert alone.module.rules == ()
    (both,) = generate_modules(observations(same, other), (), ["greeterd_t"], small_base)
    assert {triaged.cure for triaged in both.triaged} == {Cure.CONSTRAINT, Cure.ALLOW}
    assert [rule.perms for rule in both.module.rules] == [("relabelto",)]


@pytest.fixture(scope="module")
def block_base(small_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base with a domain in a block of CIL, as udica's containers are."""
    folder = tmp_path_factory.mktemp("block")
    for path in base_cil(small_base):
        shutil.copy(path, folder)
    (folder / "box.cil").write_text(
        "(block container (type process) (roletype system_r process) (typeattributeset domain (process)))\n"
        "(block box (blockinherit container))\n"
    )
    return find_base(folder)


@pytest.mark.base
def test_a_type_of_a_block_gets_its_extension_in_cil(block_base: Base, tmp_path: Path) -> None:
    seen = observations(
        vector("box.process", "etc_t", "file", "write"), vector("box.process", "usr_t", "dir", "read")
    )
    (made,) = generate_modules(seen, (), ["box.process"], block_base)
    assert made.module.extends
    assert {rule.target for rule in made.module.every_rule} == {"etc_t", "usr_t"}
    files = made.files(ModuleFormat.REFPOLICY)
    assert sorted(files) == ["box_process_extension.cil", "evidence.json"]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    modules = ModuleSet([tmp_path], block_base)
    assert modules.domains == {"box.process"}
    policy = modules.policy
    with Decider(policy) as decider:
        assert all(decider.decide(vector).allowed for vector in seen.vectors)


@pytest.mark.base
def test_a_module_of_blocks_declares_what_they_inherit(block_base: Base, tmp_path: Path) -> None:
    (tmp_path / "crate.cil").write_text(
        "(block crate (blockinherit container) (allow process etc_t (file (read))))\n"
    )
    assert ModuleSet([tmp_path], block_base).subjects == {"crate.process"}


def test_a_program_without_a_domain_is_told_what_to_do(base: Base) -> None:
    seen = observations(vector("unconfined_service_t", "etc_t", "file", "read"))
    with pytest.raises(UsageError, match="still runs in unconfined_service_t has no domain"):
        generate_modules(seen, (), ["appd_t"], base)


def test_a_name_that_was_not_seen_is_answered_with_the_nearest(base: Base) -> None:
    with pytest.raises(UsageError, match=r"greterd_t does not occur in the traces; did you mean greeterd_t\?"):
        generate_modules(GREETER, (), ["greterd_t"], base)


@pytest.mark.base
def test_a_compiled_policy_is_asked_and_not_linked(block_base: Base, tmp_path: Path) -> None:
    linked = link_or_fail(block_base, {}, "the base")
    compiled = find_base(linked.policy)
    seen = observations(vector("box.process", "etc_t", "file", "write"), vector("init_t", "etc_t", "file", "read"))
    wanted = ["box.process", "init_t"]
    by_file = {made.module.name: made.module for made in generate_modules(seen, (), wanted, compiled)}
    by_modules = generate_modules(seen, (), wanted, block_base)
    assert {made.module.name: made.module.every_rule for made in by_modules} == {
        name: module.every_rule for name, module in by_file.items()
    }
    with pytest.raises(UsageError, match="has no domain greeterd_t: a new one needs the modules"):
        generate_modules(GREETER, (), ["greeterd_t"], compiled)
    with pytest.raises(UsageError, match="profile robust needs the modules"):
        generate_modules(seen, (), wanted, compiled, profile=Profile.ROBUST)
