# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as SARIF 2.1.0 (OASIS Static Analysis Results Interchange Format), which code hosts show in a review."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from urllib.parse import quote

from policytool import __version__
from policytool.check.findings import IDS, Finding
from policytool.model.printable import printable
from policytool.report.accesses import Document

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "SRCROOT"


def sarif(findings: Iterable[Finding], elsewhere: str = "", root: str = "") -> Document:
    """Return FINDINGS as a SARIF log with one run.

    A finding without a place is put at ELSEWHERE, a path, since hosts drop results without one. Paths below the
    folder ROOT are given relative to it.
    """
    found = list(findings)
    ids = sorted({finding.id for finding in found})
    rules = [
        {"id": id_, "shortDescription": {"text": IDS[id_]}, "defaultConfiguration": {"level": _level(id_)}}
        for id_ in ids
    ]
    driver = {"name": "policytool", "version": __version__, "rules": rules}
    results = [_result(finding, ids.index(finding.id), elsewhere, root) for finding in found]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _level(id_: str) -> str:
    return "warning" if id_.startswith("W-") else "error"


def _result(finding: Finding, index: int, elsewhere: str, root: str) -> Document:
    parts = [finding.message, f"by {finding.call}" if finding.call else "", finding.hint]
    place: dict[str, object] = {}
    if path := finding.file or elsewhere:
        region = {"startLine": max(finding.line, 1)}
        place["physicalLocation"] = {"artifactLocation": _artifact(path, root), "region": region}
    if finding.module:
        place["logicalLocations"] = [{"name": printable(finding.module), "kind": "module"}]
    result: Document = {
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": _level(finding.id),
        "message": {"text": "\n".join(part for part in parts if part)},
        "locations": [place] if place else [],
        # What stays when lines above are added or taken away.
        "partialFingerprints": {"policytool/v1": _fingerprint(finding)},
    }
    if finding.disabled:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.disabled}]
    return result


def _artifact(path: str, root: str) -> dict[str, str]:
    base = root.rstrip("/") + "/"
    if root and path.startswith(base):
        path = path.removeprefix(base)
    uri = quote(path.encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _fingerprint(finding: Finding) -> str:
    text = "\0".join((finding.id, finding.module, finding.message))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
