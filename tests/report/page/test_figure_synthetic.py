# SPDX-License-Identifier: GPL-2.0-or-later
"""What the figures show, and how Vega draws it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import fields
from importlib.resources import files

import pytest

from policytool.report.page import palette
from policytool.report.page.facts import PageFacts
from policytool.report.page.figure import Figure, png
from policytool.report.page.page_html import figures
from policytool.report.page.palette import COUNTS, short_number
from tests.report.page.synthetic_facts import synthetic_facts

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def facts() -> PageFacts:
    return synthetic_facts()


@pytest.fixture(scope="module")
def drawn(facts: PageFacts) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(facts)}


def texts(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 -- our own


def test_the_headline_comes_first_and_every_figure_has_a_name_of_its_own(drawn: dict[str, Figure]) -> None:
    assert list(drawn) == [
        "surface", "reach", "dangers", "classes", "overlap", "seen", "saturation", "budget", "calls",
    ]  # fmt: skip


def test_each_surface_is_drawn_with_its_number_on_a_stated_logarithmic_scale(drawn: dict[str, Figure]) -> None:
    said = texts(drawn["surface"].svg)
    assert {"plain_t", "other_t", "known_t", "whole_t", "2", "4", "4,000"} <= set(said)
    assert "permissions, logarithmic scale" in said
    marks = re.findall(r"<title>(\w+: [\d,]+)</title>", drawn["surface"].svg)
    assert sorted(marks) == ["known_t: 4", "other_t: 4", "plain_t: 2", "whole_t: 4,000"]


def test_ten_times_as_much_is_one_line_further(drawn: dict[str, Figure]) -> None:
    points = re.findall(
        r'transform="translate\(([\d.]+),[\d.]+\)"[^>]*><title>(\w+): ([\d,]+)<', drawn["surface"].svg
    )
    at = {int(count.replace(",", "")): float(x) for x, _, count in points}
    assert at[4000] - at[4] == pytest.approx(3 * (at[4] - at[2]) * 3.3219, rel=0.01)


def test_none_is_shown_as_none(drawn: dict[str, Figure]) -> None:
    assert texts(drawn["reach"].svg).count("none") >= 2
    assert "390" in texts(drawn["reach"].svg)


def test_a_danger_that_nobody_has_is_no_row(drawn: dict[str, Figure]) -> None:
    (row,) = drawn["dangers"].rows
    assert row[0] == "sys_module"
    assert row[2:] == (0, 0, 1, 700)
    assert "700" in texts(drawn["dangers"].svg)


def test_the_overlap_has_no_place_for_a_domain_with_itself(drawn: dict[str, Figure]) -> None:
    assert sorted(texts(drawn["overlap"].svg)).count("100") == 2
    assert "50" in texts(drawn["overlap"].svg)


def test_what_is_drawn_alone_is_also_in_the_table(drawn: dict[str, Figure]) -> None:
    for figure in drawn.values():
        assert figure.rows
        assert all(len(row) == len(figure.head) for row in figure.rows)
        assert all(getattr(figure, field.name) or figure.numbers is not None for field in fields(figure))


def test_the_same_facts_give_the_same_bytes(facts: PageFacts) -> None:
    assert [figure.svg for figure in figures(facts)] == [figure.svg for figure in figures(facts)]


def test_a_figure_becomes_a_png(drawn: dict[str, Figure]) -> None:
    assert png(drawn["surface"].svg).startswith(b"\x89PNG\r\n\x1a\n")


def test_the_page_has_another_colour_for_each_on_dark_screens(drawn: dict[str, Figure]) -> None:
    style = (files("policytool.report.page") / "page.css").read_text()
    used = {
        colour for figure in drawn.values() for colour in re.findall(r'(?:fill|stroke)="(#\w+)"', figure.inline)
    }
    assert palette.BLUE in used
    assert {colour for colour in used if f'="{colour}"]' not in style} == set()


def test_steps_and_short_numbers_at_their_bounds() -> None:
    assert [COUNTS.step(value) for value in (1, 9, 10, 9999, 10_000)] == [0, 0, 1, 3, 4]
    assert [short_number(n) for n in (9, 999, 1000, 9999, 10_000, 1_329_862)] == [
        "9", "999", "1.0k", "10.0k", "10k", "1.3M",
    ]  # fmt: skip
