# SPDX-License-Identifier: GPL-2.0-or-later
"""Which label a port gets, on the distribution's base; the accesses are synthetic."""

from __future__ import annotations

import pytest

from policytool.generate.port_labels import port_label
from policytool.model.access import merge_vectors
from policytool.model.proposal import Proposal
from policytool.policy.compiled import CompiledPolicy
from tests.policy.tiny import BASE
from tests.synthetic import vector

pytestmark = pytest.mark.base


@pytest.fixture(scope="module")
def policy() -> CompiledPolicy:
    return CompiledPolicy(BASE)


def label(
    policy: CompiledPolicy, source: str, target: str, perm: str, *ports: int, of: str = "tcp"
) -> Proposal | None:
    (asked,) = merge_vectors(vector(source, target, f"{of}_socket", perm, path=f"port {port}") for port in ports)
    return port_label(asked, policy)


def test_a_port_that_no_service_has_gets_the_type_of_the_domain(policy: CompiledPolicy) -> None:
    found = label(policy, "httpd_t", "unreserved_port_t", "name_bind", 8888)
    assert found
    assert found.what == "semanage port -a -t http_port_t -p tcp 8888:"
    assert (found.why, found.takes, found.against) == ("unreserved_port_t is 64512 tcp ports", "", "")


def test_a_domain_without_a_port_type_needs_one(policy: CompiledPolicy) -> None:
    found = label(policy, "greeterd_t", "unreserved_port_t", "name_bind", 7311, 7312, of="udp")
    assert found
    assert found.what == "semanage port -a -t greeterd_port_t -p udp 7311, and so for 7312:"
    assert found.takes == "the type greeterd_port_t with the attribute port_type, and the same rule on it"
    found = label(policy, "greeterd_t", "unreserved_port_t", "name_bind", *range(7311, 7321))
    assert found
    assert found.what.endswith("7311, and so for 7312, 7313, 7314 and 6 more:")


def test_a_port_of_another_service(policy: CompiledPolicy) -> None:
    found = label(policy, "httpd_t", "ntop_port_t", "name_connect", 3000)
    assert found
    assert found.what == "semanage port -a -t http_port_t -p tcp 3000:"
    assert found.against == "where the port is that of ntop_port_t's service, the rule is right"
    # The policy has a statement for this port alone.
    found = label(policy, "httpd_t", "vnc_port_t", "name_connect", 5900)
    assert found
    assert found.what.startswith("semanage port -m ")


def test_where_a_rule_is_right(policy: CompiledPolicy) -> None:
    # A client of a service, a domain on its own port, no port in the record, and what is no port at all.
    assert label(policy, "greeterd_t", "http_port_t", "name_connect", 443) is None
    assert label(policy, "httpd_t", "http_port_t", "name_bind", 443) is None
    assert port_label(vector("greeterd_t", "unreserved_port_t", "tcp_socket", "name_bind"), policy) is None
    assert port_label(vector("greeterd_t", "node_t", "tcp_socket", "node_bind", path="port 1"), policy) is None
