# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import re

from policytool.report.page.same_work_figure import same_work_figure
from policytool.report.same_work import Did, Scenario, SharedScenarios

READ, WRITE, OPEN = (Did("etc_t", "file", perm) for perm in ("read", "write", "open"))
WORK = SharedScenarios(
    "whole",
    (
        Scenario("one", frozenset({READ, WRITE, OPEN}), {"ad": frozenset({READ}), "bd": frozenset({READ, OPEN})}),
        Scenario("two <b>", frozenset({READ}), {"ad": frozenset({READ})}),
    ),
)


def test_each_scenario_is_a_row_and_all_of_them_the_last() -> None:
    figure = same_work_figure(WORK)
    assert figure.rows == (
        ("one", 3, 2, 2, "bd", 2),
        ("two <b>", 1, 1, 1, "ad", 1),
        ("all of them", 3, 2, 2, "bd", 2),
    )
    assert "used 3 accesses in one domain; bd, which used the most of the daemons, 2" in figure.tells


def test_each_side_has_a_mark_that_says_its_number() -> None:
    svg = same_work_figure(WORK).svg
    said = re.findall(r"<title>([^<]*)</title>", svg)
    assert said.count("whole: 3") == 2
    assert said.count("the largest of them (bd): 2") == 2
    assert said.count("all daemons together: 1") == 1
    assert "two &lt;b>" in svg or "two &lt;b&gt;" in svg
