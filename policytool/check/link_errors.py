# SPDX-License-Identifier: GPL-2.0-or-later
"""What secilc says when modules do not link, as values (libsepol/cil/src: cil_log, cil_binary.c, cil_verify.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import PurePath


class FailureKind(StrEnum):
    """Why a link failed."""

    SYNTAX = "syntax"
    UNRESOLVED = "unresolved"
    NEVERALLOW = "neverallow"
    BOUNDS = "bounds"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    FILECON = "filecon"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LinkFailure:
    """One failure. `module` and `line` are the place in a module's CIL ("" and 0 unknown).

    `statement` is the offending CIL where secilc prints it, `against` what it offends: a neverallow rule, an
    earlier declaration. Texts are as secilc printed them.
    """

    kind: FailureKind
    message: str
    module: str = ""
    line: int = 0
    statement: str = ""
    against: str = ""


_PLACE = re.compile(r" at (?P<file>\S+):(?P<line>\d+)")
_NEVERALLOW = re.compile(r"^neverallow(?:x)? check failed at ")
_BOUNDS = re.compile(r"^Child type (?P<child>\S+) exceeds bounds of parent (?P<parent>\S+)")
_REDECLARED = re.compile(r"^Re-declaration of (?P<flavor>\S+) (?P<name>\S+)")
_BAD = re.compile(r"^Bad (?P<what>.+) at \S+:\d+")
_RESOLVE = re.compile(r"^Failed to resolve (?P<what>\S+?)(?:-| )statement at ")
_UNKNOWN = re.compile(r"^(?:Error: )?Unknown keyword (?P<word>\S+)")
_SYNTAX = re.compile(r"^(?P<what>.+) at line (?P<line>\d+) of (?P<file>\S+)")
_CONFLICT = re.compile(r"^Conflicting type rules \((?P<what>.*)\), existing=(?P<existing>\S+)")
_FILECON = re.compile(r"^(?:Invalid filecon|Bad filecon)|filecon rules")
# What only says that something above went wrong.
_ECHO = re.compile(
    r"^(?:Failed to (?:compile cildb|resolve AST|build AST|generate binary|build policydb|verify cil database)"
    r"|Post process failed|Expanded from|Previous declaration)"
)


def link_failures(messages: str) -> tuple[LinkFailure, ...]:
    """Read the standard error of secilc; empty where it holds nothing that explains a failure."""
    lines = messages.splitlines()
    found: list[LinkFailure] = []
    place = 0
    while place < len(lines):
        if _NEVERALLOW.match(lines[place]) or _BOUNDS.match(lines[place]):
            end = place + 1
            while end < len(lines) and (lines[end].startswith(" ") or not lines[end].strip()):
                end += 1
            found.extend(_granted(lines[place:end]))
            place = end
            continue
        if failure := _single(lines, place):
            found.append(failure)
        place += 1
    if not found:
        rest = [line for line in lines if line.strip() and not _ECHO.match(line)]
        return tuple(LinkFailure(FailureKind.OTHER, line, *_where(line)) for line in rest[:1])
    return tuple(dict.fromkeys(found))


def _granted(block: list[str]) -> Iterator[LinkFailure]:
    """Every allow that a neverallow or bounds block names: `allow at FILE:LINE` with the rule below it."""
    bounds = _BOUNDS.match(block[0])
    kind = FailureKind.BOUNDS if bounds else FailureKind.NEVERALLOW
    against = block[0].strip() if bounds else next((line.strip() for line in block[1:2]), "")
    for line, after in pairwise(block[1:]):
        # Blocks, optionals and macros around the rule have a place too; the rule alone is followed by its text.
        if _PLACE.search(line) and after.strip().startswith(("(allow", "(auditallow")):
            module, number = _where(line)
            statement = after.strip()
            message = f"exceeds the bounds: {against}" if bounds else f"violates {against}"
            yield LinkFailure(kind, f"{statement} {message}", module, number, statement, against)


def _single(lines: list[str], place: int) -> LinkFailure | None:
    line = lines[place]
    before = lines[place - 1] if place else ""
    if match := _REDECLARED.match(line):
        following = next((text for text in lines[place + 1 : place + 4] if text.startswith("Bad ")), "")
        message = f"{match['flavor']} {match['name']} is declared already"
        previous = next((text for text in lines[place + 1 : place + 3] if text.startswith("Previous")), "")
        return LinkFailure(FailureKind.DUPLICATE, message, *_where(following or previous), match["name"], previous)
    if match := _RESOLVE.match(line):
        kind = FailureKind.FILECON if match["what"] == "filecon" else FailureKind.UNRESOLVED
        cause = f": {before}" if before.startswith("Failed to resolve") else ""
        return LinkFailure(kind, f"cannot resolve the {match['what']} statement{cause}", *_where(line))
    if match := _CONFLICT.match(line):
        following = next((text for text in lines[place + 1 : place + 4] if _PLACE.search(text)), "")
        message = f"type transition conflicts: {match['what']}, existing={match['existing']}"
        return LinkFailure(FailureKind.CONFLICT, message, *_where(following), match["what"], match["existing"])
    if match := _UNKNOWN.match(line):
        return LinkFailure(FailureKind.SYNTAX, f"unknown keyword {match['word']}", statement=match["word"])
    if match := _SYNTAX.match(line):
        return LinkFailure(FailureKind.SYNTAX, match["what"], PurePath(match["file"]).stem, int(match["line"]))
    if _FILECON.search(line):
        message = f"{line}: {before}" if before and not _ECHO.match(before) else line
        return LinkFailure(FailureKind.FILECON, message, *_where(line))
    if (match := _BAD.match(line)) and not any(_REDECLARED.match(text) for text in lines[:place]):
        message = f"bad {match['what']}: {before}" if before else f"bad {match['what']}"
        return LinkFailure(FailureKind.SYNTAX, message, *_where(line))
    return None


def _where(line: str) -> tuple[str, int]:
    """Read the module and line of the ` at FILE:LINE` in LINE; files are named after modules."""
    match = _PLACE.search(line)
    return (PurePath(match["file"]).stem, int(match["line"])) if match else ("", 0)
