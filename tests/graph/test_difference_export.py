# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import networkx as nx

from policytool.graph.difference import comparable, difference
from policytool.graph.difference_export import Side, to_dot, to_json
from policytool.graph.permission_graph import build
from policytool.toolchain.graphviz import render_svg
from tests.golden import check_golden
from tests.synthetic import GREETER, observations, vector

NAME = '/x"];\n}\x1b[31m<script>\u202e\\N'
AFTER = observations(
    *(vector for vector in GREETER.vectors if vector.tclass != "chr_file"),
    vector("greeterd_t", "etc_t", "file", "write", path="/etc/greeting"),
    vector("greeterd_t", "helper_exec_t", "file", "execute_no_trans", path=NAME),
)
FOUND = difference(comparable(build(GREETER)), comparable(build(AFTER)))
SIDES = (Side(("synthetic/one",), "greeterd_t"), Side(("\u202e<b>",), ""))
SVG = "{http://www.w3.org/2000/svg}"


def test_golden_difference_json() -> None:
    check_golden("greeterd.difference.json", to_json(FOUND, *SIDES))


def test_golden_difference_dot() -> None:
    check_golden("greeterd.difference.dot", to_dot(FOUND, *SIDES))


def test_networkx_reads_the_json_back() -> None:
    again = nx.node_link_graph(json.loads(to_json(FOUND, *SIDES)), edges="links")
    changes = {change for *_, change in again.edges(data="change")}
    assert changes == {"added", "removed", "changed"}
    assert again.graph["counts"] == {"added": 2, "removed": 1, "changed": 1, "same": FOUND.same}


def test_the_drawing_has_signs_colours_a_legend_and_only_escaped_text() -> None:
    text = render_svg(to_dot(FOUND, *SIDES))
    assert text.isascii()
    assert "\x1b" not in text
    svg = ET.fromstring(text)  # noqa: S314
    labels = {element.text or "" for element in svg.iter(f"{SVG}text")}
    assert {"access: +write", "access: -ioctl", "added (2)", "removed (1)", "changed (1)"} <= labels
    assert any(label.startswith('/x"];\\x0a}') for label in labels)
    assert "from synthetic/one greeterd_t to \\u202e<b>" in labels
    assert not [element for element in svg.iter() if element.tag.lower().endswith("script")]
    colours = {element.get("fill") for element in svg.iter(f"{SVG}text")}
    assert {"#009e73", "#d55e00", "#0072b2"} <= colours
