# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.entries import entered_domains, entries
from tests.policy.tiny import BASE, POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("helpers"), POLICIES / "helper_domains.cil"))


def test_only_the_one_domain_that_a_rule_leads_to_is_a_programs_own(policy: CompiledPolicy) -> None:
    found = entries(policy)
    assert found.enterable == {"toolbox_exec_t": "toolbox_t", "deep_exec_t": "deep_t"}
    assert found.several == {"guest_exec_t": ("one_t", "two_t")}


def test_helpers_are_followed_and_what_starts_the_system_is_not(policy: CompiledPolicy) -> None:
    known = entries(policy)
    assert entered_domains(policy, {"toolbox_t"}, known) == {"deep_t"}
    assert entered_domains(policy, {"daemon_t"}, known) == frozenset()
    assert entered_domains(policy, {"init_t"}, known) == frozenset()


@pytest.mark.base
def test_on_the_distributions_base() -> None:
    policy = CompiledPolicy(BASE)
    found = entries(policy)
    assert {
        name: found.enterable.get(f"{name}_exec_t") for name in ("dnsmasq", "iptables", "mount", "ifconfig")
    } == {
        "dnsmasq": "dnsmasq_t",
        "iptables": "iptables_t",
        "mount": "mount_t",
        "ifconfig": "ifconfig_t",
    }
    for program in ("bin_t", "shell_exec_t", "lib_t", "qemu_exec_t", "ssh_exec_t"):
        assert program not in found.enterable, program
    assert set(found.several["qemu_exec_t"]) == {"qemu_t", "svirt_t", "svirt_prot_exec_t"}
    assert entered_domains(policy, {"dnsmasq_t"}, found) == {"virt_leaseshelper_t"}
    # mount_t leads to init's scripts by way of glusterd_t, and those to everything.
    assert "initrc_t" not in entered_domains(policy, {"mount_t"}, found)
    assert entered_domains(policy, {"lvm_t"}, found) == {"alsa_t", "kmod_t", "mount_t"}
