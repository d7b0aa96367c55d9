# SPDX-License-Identifier: GPL-2.0-or-later
"""The formats that findings are printed in: for people, for programs, for code hosts and for CI servers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from policytool.model.printable import printable

if TYPE_CHECKING:
    from policytool.check.findings import Finding


class ReportFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


def findings_text(
    format_: ReportFormat, verb: str, modules: Sequence[str], findings: Sequence[Finding], elsewhere: str
) -> str:
    """Return FINDINGS of VERB as SARIF or JUnit XML. One without a place is put at ELSEWHERE."""
    from policytool.report.junit import junit
    from policytool.report.sarif import sarif

    if format_ is ReportFormat.SARIF:
        return json.dumps(sarif(findings, elsewhere, str(Path.cwd())), indent=2) + "\n"
    return junit(verb, modules, findings)


def finding_text(finding: Finding) -> list[str]:
    """Return FINDING as `FILE:LINE: ID: message`, and what else there is to say on lines below, indented."""
    where = printable(finding.file) + (f":{finding.line}" if finding.line else "")
    lines = [f"{where or finding.module or 'policy'}: {finding.id}: {finding.message}"]
    if finding.call:
        lines.append(f"  by {finding.call}")
    if finding.hint:
        lines.append(f"  {finding.hint}")
    return lines
