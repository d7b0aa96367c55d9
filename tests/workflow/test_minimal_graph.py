# SPDX-License-Identifier: GPL-2.0-or-later
"""The minimal graph of daemons in a recording of the repository, against the modules that `generate` makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from policytool.daemons import load_daemons
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.writers.cil import write_cil
from policytool.graph.permission_graph import build
from policytool.model.cure import Cure
from policytool.model.observation import Observations
from policytool.model.profile import Profile
from policytool.model.program import Whose
from policytool.policy.cil_rules import read_cil
from policytool.toolchain.base import Base
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.generate import make_modules, prepare
from policytool.workflow.minimal_graph import DaemonGraph, graphs_of, joined

TRACE = Path(__file__).resolve().parents[2] / "traces" / "small" / "complete"
WANTED = ["virtnetworkd_t", "virtsecretd_t"]
CHOICES = Choices(transitions=True, private_types=True)

pytestmark = pytest.mark.base


@dataclass(frozen=True)
class Made:
    seen: Observations
    graphs: Mapping[str, DaemonGraph]
    modules: Mapping[str, Candidate]


@pytest.fixture(scope="module")
def made(virt_base: Base) -> Made:
    seen = read_trace(str(TRACE))
    prepared = prepare(seen, load_daemons(), WANTED, virt_base, CHOICES)
    modules = make_modules(prepared, virt_base, Profile.EXACT)
    graphs = graphs_of(prepared, modules)
    return Made(
        seen,
        {graph.daemon.domain: graph for graph in graphs},
        {candidate.daemon.domain: candidate for candidate in modules},
    )


def written(modules: Sequence[Candidate]) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """Return the allow rules of MODULES, as they stand in the text that is linked."""
    return {
        (rule.source, rule.source if rule.target == "self" else rule.target, rule.tclass, rule.perms)
        for candidate in modules
        for rule in read_cil(candidate.module.name, write_cil(candidate.module)).rules
    }


@pytest.mark.parametrize("domain", WANTED)
def test_the_edges_are_the_rules_and_the_rules_are_the_edges(made: Made, domain: str) -> None:
    edges = {(*edge.key, edge.perms) for edge in made.graphs[domain].graph.minimal().edges()}
    rules = written([made.modules[domain]])
    assert len(rules) > 40
    assert edges - rules == set()
    assert rules - edges == set()


def test_two_daemons_in_one_graph_have_the_rules_of_both_modules(made: Made) -> None:
    edges = {(*edge.key, edge.perms) for edge in joined(made.graphs.values()).minimal().edges()}
    assert edges == written(list(made.modules.values()))


def test_everything_that_the_daemon_was_seen_doing_is_on_an_edge_with_a_cure(made: Made) -> None:
    for domain, graph in made.graphs.items():
        done = {vector.key for vector in build(made.seen).around([domain]).vectors() if vector.key[0] == domain}
        cured = {(*edge.key, perm) for edge in graph.graph.edges() for perm in edge.perms}
        assert len(done) > 80
        assert done - cured == set()


def test_what_a_private_type_replaced_is_off_the_rules(made: Made) -> None:
    graph = made.graphs["virtnetworkd_t"]
    rules = {edge.key for edge in graph.graph.minimal().edges()}
    replaced = {edge.key: edge for edge in graph.graph.edges(Cure.PRIVATE_TYPE)}
    edge = replaced["virtnetworkd_t", "virt_etc_rw_t", "file"]
    assert "create" in edge.perms
    assert edge.reasons == ("it is of type virtnetworkd_conf_t under the skeleton",)
    assert ("virtnetworkd_t", "virt_etc_rw_t", "file") not in rules
    assert ("virtnetworkd_t", "virtnetworkd_conf_t", "file") in rules


def test_the_helper_alone_opens_what_it_took(made: Made) -> None:
    graph = made.graphs["virtnetworkd_t"]
    attribution = made.modules["virtnetworkd_t"].attribution
    assert attribution
    helpers = {
        place for program in attribution.programs for place in program.runs_in if program.whose is not Whose.OWN
    }
    assert graph.opened_by["object:dhcpd_port_t:udp_socket"] == ("dnsmasq_t",)
    assert {helper for chain in graph.opened_by.values() for helper in chain} <= helpers
    took = {edge.key for edge in graph.graph.edges(Cure.TRANSITION)}
    assert ("virtnetworkd_t", "dhcpd_port_t", "udp_socket") in took
