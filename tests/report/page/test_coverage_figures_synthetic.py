# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.access import Evidence
from policytool.model.cure import Cure
from policytool.model.support import Support
from policytool.report.page.coverage_figures import saturation_curves, saturation_figure, seen_figure


def seen(perm: str, count: int, cure: Cure = Cure.ALLOW) -> ExplainedAccess:
    return ExplainedAccess(("a_t", "b_t", "file", perm), cure, "", Evidence(count, 0, 0))


def test_accesses_that_need_a_rule_are_counted_by_how_often_they_were_seen() -> None:
    rows = (seen("read", 1), seen("open", 1), seen("map", 9), seen("write", 1000), seen("lock", 1, Cure.GRANTED))
    figure = seen_figure([ModuleEvidence("a", "a_t", rows)])
    assert figure.rows == (("a_t", 2, 1, 0, 0, 1),)
    assert "<title>a_t: 2 accesses seen once</title>" in figure.svg


def test_the_saturation_is_told_by_the_numbers_of_scenarios() -> None:
    rows = tuple(replace(seen(perm, 9), support=Support(count, 1, 0)) for perm, count in (("read", 1), ("open", 2)))
    curves = saturation_curves([ModuleEvidence("a", "a_t", rows, scenarios=2), ModuleEvidence("b", "b_t", rows)])
    # The one is in one scenario of two, the other in both.
    assert curves == {"a_t": (0.0, 1.5, 2.0)}


@given(st.text(max_size=30), st.lists(st.floats(0, 1e9), min_size=1, max_size=20))
@settings(deadline=None, max_examples=15)
def test_any_name_and_numbers_make_well_formed_svg(name: str, curve: list[float]) -> None:
    ET.fromstring(saturation_figure({name: curve}).svg)  # noqa: S314 -- our own text


def test_no_curve_is_an_empty_figure() -> None:
    assert saturation_figure({}).svg.startswith("<svg ")


def test_a_curve_for_each_daemon_with_what_the_last_scenario_added() -> None:
    figure = saturation_figure({"b": [0, 10, 15, 17.5], "a": [0, 3], "none": [0]})
    assert figure.rows == (("a", 1, 3, "3.0"), ("b", 3, 18, "2.5"), ("none", 0, 0, "0.0"))
    root = ET.fromstring(figure.svg)  # noqa: S314 -- our own text
    said = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"a", "b", "+3.0", "+2.5"} <= said
