# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check says about a module: findings with stable ids, and what a checked module is made of.

Ids are stable: a CI job may name them. The first letter is the severity, as in SELint: E error, W warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error makes `check` fail, a warning asks for a look."""

    ERROR = "error"
    WARNING = "warning"


# Every id with what it means. docs/reference.md has the same list.
IDS: Mapping[str, str] = {
    "E-compile": "the source of the module does not compile",
    "E-link": "the module does not link against the base policy",
    "E-neverallow": "a rule grants what a neverallow rule of the base forbids",
    "E-duplicate": "the module declares what the base or another module declares already",
    "E-filecon": "a file context is invalid or contradicts another one",
    "E-name": "the name of the module is taken, or is not that of its file",
    "W-version": "policy_module() has no version",
    "W-permissive": "the module makes a domain permissive, so that nothing is denied to it",
    "W-memory": "a rule lets a domain execute memory that it can write",
    "W-unused-type": "the module declares a type that nothing uses",
    "W-filecon-repeated": "a file context repeats one of the base",
    "W-filecon-unreachable": "no path can match a file context",
    "W-filecon-shadowed": "a file context has no effect, because a more specific one exists",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a check found. `file` is "" and `line` 0 where no place is known; `hint` says what to do.

    Texts are fit for a terminal, except `file`, which is the path as the user gave it.
    """

    file: str
    line: int
    id: str
    module: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        if self.id not in IDS:
            raise ValueError(f"unknown finding id {self.id!r}")

    @property
    def severity(self) -> Severity:
        """The severity, which the id's first letter tells."""
        return Severity.ERROR if self.id.startswith("E-") else Severity.WARNING


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file: the path as the user gave it, and the text (surrogates where it is not UTF-8)."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """The files of one module, None where there is none. At least one of `te` and `cil` is there."""

    name: str
    te: SourceFile | None = None
    if_: SourceFile | None = None
    fc: SourceFile | None = None
    cil: SourceFile | None = None


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the distinct findings in order of place."""
    return tuple(sorted(set(findings)))
