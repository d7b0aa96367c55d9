# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings that a comment in the source disables: `# policytool: disable=ID[,ID] REASON` (in CIL after `;`).

The comment stands at the end of the line, or on the line before. It has to have a reason. An error of the compilers
or of the linker cannot be disabled: the module would not be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from policytool.check.findings import IDS, Finding, ModuleSource, SourceFile
from policytool.model.printable import printable

_DISABLE = re.compile(
    r"[#;]\s*policytool:\s*disable=(?P<ids>[A-Z]-[\w-]+(?:\s*,\s*[A-Z]-[\w-]+)*)(?P<reason>[^\n]*)"
)


@dataclass(frozen=True, slots=True)
class Disabled:
    """What comments disable: reasons by (file, line, id), and what is wrong with comments."""

    reasons: Mapping[tuple[str, int, str], str]
    findings: tuple[Finding, ...]


def read_disabled(sources: Iterable[ModuleSource]) -> Disabled:
    """Return what the comments of SOURCES disable."""
    reasons: dict[tuple[str, int, str], str] = {}
    findings: list[Finding] = []
    for source in sources:
        for file in (source.te, source.if_, source.fc, source.cil):
            for line, place, ids, reason in _comments(file) if file else ():
                wrong = [id_ for id_ in ids if id_ not in IDS or id_.startswith("E-")]
                if wrong or not reason:
                    findings.append(_wrong(file.path if file else "", line, source.name, wrong))
                elif file:
                    reasons |= {(file.path, place, id_): printable(reason, 200) for id_ in ids}
    return Disabled(reasons, tuple(findings))


def _comments(file: SourceFile) -> Iterator[tuple[int, int, list[str], str]]:
    """Yield (line, line that is meant, ids, reason) of each comment."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if match := _DISABLE.search(line):
            place = number if line[: match.start()].strip() else number + 1
            yield number, place, re.split(r"\s*,\s*", match["ids"]), match["reason"].strip(" \t:-")


def _wrong(file: str, line: int, module: str, wrong: list[str]) -> Finding:
    if not wrong:
        hint = "write # policytool: disable=ID REASON"
        return Finding(file, line, "E-disable", module, "a finding is disabled without a reason", hint)
    message = f"{', '.join(wrong)} cannot be disabled"
    return Finding(
        file, line, "E-disable", module, message, "policytool check --help says where the ids are listed"
    )


def with_disabled(findings: Iterable[Finding], disabled: Disabled) -> tuple[Finding, ...]:
    """Return FINDINGS, each with the reason of the comment that disables it, if one does."""
    return tuple(
        replace(
            finding,
            disabled=finding.disabled or disabled.reasons.get((finding.file, finding.line, finding.id), ""),
        )
        for finding in findings
    )
