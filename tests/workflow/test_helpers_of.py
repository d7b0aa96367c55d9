# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose access it is in the recorded traces of the repository, asked of the distribution's base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from policytool.daemons import load_daemons
from policytool.errors import UsageError
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices, child_of
from policytool.generate.triage import Cure
from policytool.model.observation import Observations
from policytool.model.profile import ModuleFormat
from policytool.model.program import Child, Whose
from policytool.policy.verdicts import Verdict
from policytool.toolchain.base import Base
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.generate import generate_modules
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.prove import prove_irreducible
from policytool.workflow.replay import replay_modules
from tests.synthetic import observations, vector

TRACE = Path(__file__).parents[2] / "traces" / "small" / "complete"
CHOICES = Choices(transitions=True, private_types=True)
WANTED = ["virtnetworkd_t", "virtqemud_t", "virtstoraged_t", "virtlxcd_t"]

pytestmark = pytest.mark.base


@pytest.fixture(scope="module")
def recorded() -> Observations:
    return read_trace(str(TRACE))


@pytest.fixture(scope="module")
def made(recorded: Observations, virt_base: Base) -> Mapping[str, Candidate]:
    return {
        candidate.daemon.name: candidate
        for candidate in generate_modules(recorded, load_daemons(), WANTED, virt_base, CHOICES)
    }


def programs(candidate: Candidate) -> set[tuple[str, Whose]]:
    assert candidate.attribution
    return {(program.path, program.whose) for program in candidate.attribution.programs}


def test_virtnetworkd_runs_dnsmasq_and_iptables_and_dnsmasq_the_rest(made: Mapping[str, Candidate]) -> None:
    candidate = made["virtnetworkd"]
    assert programs(candidate) == {
        ("/usr/sbin/virtnetworkd", Whose.OWN),
        ("/usr/sbin/dnsmasq", Whose.HELPER),
        ("/usr/sbin/xtables-nft-multi", Whose.HELPER),
        ("/usr/bin/dash", Whose.NESTED),
        ("/usr/lib/libvirt/libvirt_leaseshelper", Whose.NESTED),
    }
    assert candidate.attribution
    assert candidate.attribution.runs_in["/usr/lib/libvirt/libvirt_leaseshelper"] == {"virt_leaseshelper_t"}
    assert candidate.attribution.runs_in["/usr/bin/dash"] == {"dnsmasq_t"}
    left = {
        (t.target, t.default)
        for t in candidate.module.every_transition
        if t.source == "virtnetworkd_t" and t.tclass == "process"
    }
    assert left == {("dnsmasq_exec_t", "dnsmasq_t"), ("iptables_exec_t", "iptables_t")}


def test_what_the_helpers_did_is_in_no_rule_of_virtnetworkd(made: Mapping[str, Candidate]) -> None:
    rules = {
        (r.source, r.target, r.tclass, perm) for r in made["virtnetworkd"].module.every_rule for perm in r.perms
    }
    for gone in (
        ("virtnetworkd_t", "dnsmasq_exec_t", "file", "execute_no_trans"),
        ("virtnetworkd_t", "dhcpd_port_t", "udp_socket", "name_bind"),
        ("virtnetworkd_t", "virtnetworkd_t", "capability", "setuid"),
        ("virtnetworkd_t", "virtnetworkd_t", "netlink_netfilter_socket", "create"),
        ("virtnetworkd_t", "shell_exec_t", "file", "execute"),
    ):
        assert gone not in rules
    for taken in (
        ("virtnetworkd_t", "dnsmasq_t", "process", "transition"),
        ("virtnetworkd_t", "dnsmasq_exec_t", "file", "execute"),
        ("virtnetworkd_t", "iptables_t", "process", "transition"),
        ("dnsmasq_t", "virtnetworkd_t", "fd", "use"),
        ("iptables_t", "virtnetworkd_t", "fifo_file", "write"),
        ("virtnetworkd_t", "virtnetworkd_t", "capability", "net_admin"),
    ):
        assert taken in rules


def test_virtqemud_probes_qemu_itself_and_asks_for_the_guests_domain(made: Mapping[str, Candidate]) -> None:
    candidate = made["virtqemud"]
    assert programs(candidate) == {
        ("/usr/sbin/virtqemud", Whose.OWN),
        ("/usr/sbin/dmidecode", Whose.HELPER),
        ("/usr/sbin/tc", Whose.HELPER),
        ("/usr/bin/dash", Whose.STAYS),
        ("/usr/libexec/qemu-system-i386", Whose.STAYS),
        ("/usr/bin/qemu-system-x86_64", Whose.STAYS),
        ("/usr/bin/qemu-system-x86_64", Whose.SETEXEC),
    }
    assert not any(t.target == "qemu_exec_t" for t in candidate.module.every_transition)
    assert candidate.attribution
    stays = {p.path: p.reason for p in candidate.attribution.programs if p.whose is Whose.STAYS}
    assert "which of them depends on who runs it" in stays["/usr/bin/qemu-system-x86_64"]
    rules = {(r.source, r.target, r.tclass, perm) for r in candidate.module.every_rule for perm in r.perms}
    assert ("virtqemud_t", "qemu_exec_t", "file", "execute_no_trans") in rules
    assert ("virtqemud_t", "svirt_t", "process", "transition") in rules


def test_qemu_img_stays_with_virtstoraged(made: Mapping[str, Candidate]) -> None:
    candidate = made["virtstoraged"]
    assert programs(candidate) == {("/usr/sbin/virtstoraged", Whose.OWN), ("/usr/bin/qemu-img", Whose.STAYS)}
    assert not candidate.cured(Cure.TRANSITION)


def test_qemu_img_leaves_virtstoraged_on_request(recorded: Observations, virt_base: Base, tmp_path: Path) -> None:
    daemons = load_daemons()
    virtstoraged = next(daemon for daemon in daemons if daemon.name == "virtstoraged")
    choices = replace(CHOICES, children=(child_of(virtstoraged, "/usr/bin/qemu-img"),))
    (candidate,) = generate_modules(recorded, daemons, ["virtstoraged_t"], virt_base, choices)
    assert programs(candidate) == {("/usr/sbin/virtstoraged", Whose.OWN), ("/usr/bin/qemu-img", Whose.HELPER)}
    child, way_in = "virtstoraged_qemu_img_t", "virtstoraged_qemu_img_exec_t"
    assert {child, way_in} < candidate.module.declared
    assert ("virtstoraged_t", way_in, child) in {
        (t.source, t.target, t.default) for t in candidate.module.every_transition
    }
    assert (r"/usr/bin/qemu-img", way_in) in {(f.pattern, f.context.type_) for f in candidate.module.file_contexts}
    rules = {(r.source, r.target, r.tclass, perm) for r in candidate.module.every_rule for perm in r.perms}
    assert ("virtstoraged_t", child, "process", "transition") in rules
    assert (child, way_in, "file", "entrypoint") in rules
    assert ("virtstoraged_t", way_in, "file", "execute_no_trans") not in rules
    assert {perm for *key, perm in rules if key == [child, child, "process"]}, "what it did is its own now"
    for name, text in candidate.files(ModuleFormat.REFPOLICY).items():
        (tmp_path / name).write_text(text)
    modules = ModuleSet([tmp_path], virt_base)
    replayed = replay_modules(recorded, daemons, modules)
    denied = {result.vector.key for result in replayed.outcome.results if result.verdict is Verdict.DENIED}
    assert not [key for key in denied if {child, way_in} & set(key)], "others' modules are not there, this one is"
    proof, _ = prove_irreducible(recorded, daemons, modules)
    assert not [judged for judged in proof.findings if {child, way_in} & {judged.rule.source, judged.rule.target}]


def test_a_child_that_was_not_seen_to_run_is_refused(recorded: Observations, virt_base: Base) -> None:
    choices = replace(CHOICES, children=(Child("virtstoraged_t", "/usr/bin/lvm", "x_t", "x_exec_t"),))
    with pytest.raises(UsageError, match="not seen to run in virtstoraged_t; these were: /usr/bin/qemu-img"):
        generate_modules(recorded, load_daemons(), ["virtstoraged_t"], virt_base, choices)


def test_ip_and_dmidecode_leave_virtlxcd(made: Mapping[str, Candidate]) -> None:
    assert programs(made["virtlxcd"]) == {
        ("/usr/sbin/virtlxcd", Whose.OWN),
        ("/usr/bin/ip", Whose.HELPER),
        ("/usr/sbin/dmidecode", Whose.HELPER),
    }


def test_what_nobody_saw_a_helper_do_is_unmapped_and_no_rule(made: Mapping[str, Candidate]) -> None:
    candidate = made["virtnetworkd"]
    unmapped = candidate.cured(Cure.UNMAPPED)
    assert ("virt_leaseshelper_t", "proc_t", "filesystem", "getattr") in unmapped
    assert ("virt_leaseshelper_t", "var_run_t", "file", "create") not in unmapped, (
        "the base has its new files in /run be virt_runtime_t, and lets it make them"
    )
    rules = {(r.source, r.target, r.tclass, perm) for r in candidate.module.every_rule for perm in r.perms}
    # What cannot be told keeps its rule, and is listed.
    kept = {t.vector.key for t in candidate.triaged if t.cure is Cure.UNMAPPED and t.reason.endswith(" stays")}
    assert unmapped & rules <= kept
    assert not {key for key in unmapped & rules if key[0] == "virt_leaseshelper_t"}


def test_refused_until_somebody_accepts_it(
    made: Mapping[str, Candidate], recorded: Observations, virt_base: Base
) -> None:
    (refused,) = (t for t in made["virtstoraged"].triaged if t.id == "R-execmem")
    assert refused.cure is Cure.REFUSED
    choices = replace(CHOICES, accepted={"virtstoraged": {"R-execmem": "libpcre compiles expressions"}})
    (accepted,) = generate_modules(recorded, load_daemons(), ["virtstoraged_t"], virt_base, choices)
    (rule,) = (rule for rule in accepted.module.rules if "execmem" in rule.perms)
    assert "R-execmem is accepted: libpcre compiles expressions" in rule.reason


def test_without_transitions_helpers_stay(recorded: Observations, virt_base: Base) -> None:
    (candidate,) = generate_modules(
        recorded, load_daemons(), ["virtnetworkd_t"], virt_base, replace(CHOICES, transitions=False)
    )
    assert {t.source for t in candidate.module.every_transition if t.tclass == "process"} == {"init_t"}
    rules = {(r.source, r.target, r.tclass, perm) for r in candidate.module.every_rule for perm in r.perms}
    assert ("virtnetworkd_t", "dnsmasq_exec_t", "file", "execute_no_trans") in rules
    assert not candidate.cured(Cure.TRANSITION)


def test_a_recording_under_the_transition_gives_the_helpers_rules(virt_base: Base) -> None:
    """Synthetic: what a second pass would show of a daemon that runs dnsmasq in dnsmasq_t."""
    dnsmasq = "/usr/sbin/dnsmasq"
    seen = observations(
        vector("greeterd_t", "greeterd_exec_t", "file", "entrypoint", path="/usr/sbin/greeterd", syscall="execve"),
        vector("greeterd_t", "dnsmasq_t", "process", "transition", program=dnsmasq, syscall="execve"),
        vector(
            "dnsmasq_t", "dnsmasq_exec_t", "file", "entrypoint", program=dnsmasq, path=dnsmasq, syscall="execve"
        ),
        vector("dnsmasq_t", "greeterd_t", "fd", "use", program=dnsmasq, syscall="execve"),
        vector("dnsmasq_t", "virt_log_t", "file", "write", program=dnsmasq),
        vector("dnsmasq_t", "etc_t", "file", "read", program=dnsmasq),
        vector("cupsd_t", "virt_log_t", "file", "write", program="/usr/sbin/cupsd"),
    )
    (candidate,) = generate_modules(seen, (), ["greeterd_t"], virt_base, CHOICES)
    assert ("dnsmasq_exec_t", "dnsmasq_t") in {(t.target, t.default) for t in candidate.module.every_transition}
    rules = {(r.source, r.target): r for r in candidate.module.every_rule}
    assert ("dnsmasq_t", "greeterd_t") in rules
    assert rules["dnsmasq_t", "virt_log_t"].reason == "helper dnsmasq_t, entered from greeterd_t"
    assert ("dnsmasq_t", "etc_t") not in rules, "the base grants it"
    assert not any(source == "cupsd_t" for source, _ in rules)
