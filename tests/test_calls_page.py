# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/calls.md is of today's recordings of system calls. Ratings depend on the systemd that gives them."""

from __future__ import annotations

from bench.calls import PAGE, SUFFIX, TABLES, domain, matrix, recorded, shipped, stamp

STALE = "the tables of traces/calls have changed: make calls"


def test_the_page_is_of_todays_tables() -> None:
    page = PAGE.read_text("utf-8")
    tables = shipped()
    assert f"`{stamp()}`" in page, STALE
    for section in (recorded(tables), matrix(tables)):
        assert "\n".join(section) in page, STALE


def test_every_table_is_whole_and_small() -> None:
    for name, table in shipped().items():
        assert table.lost == 0, name
        assert table.architectures == {"x86_64"}, name
        assert any(call.domain == domain(name) for call in table.counted), name
        assert (TABLES / f"{name}{SUFFIX}").stat().st_size < 32_000, name
