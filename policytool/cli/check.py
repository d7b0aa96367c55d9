# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool check`: whether modules compile, link, label sanely, and hold what is asserted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, progress, write_file
from policytool.cli.inputs import BaseFolder, Json
from policytool.cli.report_formats import ReportFormat, finding_text, findings_text
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.errors import ExitCode, InputError, UsageError
from policytool.model.printable import printable

if TYPE_CHECKING:
    from policytool.check.findings import Finding
    from policytool.toolchain.build import Build


def check(
    folders: Annotated[
        list[Path],
        VerbArgument(metavar="DIR...", help="Folders of modules (NAME.te or NAME.cil)."),
    ],
    against: Annotated[
        str,
        VerbOption(metavar="OLD", help="A folder, or a git revision: what grew since is an error."),
    ] = "",
    assertions: Annotated[
        list[Path] | None,
        VerbOption(metavar="FILE", help="What must hold: TOML, or an ini file of sechecker; repeatable."),
    ] = None,
    base: BaseFolder = None,
    policy_version: Annotated[
        int | None, VerbOption(metavar="N", help="Version of the compiled policy (default: the newest).")
    ] = None,
    neverallow: Annotated[bool, VerbOption(help="Check the neverallow rules of the base.")] = True,
    fast: Annotated[
        bool,
        VerbOption(
            "--fast",
            help="Link with the base without its rules: names, the modules' own rules under neverallow, labels and "
            "lints are checked; left out are rules of the base that a module's attributes bring under neverallow, "
            "and what is under booleans of the base.",
        ),
    ] = False,
    format_: Annotated[ReportFormat, VerbOption("--format", help="How to print findings.")] = ReportFormat.TEXT,
    output: Annotated[
        Path | None, VerbOption("-o", "--output", metavar="FILE", help="Write that there, and print text.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compile modules, link them against the whole base, check labels and lints; exit 1 on an error."""
    from policytool.toolchain.base import find_base

    found = find_base(base)
    if fast:
        from policytool.toolchain.build import build

        if against or assertions:
            raise UsageError(
                "--fast links no policy that --against or --assertions could ask; leave one of them out"
            )
        with progress("compiling, and linking with the base without its rules"):
            built = build(folders, found, neverallow=neverallow, outline=True, policy_version=policy_version)
            findings = built.findings
    else:
        from policytool.workflow.gated import gated
        from policytool.workflow.module_set import ModuleSet

        modules = ModuleSet(folders, found, neverallow=neverallow, policy_version=policy_version)
        with progress("compiling, linking with the base, and looking at what is allowed"):
            findings = gated(modules, against, assertions or ())
        built = modules.built
    names = [source.name for source in built.sources]
    text = summary(built, findings)
    report = text
    if as_json or format_ is ReportFormat.JSON:
        from policytool.report.document import check_document

        linked = [str(format_build.format) for format_build in built.formats]
        of_base = [failure.message for failure in built.of_base]
        report = json.dumps(check_document(names, linked, findings, found.identity, of_base), indent=2) + "\n"
    elif format_ is not ReportFormat.TEXT:
        first = next((file.path for source in built.sources if (file := source.te or source.cil)), "")
        report = findings_text(format_, "check", names, findings, first)
    if output:
        try:
            write_file(output, report)
        except OSError as error:
            raise InputError(f"{output}: cannot write: {error.strerror}") from error
    emit(text if output else report)
    if any(finding.fails for finding in findings):
        stop(ExitCode.FINDINGS)


def summary(built: Build, findings: Sequence[Finding] | None = None, *, with_warnings: bool = True) -> str:
    """Return a line for each finding, `FILE:LINE: ID: message`, and a closing line that counts them all.

    FINDINGS are those of BUILT where there are no others.
    """
    from policytool.check.findings import Severity

    every = built.findings if findings is None else findings
    told = [finding for finding in every if not finding.disabled]
    lines = []
    for finding in told:
        if finding.severity is Severity.ERROR or with_warnings:
            lines += finding_text(finding)
    lines += [
        f"{printable(failure.module) or 'base'}: the base breaks a rule of its own, whatever the modules do: "
        f"{printable(failure.message)}"
        for failure in built.of_base
    ]
    errors = sum(finding.severity is Severity.ERROR for finding in told)
    counts = f"{errors} errors, {len(told) - errors} warnings"
    if len(told) < len(every):
        counts += f", {len(every) - len(told)} disabled or exempt"
    forms = " and ".join(format_build.format for format_build in built.formats) or "no form"
    identity = built.base.identity
    outcome = "linked" if built.linked else "not linked"
    lines.append(
        f"{len(built.sources)} modules {outcome} as {forms} with {identity.name} {identity.version}"
        f"{' without its rules' if built.outline else ''}: {counts}"
    )
    return "\n".join(lines) + "\n"
