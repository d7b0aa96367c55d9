# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.generate.triage import Triaged
from policytool.graph.minimal import after_triage
from policytool.graph.opened_by import opened_by
from policytool.model.cure import Cure
from tests.synthetic import vector

GRAPH = after_triage(
    [
        Triaged(vector("d_t", "etc_t", "file", "read"), Cure.GRANTED),
        Triaged(vector("d_t", "proc_t", "file", "read"), Cure.REFUSED),
        Triaged(vector("helper_t", "etc_t", "file", "read"), Cure.GRANTED),
        Triaged(vector("helper_t", "port_t", "tcp_socket", "name_bind"), Cure.GRANTED),
        Triaged(vector("nested_t", "lease_t", "file", "write"), Cure.ALLOW),
        Triaged(vector("nested_t", "proc_t", "file", "read"), Cure.ALLOW),
        Triaged(vector("other_t", "shared_t", "file", "read"), Cure.ALLOW),
        Triaged(vector("helper_t", "shared_t", "file", "read"), Cure.ALLOW),
        Triaged(vector("virsh_t", "d_t", "unix_stream_socket", "connectto"), Cure.ALLOW),
    ]
)
ENTRIES = [("d_t", "helper_t"), ("d_t", "other_t"), ("helper_t", "nested_t")]


def test_what_only_a_helper_leads_to_is_opened_by_it() -> None:
    assert opened_by(GRAPH, "d_t", ENTRIES) == {
        "domain:nested_t": ("helper_t",),
        "object:lease_t:file": ("helper_t", "nested_t"),
        "object:port_t:tcp_socket": ("helper_t",),
        "object:proc_t:file": ("helper_t", "nested_t"),  # refused to the daemon itself
    }


def test_a_second_way_opens_it_too() -> None:
    found = opened_by(GRAPH, "d_t", [*ENTRIES, ("other_t", "nested_t")])
    assert found["object:lease_t:file"] == ("nested_t",)
    assert "domain:nested_t" not in found


def test_what_helpers_took_with_them_is_a_way() -> None:
    taken = vector("helper_t", "taken_t", "dir", "search")
    assert opened_by(GRAPH, "d_t", ENTRIES, [taken])["object:taken_t:dir"] == ("helper_t",)


def test_a_domain_that_does_nothing_opens_nothing() -> None:
    assert opened_by(GRAPH, "idle_t", []) == {}
