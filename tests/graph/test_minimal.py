# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import networkx as nx
import pytest

from policytool.generate.triage import Triaged
from policytool.generate.writers.cil import write_cil
from policytool.graph.minimal import after_triage
from policytool.model.cure import Cure
from policytool.policy.cil_rules import read_cil
from tests.generate.test_exact import greeter
from tests.synthetic import vector

ACCESSES = (
    Triaged(vector("a_t", "b_t", "file", "write"), Cure.ALLOW),
    Triaged(vector("a_t", "b_t", "file", "read", count=3), Cure.ALLOW, "for a reason"),
    Triaged(vector("a_t", "b_t", "file", "execute"), Cure.REFUSED, "dangerous", "R-execmod"),
    Triaged(vector("a_t", "b_t1", "file", "read"), Cure.ALLOW),
    Triaged(vector("a_t", "etc_t", "dir", "search"), Cure.GRANTED),
    Triaged(vector("c_t", "a_t", "process", "sigchld"), Cure.DONTAUDIT),
)


def test_edges_join_what_has_one_cure_and_keep_the_rest_apart() -> None:
    graph = after_triage(ACCESSES)
    assert [(edge.key, edge.cure, edge.perms) for edge in graph.edges()] == [
        (("a_t", "b_t", "file"), Cure.ALLOW, ("read", "write")),
        (("a_t", "b_t", "file"), Cure.REFUSED, ("execute",)),
        (("a_t", "b_t1", "file"), Cure.ALLOW, ("read",)),
        (("a_t", "etc_t", "dir"), Cure.GRANTED, ("search",)),
        (("c_t", "a_t", "process"), Cure.DONTAUDIT, ("sigchld",)),
    ]
    allowed, refused = list(graph.edges())[:2]
    assert (allowed.evidence.count, allowed.reasons) == (4, ("for a reason",))
    assert (refused.ids, refused.reasons) == (("R-execmod",), ("dangerous",))


def test_the_minimal_graph_has_the_rules_and_no_node_besides() -> None:
    minimal = after_triage(ACCESSES).minimal()
    assert {edge.cure for edge in minimal.edges()} == {Cure.ALLOW}
    assert list(minimal.graph.nodes) == ["domain:a_t", "object:b_t:file", "object:b_t1:file"]
    shown = after_triage(ACCESSES).cured_by(Cure.ALLOW, Cure.DONTAUDIT)
    assert "domain:c_t" in shown.graph
    assert "object:etc_t:dir" not in shown.graph


def test_nobody_changes_the_graph() -> None:
    graph = after_triage(ACCESSES)
    for cures in (graph, graph.minimal()):
        with pytest.raises(nx.NetworkXError):
            cures.graph.add_edge("domain:a_t", "object:shadow_t:file")


def test_the_order_of_the_accesses_does_not_matter() -> None:
    again = [(edge.key, edge.cure, edge.perms) for edge in after_triage(reversed(ACCESSES)).edges()]
    assert again == [(edge.key, edge.cure, edge.perms) for edge in after_triage(ACCESSES).edges()]


def test_the_edges_are_the_rules_as_written_both_ways() -> None:
    module, triaged = greeter()
    written = {
        (rule.source, rule.target if rule.target != "self" else rule.source, rule.tclass, rule.perms)
        for rule in read_cil(module.name, write_cil(module)).rules
    }
    edges = {(*edge.key, edge.perms) for edge in after_triage(triaged).minimal().edges()}
    assert written == edges
    assert {cure for *_, cure in after_triage(triaged).graph.edges(keys=True)} > {Cure.ALLOW.value}
