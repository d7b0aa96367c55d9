# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policytool.model.printable import printable


@given(st.text() | st.text(alphabet="\\\n\r\t\x1b\u202e\u2028\udc80ab"))
def test_only_printable_ascii_is_left(text: str) -> None:
    shown = printable(text)
    assert shown.isascii()
    assert shown.isprintable() or shown == ""


@given(st.text(), st.text())
def test_different_texts_stay_different(first: str, second: str) -> None:
    assert (printable(first) == printable(second)) == (first == second)


def test_a_limit_cuts() -> None:
    assert printable("x" * 20, 10) == "xxxxxxx..."
    assert printable("x" * 10, 10) == "x" * 10
