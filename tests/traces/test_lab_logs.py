# SPDX-License-Identifier: GPL-2.0-or-later
"""The recorded traces in the repository, against one independent regular expression."""

from __future__ import annotations

import lzma
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from policytool.model.ports import port_number
from policytool.traces.bundle.bundle import load, read_trace

TRACES = Path(__file__).parents[2] / "traces" / "small"

EVERYDAY = ("permissive", "permissive-no-dontaudit", "enforced-after-audit2allow")

_AVC = re.compile(
    r"avc:  (denied|granted)  \{ (.*?) \} for .* scontext=(\S+) tcontext=(\S+) tclass=(\w+)(?: permissive=(\d))?"
)


# The smallest of those that were reduced.
REDUCED = TRACES.parent / "libvirt" / "virtsecretd"


@pytest.mark.parametrize("folder", [*sorted(TRACES.iterdir()), REDUCED], ids=lambda folder: folder.name)
def test_vectors_equal_those_of_one_regular_expression(folder: Path) -> None:
    name = folder.name
    expected: Counter[tuple[str, ...]] = Counter()
    for path in sorted(folder.glob("*.log.xz")):
        for line, events in _weighted(path):
            for result, perms, *rest in _AVC.findall(line):
                for perm in perms.split():
                    expected[result, perm, *rest] += events
    observations = read_trace(str(folder), strict=True)
    flags = {None: "", False: "0", True: "1"}
    got = {
        (v.result.value, v.perm, str(v.source), str(v.target), v.tclass, flags[v.permissive]): v.evidence.count
        for v in observations.vectors
    }
    assert got == expected
    assert {vector.complete for vector in observations.vectors} == {name not in EVERYDAY}
    manifest = load(str(folder)).manifest
    assert manifest is not None
    assert manifest.records == observations.records
    assert manifest.name.removeprefix("libvirt/") == name


def _weighted(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the lines of a log, each with how many it stands for: more than one where the log was reduced."""
    table = path.with_name(path.name.replace(".log.", ".counts."))
    with lzma.open(path, "rt", encoding="utf-8") as log:
        if not table.exists():
            yield from ((line, 1) for line in log)
            return
        with lzma.open(table, "rt", encoding="ascii") as weights:
            next(weights)
            for row in weights:
                if row[0].isdigit():
                    lines, events, *_ = map(int, row.split())
                    yield from ((next(log), events) for _ in range(lines))


def test_evidence_of_a_recorded_access_is_joined_from_its_event() -> None:
    vectors = read_trace(str(TRACES / "permissive")).vectors
    uses = [use for vector in vectors for use, _ in vector.evidence.uses]
    assert any(use.program == "/usr/sbin/virtqemud" and use.syscall == "openat" and use.path for use in uses)
    paths = [use.path for use in uses if use.path]
    assert all(path.startswith("/") or port_number(path) for path in paths)
    assert len(paths) > 400
