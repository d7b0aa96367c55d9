# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool check`: whether modules compile, link against the whole base and label sanely."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cli.console import emit, emit_json, progress
from policytool.cli.inputs import BaseFolder, Json
from policytool.errors import ExitCode
from policytool.model.printable import printable

if TYPE_CHECKING:
    from policytool.check.findings import Finding
    from policytool.toolchain.build import Build


class ReportFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


def check(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Folders of modules (NAME.te or NAME.cil).", show_default=False),
    ],
    base: BaseFolder = None,
    policy_version: Annotated[
        int | None, typer.Option(metavar="N", help="Version of the compiled policy (default: the newest).")
    ] = None,
    neverallow: Annotated[bool, typer.Option(help="Check the neverallow rules of the base.")] = True,
    format_: Annotated[ReportFormat, typer.Option("--format", help="How to print findings.")] = ReportFormat.TEXT,
    as_json: Json = False,
) -> None:
    """Compile modules, link them against the whole base, check labels and lints; exit 1 on an error."""
    from policytool.check.findings import Severity
    from policytool.report.document import check_document
    from policytool.toolchain.base import find_base
    from policytool.toolchain.build import build

    found = find_base(base)
    with progress("compiling, and linking with the base"):
        built = build(folders, found, neverallow=neverallow, policy_version=policy_version)
    names = [source.name for source in built.sources]
    linked = [str(format_build.format) for format_build in built.formats]
    if as_json or format_ is ReportFormat.JSON:
        of_base = [failure.message for failure in built.of_base]
        emit_json(check_document(names, linked, built.findings, found.identity, of_base))
    else:
        emit(summary(built))
    if any(finding.severity is Severity.ERROR for finding in built.findings):
        raise typer.Exit(ExitCode.FINDINGS)


def summary(built: Build, *, with_warnings: bool = True) -> str:
    """Return a line for each finding, `FILE:LINE: ID: message`, and a closing line that counts them all."""
    from policytool.check.findings import Severity

    lines = []
    for finding in built.findings:
        if finding.disabled or (finding.severity is Severity.WARNING and not with_warnings):
            continue
        lines += finding_text(finding)
    lines += [
        f"{printable(failure.module) or 'base'}: the base breaks a rule of its own, whatever the modules do: "
        f"{printable(failure.message)}"
        for failure in built.of_base
    ]
    told = [finding for finding in built.findings if not finding.disabled]
    errors = sum(finding.severity is Severity.ERROR for finding in told)
    warnings = len(told) - errors
    forms = " and ".join(format_build.format for format_build in built.formats) or "no form"
    identity = built.base.identity
    outcome = "linked" if built.linked else "not linked"
    lines.append(
        f"{len(built.sources)} modules {outcome} as {forms} with {identity.name} {identity.version}: "
        f"{errors} errors, {warnings} warnings"
    )
    return "\n".join(lines) + "\n"


def finding_text(finding: Finding) -> list[str]:
    """Return FINDING as `FILE:LINE: ID: message`, and what else there is to say on lines below, indented."""
    where = printable(finding.file) + (f":{finding.line}" if finding.line else "")
    lines = [f"{where or finding.module or 'policy'}: {finding.id}: {finding.message}"]
    if finding.call:
        lines.append(f"  by {finding.call}")
    if finding.hint:
        lines.append(f"  {finding.hint}")
    return lines
