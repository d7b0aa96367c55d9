# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.daemons import load_daemons
from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.lab.entered import domains_by_program, one_step_further, seen_entered
from policytool.model.access import Evidence
from policytool.model.daemon import Daemon
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import link_or_fail


def access(
    source: str, target: str, perm: str, cure: Cure = Cure.ALLOW, tclass: str = "process"
) -> ExplainedAccess:
    return ExplainedAccess((source, target, tclass, perm), cure, "", Evidence(1, 0, 0, ()))


def test_entered_is_what_a_domain_of_ours_was_seen_to_become() -> None:
    accesses = (
        access("ours_t", "lvm_t", "transition"),
        access("ours_t", "asked_t", "dyntransition", Cure.GRANTED),
        access("ours_t", "refused_t", "transition", Cure.REFUSED),
        access("ours_t", "watched_t", "sigchld"),
        access("ours_t", "shared_t", "transition", tclass="file"),
        access("init_t", "ours_t", "transition"),
        access("init_t", "tmpfiles_t", "transition"),
        access("ours_t", "child_t", "transition"),
    )
    ours = [ModuleEvidence("ours", "ours_t", accesses)]
    assert seen_entered(ours, {"ours_t", "child_t"}) == {"lvm_t", "asked_t"}
    # What a helper was seen to enter in turn is in the evidence of any module that it belongs to.
    helpers = (access("lvm_t", "kmod_t", "rlimitinh", Cure.DONTAUDIT), access("kmod_t", "ours_t", "transition"))
    chain = [*ours, ModuleEvidence("other", "other_t", helpers)]
    assert seen_entered(chain, {"ours_t", "child_t"}) == {"lvm_t", "asked_t", "kmod_t"}


@pytest.mark.base
def test_one_step_further_is_one_step(base: Base) -> None:
    policy = CompiledPolicy(link_or_fail(base, {}, "the base does not link").policy)
    assert one_step_further(policy, {"lvm_t"}) == {"kmod_t"}
    assert one_step_further(policy, {"lvm_t", "kmod_t"}) == {"alsa_t", "mount_t"}


@pytest.mark.base
def test_the_domain_of_a_daemon_is_found_by_its_program_and_not_by_its_name(base: Base) -> None:
    linked = link_or_fail(base, {}, "the base does not link")
    odd = Daemon("odd", "odd_t", "odd_exec_t", executables=("/usr/bin/no-label-of-its-own",))
    found = domains_by_program(
        (*load_daemons(), odd), FileContextLabels(linked.file_contexts), CompiledPolicy(linked.policy)
    )
    assert found["libvirt_lxc"] == "virtd_lxc_t"
    assert found["libvirtd"] == "virtd_t"
    assert found["virtlogd"] == "virtlogd_t"
    # Without a module of theirs, the programs of these have the label that all programs have.
    assert "virtqemud" not in found
    assert "odd" not in found
