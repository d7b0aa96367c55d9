# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool exposure`: one figure for each domain, with the reason of each point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress, table
from policytool.cli.inputs import BaseFolder, Booleans, DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.daemons.named import require_domain
from policytool.errors import ExitCode

if TYPE_CHECKING:
    from policytool.surface.exposure import Exposure
    from policytool.surface.overlap import Overlap
    from policytool.workflow.exposed import Exposed


def exposure(
    policies: Annotated[
        list[Path] | None,
        VerbArgument(
            metavar="POLICY...",
            help="Folders of modules, or compiled policies (default: the base).",
        ),
    ] = None,
    daemons: DaemonNames = None,
    threshold: Annotated[
        float | None,
        VerbOption(metavar="N", least=0, most=100, help="Exit 1 when a domain has more than N points."),
    ] = None,
    overlap: Annotated[
        bool, VerbOption("--overlap", help="Show how much of their surfaces each two domains share.")
    ] = False,
    booleans: Booleans = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
) -> None:
    """Tell how exposed the machine is by each domain: 0 to 100 points, each with its reason."""
    from policytool.report.exposure_document import exposure_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.exposed import exposed
    from policytool.workflow.opened import booleans_of, open_policy

    known = load_known(daemon_folder)
    domains = [require_domain(name, known) for name in daemons or ()]
    stated = booleans_of(booleans or ())
    found = find_base(base)
    with progress("linking, and expanding the rules"):
        asked: list[Path | None] = [*policies] if policies else [None]
        result = exposed([open_policy(path, found, stated) for path in asked], domains, found)
    if as_json:
        emit_json(
            exposure_document(result.rows, result.beside_rules, result.monolith, result.overlap, result.beside)
        )
    else:
        emit(summary(result, several=len(asked) > 1, overlapping=overlap))
    if threshold is not None and any(row.score > threshold for row in result.rows):
        stop(ExitCode.FINDINGS)


def summary(result: Exposed, *, several: bool = False, overlapping: bool = False) -> str:
    """Return the points of each domain; of a single one each point, with OVERLAPPING the matrix of shared parts."""
    rows = []
    for row in (*result.rows, *result.monolith):
        beside = row in result.monolith
        name = f"{row.domain} ({row.policy})" if several or beside else row.domain
        most = ", ".join(f"{point.name} {point.points:.1f}" for point in row.points[:4])
        rows.append((name, f"{row.score:.1f}", most))
    lines = [table(("domain", "score", "most of it"), rows, frozenset({1}))]
    if len(result.rows) == 1:
        lines.append(_points(result.rows[0]))
        lines.append("\n" + table(("beside rules", "what the policy says"), result.beside_rules[0].rows()))
    if overlapping and result.overlap:
        lines.append(_matrix(result.overlap))
    if overlapping and result.beside:
        union = result.beside
        parts = f"{union.both} triples in both, {union.only_together} only together, {union.only_one} only there"
        lines.append(f"together beside {union.one}: {parts}\n")
    return "".join(lines)


def _points(row: Exposure) -> str:
    cells: Sequence[Sequence[object]] = [(f"{point.points:.2f}", point.name, point.why) for point in row.points]
    return "\n" + table(("points", "for", "because it"), cells, frozenset({0}))


def _matrix(overlap: Overlap) -> str:
    numbers = [str(number) for number, _ in enumerate(overlap.domains, 1)]
    rows = [
        (f"{number} {domain}", *(f"{share:.0%}" for share in shares), unique)
        for number, domain, shares, unique in zip(
            numbers, overlap.domains, overlap.jaccard, overlap.unique, strict=True
        )
    ]
    head = ("shared with", *numbers, "alone")
    right = frozenset(range(1, len(head)))
    return (
        f"\n{table(head, rows, right)}all of them: {overlap.shared} triples; any of them: {overlap.union} triples\n"
    )
