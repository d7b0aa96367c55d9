# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.traces.formats.timestamps import milliseconds

MOMENT = 1697800541000  # 2023-10-20 11:15:41 UTC


@pytest.mark.parametrize(
    "text",
    [
        "10/20/2023 11:15:41",
        "20/10/2023 11:15:41",
        "10/20/23 11:15:41",
        "20.10.2023 11:15:41",
        "20.10.23 11:15:41",
        "20. 10. 2023 11:15:41",
        "20.10.2023. 11:15:41",
        "2023. 10. 20. 11:15:41",
        "20-10-2023 11:15:41",
        "2023-10-20 11:15:41",
        "2023/10/20 11:15:41",
        "2023-10-20T11:15:41Z",
        "20.10.2023 11.15.41",
        "2023年10月20日 11:15:41",
        "西元2023年10月20日 (週五) 11:15:41",
        "2023년 10월 20일 11:15:41",
        "Fri Oct 20 11:15:41 2023",
        "Fri 20 Oct 2023 11:15:41 UTC",
        "Friday 20 October 2023 11:15:41",
        "Freitag, 20.10.2023 11:15:41",
    ],
)
def test_orders_of_dates(text: str) -> None:
    assert milliseconds(text) == MOMENT


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("10/20/2023 11:15:41 AM", 0),
        ("10/20/2023 11:15:41 PM", 12),
        ("10/20/2023 12:15:41 AM", -11),
        ("10/20/2023 12:15:41 p.m.", 1),
        ("20.10.2023 11:15:41 nachm.", 12),
        ("2023年10月20日 下午 11:15:41", 12),
        ("2023년 10월 20일 오후 11:15:41", 12),
        ("10/20/2023 11:15:41 CEST", -2),
        ("2023-10-20 11:15:41 +0200", -2),
        ("2023-10-20T11:15:41-05:30", 5.5),
        ("10/20/2023 11:15:41 PM EST", 17),
        ("10/20/2023 11:15:41 XYZ", 0),
    ],
)
def test_halves_of_the_day_and_zones(text: str, hours: float) -> None:
    assert milliseconds(text) == MOMENT + hours * 3_600_000


def test_fractions() -> None:
    assert milliseconds("2023-10-20 11:15:41.492123") == MOMENT + 492
    assert milliseconds("2023-10-20 11:15:41,5") == MOMENT + 500


def test_a_date_without_a_year_needs_one() -> None:
    assert milliseconds("Oct 20 11:15:41") is None
    assert milliseconds("Oct 20 11:15:41", year=1970) == 25269341000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10/20/2023",
        "11:15:41",
        "31/31/2023 11:15:41",
        "31.02.2023 11:15:41",
        "20-10-2023x 11:15:41",
        "01/01/1969 11:15:41",
        "10/20/2023 25:15:41",
        "1.2.3.4 11:15:41",
        "10/20/2023 11:15:41" + " " * 100 + "x" * 100,
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert milliseconds(text) is None


@given(st.text(alphabet="0123456789:/.- APMCET,年()", max_size=40))
def test_nothing_raises(text: str) -> None:
    found = milliseconds(text)
    assert found is None or 0 <= found < 10**15
