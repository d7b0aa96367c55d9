# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from policytool.report.curve import saturation_svg

SVG = "{http://www.w3.org/2000/svg}"


def points(svg: str) -> list[list[tuple[float, float]]]:
    lines = ET.fromstring(svg).iter(f"{SVG}polyline")  # noqa: S314 -- our own text
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]
        for line in lines
    ]


def test_a_line_for_each_daemon_that_never_falls() -> None:
    svg = saturation_svg({"greeterd": [0, 10, 15, 17.5], "helloerd": [3, 4]})
    first, second = points(svg)
    assert len(first) == 4
    assert len(second) == 2
    assert [y for _, y in first] == sorted((y for _, y in first), reverse=True)
    assert first[3][0] - first[2][0] == second[1][0] - second[0][0]


def test_the_same_input_gives_the_same_bytes_and_no_input_an_empty_plot() -> None:
    assert saturation_svg({"a": [0, 1], "b": [0, 2]}) == saturation_svg({"b": [0, 2], "a": [0, 1]})
    assert points(saturation_svg({})) == []
    assert points(saturation_svg({"none": []})) == []


@given(st.text(max_size=30), st.lists(st.floats(0, 1e9), max_size=20))
def test_any_name_and_numbers_make_well_formed_svg_within_its_frame(name: str, curve: list[float]) -> None:
    for line in points(saturation_svg({name: curve})):
        assert all(0 <= x <= 720 and 0 <= y <= 440 for x, y in line)
