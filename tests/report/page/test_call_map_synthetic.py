# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.report.page.call_map import call_map


def test_calls_are_counted_by_set_and_named_in_the_table() -> None:
    figure = call_map({"a_t": {"@io": ("read", "write"), "@mount": ("mount",)}, "b_t": {"@io": ("read",)}})
    assert figure.rows == (("@io", "read write", "read"), ("@mount", "mount", ""))
    assert "<title>a_t: read, write</title>" in figure.svg
