# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.generate.proposals import Proposals
from policytool.model.access import AccessVector, Evidence, Result
from policytool.model.cure import Cure
from policytool.model.proposal import Proposal
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from tests.policy.tiny import BASE, POLICIES, compile_cil


class Asked:
    """Proposals of one policy for single accesses, without a story."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._policy = policy
        self._proposals = Proposals(policy, policy)

    def __call__(self, source: str, target: str, tclass: str, perm: str) -> dict[Cure, Proposal]:
        subject, object_ = (self._policy.object_context(type_) for type_ in (source, target))
        vector = AccessVector(subject, object_, tclass, perm, Result.DENIED, False, Evidence(1, 0, 0, ()))
        with Decider(self._policy) as decider:
            found = self._proposals.of(vector, decider.decide(vector))
        assert [proposal.cure for proposal in found] == list(dict.fromkeys(proposal.cure for proposal in found))
        return {proposal.cure: proposal for proposal in found}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return Asked(CompiledPolicy(compile_cil(tmp_path_factory.mktemp("proposals"), POLICIES / "proposals.cil")))


@pytest.fixture(scope="module")
def ask_base() -> Asked:
    return Asked(CompiledPolicy(BASE))


def test_a_program_that_others_enter_another_domain_by(ask: Asked) -> None:
    found = ask("new_t", "tool_exec_t", "file", "execute")
    assert list(found) == [Cure.TRANSITION]
    proposal = found[Cure.TRANSITION]
    assert proposal.what == "type_transition new_t tool_exec_t:process tool_t;"
    assert proposal.why == "2 domains of the base enter tool_t by running tool_exec_t"
    # The domain of a session is none that a daemon enters.
    assert "user_t" not in proposal.text
    assert proposal.text.startswith("transition: type_transition new_t tool_exec_t:process tool_t; 2 domains")
    # Who is there already, and who has the transition, needs none.
    assert ask("tool_t", "tool_exec_t", "file", "execute") == {}
    assert ask("a_t", "tool_exec_t", "file", "execute_no_trans") == {}
    assert ask("new_t", "tool_exec_t", "file", "read") == {}


def test_a_type_of_any_program_leads_nowhere(ask: Asked) -> None:
    assert ask("new_t", "bin_t", "file", "execute") == {}


def test_several_ways_in_are_named(ask: Asked) -> None:
    proposal = ask("new_t", "two_exec_t", "file", "execute_no_trans")[Cure.TRANSITION]
    assert proposal.why == "1 domain of the base enters f_t by running two_exec_t"
    assert proposal.against.startswith("others enter tool_t by it, so it depends on who runs it; ")


@pytest.mark.parametrize(
    ("tclass", "perm", "wanted"),
    [
        ("file", "create", "type_transition new_t shared_t:file new_shared_t;"),
        ("file", "write", "type_transition new_t shared_t:file new_shared_t;"),
        ("dir", "add_name", "type_transition new_t shared_t:file new_shared_t;"),
        ("sock_file", "create", "type_transition new_t shared_t:sock_file new_shared_t;"),
        ("file", "read", ""),
        # To connect is to write.
        ("sock_file", "write", ""),
    ],
)
def test_a_folder_that_services_share(ask: Asked, tclass: str, perm: str, wanted: str) -> None:
    found = ask("new_t", "shared_t", tclass, perm)
    assert [proposal.what for proposal in found.values()] == ([wanted] if wanted else [])
    assert set(found) <= {Cure.PRIVATE_TYPE}


def test_a_folder_of_one_domain_is_not_shared_and_who_has_a_type_there_needs_none(ask: Asked) -> None:
    assert ask("new_t", "own_t", "file", "create") == {}
    assert ask("a_t", "shared_t", "file", "create") == {}


def test_a_file_that_everybody_reads_was_there_before(ask: Asked) -> None:
    assert ask("new_t", "etc_t", "file", "write") == {}
    assert list(ask("new_t", "etc_t", "file", "create")) == [Cure.PRIVATE_TYPE]


def test_what_many_hide_and_few_may_do(ask: Asked) -> None:
    proposal = ask("new_t", "new_t", "capability", "net_admin")[Cure.DONTAUDIT]
    assert proposal.what == "dontaudit new_t self:capability net_admin;"
    assert proposal.why == "4 domains of the base hide it, and 1 may do it"
    # One domain's habit is none of the base's.
    assert ask("new_t", "home_t", "dir", "search") == {}


def test_a_boolean_is_named(ask: Asked) -> None:
    found = ask("new_t", "port_t", "tcp_socket", "name_connect")
    assert [proposal.what for proposal in found.values()] == ["setsebool -P may_connect=1:"]
    assert set(found) == {Cure.BOOLEAN}


@pytest.mark.base
@pytest.mark.parametrize(
    ("source", "target", "tclass", "perm", "cures"),
    [
        ("ntpd_t", "ifconfig_exec_t", "file", "execute", [Cure.TRANSITION]),
        ("sshd_t", "lvm_exec_t", "file", "execute", [Cure.TRANSITION]),
        ("cupsd_t", "mount_exec_t", "file", "execute", [Cure.TRANSITION]),
        ("cupsd_t", "dmidecode_exec_t", "file", "execute", [Cure.TRANSITION]),
        ("ntpd_t", "bin_t", "file", "execute", []),
        ("ntpd_t", "shell_exec_t", "file", "execute", []),
        ("ntpd_t", "hostname_exec_t", "file", "execute", []),
        ("ntpd_t", "var_lock_t", "dir", "add_name", [Cure.PRIVATE_TYPE]),
        ("ntpd_t", "var_lock_t", "file", "create", [Cure.PRIVATE_TYPE]),
        ("dnsmasq_t", "tmp_t", "file", "write", [Cure.PRIVATE_TYPE]),
        ("dnsmasq_t", "etc_t", "file", "write", []),
        ("httpd_t", "http_port_t", "tcp_socket", "name_connect", [Cure.BOOLEAN]),
        ("ntpd_t", "ntpd_t", "process", "execmem", [Cure.DONTAUDIT]),
        ("mysqld_t", "mysqld_t", "capability", "net_admin", [Cure.DONTAUDIT]),
        ("cupsd_t", "user_home_dir_t", "dir", "search", [Cure.DONTAUDIT]),
        ("cupsd_t", "cupsd_t", "capability", "sys_chroot", []),
        ("ntpd_t", "sysctl_vm_t", "dir", "search", []),
    ],
)
def test_on_the_distributions_base(
    ask_base: Asked, source: str, target: str, tclass: str, perm: str, cures: list[Cure]
) -> None:
    assert list(ask_base(source, target, tclass, perm)) == cures
