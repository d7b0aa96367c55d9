# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as JUnit XML, which CI servers show as tests: a test a finding, and one for each module without any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from policytool.check.findings import Finding
from policytool.model.printable import printable


def junit(verb: str, modules: Iterable[str], findings: Sequence[Finding]) -> str:
    """Return the XML of what VERB found in MODULES.

    What makes the exit code 1 is a failure. A warning is a test that passes and says so; what a comment disables is
    skipped with its reason.
    """
    told = {finding.module for finding in findings if finding.fails}
    passed = [_plain(module) for module in modules if module not in told]
    counts = {
        "tests": str(len(findings) + len(passed)),
        "failures": str(sum(finding.fails for finding in findings)),
        "skipped": str(sum(bool(finding.disabled) for finding in findings)),
        "errors": "0",
    }
    root = ElementTree.Element("testsuites", {"name": "policytool", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"policytool {verb}", **counts})
    for module in passed:
        ElementTree.SubElement(suite, "testcase", {"classname": module, "name": f"{verb} {module}"})
    for finding in findings:
        _case(suite, finding)
    ElementTree.indent(root)
    return "<?xml version='1.0' encoding='UTF-8'?>\n" + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    place = f"{_plain(finding.file)}:{finding.line}" if finding.file else ""
    message = _plain(finding.message)
    name = " ".join(part for part in (finding.id, place, message) if part)
    attributes = {"classname": _plain(finding.module) or "policy", "name": name}
    if finding.file:
        attributes |= {"file": _plain(finding.file), "line": str(max(finding.line, 1))}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    call = f"by {_plain(finding.call)}" if finding.call else ""
    text = "\n".join(part for part in (place, message, call, _plain(finding.hint)) if part)
    if finding.disabled:
        ElementTree.SubElement(case, "skipped", {"message": _plain(finding.disabled)})
    elif finding.fails:
        ElementTree.SubElement(case, "failure", {"type": finding.id, "message": message}).text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text


def _plain(text: str) -> str:
    # Texts of findings are escaped already; paths are as the user gave them.
    return text if text.isascii() and text.isprintable() else printable(text)
