# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json

import pytest

from policytool.report.page.budget_curve import Bought, BudgetCurve, CurveError, read_curve


def daemon(denied: int, *budgets: tuple[float, float, int], scenarios: int = 2) -> dict[str, object]:
    keys = ("share", "added_triples", "saved")
    return {
        "exact": {"denied": denied, "scenarios": [{}] * scenarios},
        "budgets": [dict(zip(keys, budget, strict=True)) for budget in budgets],
    }


def test_the_daemons_are_told_together() -> None:
    document = {"daemons": [daemon(5, (0.15, 2.5, 2), (0.05, 1.0, 1)), daemon(4, (0.05, 0.5, 0), (0.15, 1.5, 3))]}
    expected = BudgetCurve(2, 9, (Bought(0.05, 1.5, 1), Bought(0.15, 4.0, 5)))
    assert read_curve(json.dumps(document)) == expected


def test_a_daemon_of_one_scenario_says_nothing() -> None:
    document = {"daemons": [daemon(5, (0.05, 1.0, 1)), daemon(0, (0.05, 0.0, 0), scenarios=0)]}
    assert read_curve(json.dumps(document)).daemons == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"daemons": [1]}', '{"daemons": [{"exact": {"scenarios": [1]}}]}']
)
def test_anything_else_is_no_such_document(text: str) -> None:
    with pytest.raises(CurveError, match="not what holdout --json prints"):
        read_curve(text)


def test_where_nothing_was_denied_there_is_nothing_to_save() -> None:
    with pytest.raises(CurveError, match="nothing was denied"):
        read_curve(json.dumps({"daemons": [daemon(0, (0.05, 1.0, 0))]}))
