# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check says about a module: findings with stable ids, and what a checked module is made of.

Ids are stable: a CI job may name them. The first letter tells the severity, as in SELint: E error, W warning. What
a change lets somebody do (G, growth) and an assertion that does not hold (A) are errors.
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
    "W-optional-off": "an optional block is not in force, since nobody declares what it needs",
    "W-filecon-repeated": "a file context repeats one of the base",
    "W-filecon-unreachable": "no path can match a file context",
    "W-filecon-shadowed": "a file context has no effect, because a more specific one exists",
    "W-dontaudit": "what is denied is logged otherwise than before: a dontaudit rule came or went",
    "W-exempt-unused": "nothing needs an exemption from an assertion",
    "A-capability": "a domain has a capability that an assertion does not let it have",
    "A-entered": "a domain enters another one, which an assertion does not let it",
    "A-expired": "an exemption from an assertion is over",
    "A-forbidden": "a domain may do what an assertion forbids",
    "A-permissive": "a domain is permissive that an assertion wants enforced",
    "A-sechecker": "a check of sechecker fails",
    "A-surface": "a domain may do more things than an assertion lets it",
    "A-unknown": "an assertion names what the policy does not have, so that it asserts nothing",
    "A-writes": "a domain may write to files of types that another module declares",
    "E-disable": "a comment disables a finding without a reason, or names an unknown id",
    "G-allow": "a domain may do what it might not before",
    "G-alias": "a label is taken for another type than before",
    "G-attribute": "a type carries an attribute that it did not carry",
    "G-audit": "what was granted with a record in the log is granted without one",
    "G-boolean": "a boolean has another default, and rules are in force by it",
    "G-bounds": "a type is no longer bounded by another one",
    "G-conditional": "a domain may do what it might not before, at some values of booleans",
    "G-constraint": "a constraint is gone, or names a type otherwise than before",
    "G-default": "new objects take user, role, type or range from elsewhere (default_user and its kin)",
    "G-domain": "a domain is new",
    "G-entrypoint": "a domain may start with a program with which it might not before",
    "G-filecon": "files have another label, and somebody may do more with them",
    "G-interface": "an interface grants its callers what it did not",
    "G-label": "objects of the kernel (ports, filesystems, nodes, initial SIDs) have another label",
    "G-module": "a module is gone",
    "G-neverallow": "a neverallow rule of a module is gone",
    "G-permissive": "a domain is permissive that was not",
    "G-policycap": "a policy capability, or what becomes of unknown permissions, is another one",
    "G-range": "a range_transition rule differs",
    "G-role": "a role may have a type, change to a role, or follow from a program as it did not before",
    "G-transition": "a new process or object gets another type than before",
    "G-user": "a user has a role, a range, a level or a login that it had not",
    "G-xperm": "more ioctl commands or netlink messages are allowed",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that a check found. `file` is "" and `line` 0 where no place is known; `hint` says what to do.

    `call` is the interface call on that line that brought it, "" where the statement stands there itself.
    `disabled` is the reason of the comment that disables the finding. Texts are fit for a terminal, except `file`,
    which is the path as the user gave it.
    """

    file: str
    line: int
    id: str
    module: str
    message: str
    hint: str = ""
    call: str = ""
    disabled: str = ""

    def __post_init__(self) -> None:
        if self.id not in IDS:
            raise ValueError(f"unknown finding id {self.id!r}")

    @property
    def severity(self) -> Severity:
        """The severity, which the id's first letter tells."""
        return Severity.WARNING if self.id.startswith("W-") else Severity.ERROR

    @property
    def fails(self) -> bool:
        """Whether the check fails by it: an error that nobody has disabled."""
        return self.severity is Severity.ERROR and not self.disabled


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
