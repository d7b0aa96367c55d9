# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool access`: the distinct access vectors of any log."""

from __future__ import annotations

from policytool.cli.console import emit, emit_json, table
from policytool.cli.inputs import Jobs, Json, Strict, Traces, read_traces


def access(traces: Traces, as_json: Json = False, strict: Strict = False, jobs: Jobs = 1) -> None:
    """List the distinct access vectors of any log, with counts."""
    from policytool.report.accesses import access_rows

    rows = access_rows(read_traces(traces, strict=strict, jobs=jobs))
    if as_json:
        emit_json(rows)
        return
    columns = ("count", "result", "source", "target", "class", "permission")
    cells = [
        (row["count"], row["result"], row["source"], row["target"], row["tclass"], row["perm"]) for row in rows
    ]
    emit(table(columns, cells, frozenset({0})))
