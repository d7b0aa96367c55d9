# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from policytool.generate.robust import DEFAULT_SHARE
from policytool.report.page.budget_curve import Bought, BudgetCurve
from policytool.report.page.budget_figure import budget_figure

HELD = BudgetCurve(3, 600, (Bought(0.05, 147.2, 84), Bought(DEFAULT_SHARE, 440.0, 137), Bought(1.0, 2922.0, 230)))


def test_each_budget_is_a_point_and_a_row() -> None:
    figure = budget_figure(HELD)
    assert figure.rows == (("5%", 147, 84, "14%"), ("15%", 440, 137, "23%"), ("100%", 2922, 230, "38%"))
    assert "<title>15%: 440 permissions save 137 denials</title>" in figure.svg


def test_the_shares_stand_at_the_points_and_the_default_is_told() -> None:
    assert f"robust adds {DEFAULT_SHARE:.0%} of" in budget_figure(HELD).tells
    root = ET.fromstring(budget_figure(HELD).svg)  # noqa: S314 -- our own text
    said = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"5%", "15%", "100%", "denials saved, of 600"} <= said


def test_more_permissions_are_further_right_and_more_denials_higher() -> None:
    places = re.findall(r'translate\(([\d.]+),([\d.]+)\)"[^>]*><title>[\dn]', budget_figure(HELD).svg)
    at = [(float(x), float(y)) for x, y in places]
    assert len(at) == 4
    assert at == sorted(at, key=lambda place: place[0])
    assert [y for _, y in at] == sorted((y for _, y in at), reverse=True)
