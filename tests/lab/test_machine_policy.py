# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.daemons import load_daemons
from policytool.generate.skeleton import skeleton
from policytool.generate.writers.cil import write_cil
from policytool.graph.permission_graph import build
from policytool.lab.disk import matching
from policytool.lab.machine_policy import NEIGHBOURS, enforce_policy, record_policy
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.model.program import Helper
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.toolchain.base import Base

POLICIES = Path(__file__).resolve().parents[2] / "policies"


def test_paths_that_file_contexts_name() -> None:
    paths = ["/usr/sbin/virtqemud", "/usr/sbin/virtqemud2", "/etc/x/y"]
    assert matching([r"/usr/s?bin/virtqemud", r"/etc/x(/.*)?"], paths) == ("/usr/sbin/virtqemud", "/etc/x/y")


@pytest.mark.base
def test_a_recorded_daemon_is_permissive_and_audited_and_nothing_is_hidden(virt_base: Base) -> None:
    known = {daemon.name: daemon for daemon in load_daemons()}
    made = record_policy(virt_base, [known["virtsecretd"], Daemon("svirt", "svirt_t", "qemu_exec_t")], [])
    policy = CompiledPolicy(made.linked.policy)
    assert policy.permissive >= {"virtsecretd_t", "svirt_t"}
    assert not any(policy.rules({TeRuleType.DONTAUDIT}))
    audited = list(
        policy.rules({TeRuleType.AUDITALLOW}, lambda s, t, c: s == "policytool_recorded" and c == "file")
    )
    assert audited[0].perms == policy.classes["file"]


@pytest.mark.base
def test_an_enforcing_machine_enforces_what_recordings_show_as_entered_and_one_step_further(
    virt_base: Base,
) -> None:
    folders = [POLICIES / "virtqemud", POLICIES / "virtsecretd"]
    made = enforce_policy(virt_base, folders)
    policy = CompiledPolicy(made.linked.policy)
    assert {"virtqemud_t", "virtsecretd_t"} <= made.enforced
    assert made.enforced >= NEIGHBOURS
    assert not policy.permissive & made.enforced
    assert policy.permissive == policy.expand("domain") - made.enforced
    assert "virtqemud_exec_t" in made.ours
    # virtqemud runs tc in ifconfig_t and guests in svirt_t; ifconfig_t may load a module.
    assert {"ifconfig_t", "svirt_t"} <= made.entered
    assert "kmod_t" in made.further
    # kmod_t may mount in turn, mount_t may start what it likes: neither was entered.
    assert not {"mount_t", "rpcd_t", "udev_t", "systemd_tmpfiles_t"} & made.enforced
    # The scenarios run there.
    assert "initrc_t" not in made.enforced | made.counted
    assert made.counted == made.ours | made.entered | made.further
    assert not NEIGHBOURS & made.counted


@pytest.mark.base
def test_a_module_without_evidence_is_enforced_with_what_its_domain_may_enter(
    virt_base: Base, tmp_path: Path
) -> None:
    rules = "(allow labd_t lvm_t (process (transition)))"
    (tmp_path / "labd.cil").write_text(
        "(type labd_t) (roletype system_r labd_t) (typeattributeset domain (labd_t)) " + rules
    )
    made = enforce_policy(virt_base, [tmp_path])
    assert made.ours == {"labd_t"}
    assert made.entered == frozenset()
    assert made.further == {"lvm_t"}


@pytest.mark.base
def test_helpers_that_a_module_lets_a_daemon_enter_are_recorded_too(virt_base: Base, tmp_path: Path) -> None:
    known = {daemon.name: daemon for daemon in load_daemons()}
    daemon = known["virtnetworkd"]
    helpers = [Helper("dnsmasq_exec_t", "dnsmasq_t", ("/usr/sbin/dnsmasq",))]
    module = skeleton(daemon, build(Observations()), virt_base.identity, extends=False, helpers=helpers)
    (tmp_path / "virtnetworkd.cil").write_text(write_cil(module))
    made = record_policy(virt_base, [daemon], [tmp_path])
    # dnsmasq runs libvirt's lease helper in turn, by the base's own rule.
    assert made.recorded == {"virtnetworkd_t", "dnsmasq_t", "virt_leaseshelper_t"}
    policy = CompiledPolicy(made.linked.policy)
    assert policy.permissive >= made.recorded
    assert policy.expand("policytool_recorded") == made.recorded
    assert record_policy(virt_base, [daemon], []).recorded == {"virtnetworkd_t"}
