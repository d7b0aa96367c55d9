# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool compare`: privilege surfaces side by side."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress, table
from policytool.cli.inputs import BaseFolder, DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.report_formats import ReportFormat, finding_text, findings_text
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.daemons.named import require_domain
from policytool.errors import ExitCode

if TYPE_CHECKING:
    from policytool.workflow.compare import Comparison


class FailOn(StrEnum):
    """What makes the exit code 1."""

    GROWTH = "growth"


def compare(
    policies: Annotated[
        list[Path],
        VerbArgument(metavar="POLICY...", help="Folders of modules, or compiled policies."),
    ],
    daemons: DaemonNames = None,
    baseline: Annotated[
        str, VerbOption(help="unconfined, virtd_t, or a policy whose virtd_t is taken.")
    ] = "unconfined",
    fail_on: Annotated[
        FailOn | None, VerbOption(help="growth: exit 1 when a domain may do more than in the first policy.")
    ] = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    format_: Annotated[
        ReportFormat, VerbOption("--format", help="How to print; sarif and junit have the growth alone.")
    ] = ReportFormat.TEXT,
    as_json: Json = False,
) -> None:
    """Compare how much domains may do: the triples (target type, class, permission) that each holds."""
    from policytool.report.document import compare_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.compare import compare_policies

    known = load_known(daemon_folder)
    domains = [require_domain(name, known) for name in daemons or ()]
    found = find_base(base)
    with progress("linking, and expanding the rules"):
        result = compare_policies(policies, found, baseline, domains)
    if as_json or format_ is ReportFormat.JSON:
        emit_json(compare_document(result.rows, result.changes, result.baseline, result.growth))
    elif format_ is not ReportFormat.TEXT:
        compared = [str(path) for path in policies[1:]]
        emit(findings_text(format_, "compare", compared, result.growth, compared[-1] if compared else ""))
    else:
        emit(summary(result, several=len(policies) > 1, every=fail_on is not None))
    if fail_on is FailOn.GROWTH and result.grew:
        stop(ExitCode.FINDINGS)


def summary(result: Comparison, *, several: bool = False, every: bool = False) -> str:
    """Return the table of surfaces, and below it how domains changed; with EVERY also each rule that grew."""
    columns = (
        "domain",
        "triples",
        "all rules",
        "floor",
        "used",
        "excess",
        "types",
        "caps",
        "danger",
        "trans",
        "share",
    )
    rows = []
    for named_row in result.rows:
        row = named_row.row
        plain = named_row.policy == result.baseline or named_row.policy.endswith(" base")
        name = f"{row.domain} ({named_row.short})" if several or plain else row.domain
        share = f"{row.share:.2%}" if row.share < 0.1 else f"{row.share:.0%}"
        parts = ("-", "-") if row.used is None else (row.used, row.excess)
        figures = (row.stored, row.every, row.floor, *parts, row.object_types, row.capabilities, len(row.dangers))
        rows.append((name, *figures, row.transitions, share))
    lines = [table(columns, rows, frozenset(range(1, 11)))]
    for change in result.changes:
        lines.append(f"{change.after}: {change.added} triples more, {change.removed} less\n")
        if change.permissive:
            lines.append("  is permissive now: nothing is denied to it\n")
        if change.switchable > change.added:
            lines.append(f"  {change.switchable} triples more when every boolean is counted\n")
        for item in change.changes:
            signs = "".join(f" +{perm}" for perm in item.added) + "".join(f" -{perm}" for perm in item.removed)
            lines.append(f"  {item.target}:{item.tclass}{signs}\n")
    by_changes = frozenset() if every else _IN_CHANGES
    told = [finding for finding in result.growth if finding.id not in by_changes and not finding.disabled]
    lines += [f"{line}\n" for finding in told for line in finding_text(finding)]
    return "".join(lines)


# What the triples above say as well.
_IN_CHANGES = frozenset({"G-allow", "G-conditional", "G-domain", "G-entrypoint"})
