# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/calls.md is of today's recordings of system calls. Ratings depend on the systemd that gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.calls import PAGE, SUFFIX, TABLES, domain, matrix, recorded, shipped, stamp
from policytool.workflow.kept_traces import read_whole

TRACES = Path(__file__).parents[1] / "traces" / "libvirt"

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


@pytest.mark.parametrize("name", sorted(shipped().keys() - {"libvirtd"}))
def test_every_access_to_a_path_has_a_call_that_explains_it(name: str) -> None:
    """The accesses and the calls of the same scenarios were recorded in different boots, in different ways."""
    table = shipped()[name]
    calls = {(call.program, call.name) for call in table.counted if call.domain == domain(name)}
    scenarios = set(table.about["scenarios"].split(", "))
    uses = {
        use
        for bundle in sorted(TRACES.glob(f"{name}*"))
        for vector in read_whole(str(bundle)).vectors
        if vector.source.type_ == domain(name)
        for use, _ in vector.evidence.uses
        if use.trace in scenarios and use.path and use.syscall
    }
    assert len(uses) > 100
    # An execve is counted for the program that makes the call, in its domain; audit names the one that runs then.
    asked = {(use.program, use.syscall) for use in uses if use.syscall != "execve"}
    assert asked <= calls
