# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from policytool.model.cure import Cure
from policytool.report.page.edges import DrawnEdge, edges_of
from policytool.report.page.figure import png
from policytool.report.page.graph_svg import LOOKS, graph_svg, legend_svg
from tests.report.page.test_edges_synthetic import OWNERS, access, evidence


@pytest.fixture
def edges() -> tuple[DrawnEdge, ...]:
    rows = [
        access("a_conf_t", "file", "read"),
        access("etc_t", "file", "write", Cure.REFUSED),
        access("lib_t", "file", "map", Cure.GRANTED),
    ]
    return edges_of(evidence(*rows), OWNERS)


def test_every_edge_is_a_link_to_its_evidence_and_says_what_it_allows(edges: tuple[DrawnEdge, ...]) -> None:
    root = ET.fromstring(graph_svg("a_t", edges, "m7", inline=True))  # noqa: S314 -- our own text
    links = {link.attrib["href"]: (link.findtext("title"), link.findtext("text")) for link in root.iter("a")}
    assert links == {
        "#m7-0": ("a_conf_t:file { read }: allow", "file"),
        "#m7-1": ("etc_t:file { write }: refused", "file"),
        "#m7-2": ("lib_t:file { map }: granted by base", "file"),
    }


def test_what_the_base_grants_is_outside_of_the_first_view(edges: tuple[DrawnEdge, ...]) -> None:
    root = ET.fromstring(graph_svg("a_t", edges, "m7", inline=True))  # noqa: S314 -- our own text
    (group,) = (part for part in root.iter("g") if part.get("class") == "granted")
    width = root.attrib["viewBox"].split()[2]
    assert group.attrib["transform"] == f"translate({width} 0)"
    assert [link.attrib["href"] for link in group.iter("a")] == ["#m7-2"]
    assert int(root.attrib["data-wide"].split()[2]) > int(width)


def test_the_file_has_no_links_and_becomes_a_png(edges: tuple[DrawnEdge, ...]) -> None:
    svg = graph_svg("a_t", edges, "m7", inline=False)
    assert "<a" not in svg
    assert png(svg).startswith(b"\x89PNG")


def test_cures_are_told_apart_without_colours() -> None:
    assert set(LOOKS) == set(Cure)
    assert len({(path, filled) for _, path, filled in LOOKS.values()}) >= 5
    assert LOOKS[Cure.ALLOW][1:] != LOOKS[Cure.REFUSED][1:]
    assert all(legend_svg(cure).startswith("<svg") for cure in Cure)


def test_hostile_names_are_escaped() -> None:
    rows = [access('"><script>\x1b\u202e', "file", "read")]
    svg = graph_svg('"><script>', edges_of(evidence(*rows), OWNERS), "m0", inline=True)
    assert svg.isascii()
    assert "<script>" not in svg
    assert "\\u202e" in svg
