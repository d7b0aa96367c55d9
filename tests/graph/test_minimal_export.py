# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import networkx as nx
import pytest

from policytool.generate.triage import Triaged
from policytool.graph.minimal import CureGraph, after_triage
from policytool.graph.minimal_export import to_dot, to_graphml, to_json
from policytool.model.cure import Cure
from policytool.toolchain.graphviz import render_svg
from tests.generate.test_exact import greeter
from tests.golden import check_golden
from tests.synthetic import GREETER, vector

GRAPH = after_triage(greeter()[1], GREETER.traces)
OPENED = {"greeterd_t": {"object:bin_t:file": ("helper_t",)}}
TEXT = "{http://www.w3.org/2000/svg}text"


def test_golden_minimal_json() -> None:
    check_golden("greeterd.minimal.json", to_json(GRAPH.minimal(), OPENED))


def test_golden_cures_dot() -> None:
    check_golden("greeterd.cures.dot", to_dot(GRAPH))


def test_golden_cures_graphml() -> None:
    check_golden("greeterd.cures.graphml", to_graphml(GRAPH))


def test_networkx_reads_the_json_back() -> None:
    again = nx.node_link_graph(json.loads(to_json(GRAPH, OPENED)), edges="links")
    assert set(again.edges(keys=True)) == set(GRAPH.graph.edges(keys=True))
    assert again.nodes["object:bin_t:file"]["opened_by"] == {"greeterd_t": ["helper_t"]}
    assert "opened_by" not in again.nodes["domain:greeterd_t"]


def drawn(graph: CureGraph) -> list[str]:
    svg = ET.fromstring(render_svg(to_dot(graph)))  # noqa: S314
    return [element.text or "" for element in svg.iter(TEXT)]


def test_a_drawing_of_several_cures_has_a_legend() -> None:
    assert {"cures", "allow", "refused", "granted by base"} <= set(drawn(GRAPH))
    assert "cures" not in drawn(GRAPH.minimal())


@pytest.mark.parametrize("cure", list(Cure))
def test_every_cure_can_be_drawn(cure: Cure) -> None:
    graph = after_triage([Triaged(vector("a_t", "b_t", "file", "read"), cure)])
    assert "read" in drawn(graph)


def test_what_a_log_says_is_escaped() -> None:
    hostile = vector("a_t", "b_t", "file", "read", path='/x"];\n\x1b[31m<script>\u202e', trace="\u202etrace")
    graph = after_triage([Triaged(hostile, Cure.UNMAPPED, "\x1bwhy\u202e")], ("\u202etrace",))
    for text in (to_json(graph, {}), to_graphml(graph), to_dot(graph)):
        assert text.isascii()
        assert "\x1b" not in text
