# SPDX-License-Identifier: GPL-2.0-or-later
"""What refpolicy's macros are called with: the interfaces and templates of .if files, the patterns of .spt files.

sepolgen's own parser gives up on kernel.if, init.if and ssh.if, so the text is read for no more than is needed: the
name, the body (balanced quotes of m4), and what each parameter is. A body names its parameters `$1` and so on; the
documentation above it (`<param name="…">`) says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_HEAD = re.compile(r"^(?P<kind>interface|template|define)\(`(?P<name>\w+)',\s*`", re.MULTILINE)
_QUOTE = re.compile("[`']")
_NUMBER = re.compile(r"\$([1-9])")
_DOCUMENTED = re.compile(r'<param\s+name="(?P<name>[^"]*)"(?P<more>[^>]*)>')
# Names that the documentation has for parameters that are classes, and for those that are no types at all.
_CLASS = re.compile(r"object(?:_?class(?:\(es\))?)?|class")
_NO_TYPE = re.compile(r".*(?:role|prefix|tunable|boolean|range|exception_types).*")
_TRANSITION = re.compile(r"type_transition\s+(?P<words>[^;]*);")
_DEPRECATED = "refpolicywarn"


class MacroKind(StrEnum):
    """What a macro is defined as."""

    INTERFACE = "interface"
    TEMPLATE = "template"
    PATTERN = "pattern"


class Parameter(StrEnum):
    """What a macro's parameter stands for. OTHER is a role, part of a name, a range."""

    TYPE = "type"
    CLASS = "class"
    FILE_NAME = "file name"
    OTHER = "other"


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """A macro of refpolicy and what its parameters are. `deprecated` says that it warns whoever calls it."""

    name: str
    kind: MacroKind
    parameters: tuple[Parameter, ...]
    deprecated: bool = False


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Return the macros that TEXT, a .if or .spt file, defines, in their order; what is not closed is left out."""
    return tuple(_signatures(text))


def _signatures(text: str) -> Iterator[Signature]:
    done = 0
    for match in _HEAD.finditer(text):
        if match.start() < done:
            continue
        end = _closing(text, match.end())
        if end is None:
            return
        body, above = text[match.end() : end], text[done : match.start()]
        done = end
        pattern = match["kind"] == "define"
        kind = MacroKind.PATTERN if pattern else MacroKind(match["kind"])
        parameters = _used(body) if pattern else _documented(body, above)
        yield Signature(match["name"], kind, parameters, _DEPRECATED in body)


def _closing(text: str, start: int) -> int | None:
    depth = 1
    for match in _QUOTE.finditer(text, start):
        depth += 1 if match[0] == "`" else -1
        if depth == 0:
            return match.start()
    return None


def _count(body: str) -> int:
    return max((int(number) for number in _NUMBER.findall(body)), default=0)


def _documented(body: str, above: str) -> tuple[Parameter, ...]:
    """Go by the documentation; a parameter that it does not have is a type."""
    found = [_kind(match["name"], "optional" in match["more"]) for match in _DOCUMENTED.finditer(above)]
    count = _count(body)
    return (*found[:count], *[Parameter.TYPE] * (count - len(found)))


def _kind(name: str, optional: bool) -> Parameter:
    if _CLASS.fullmatch(name):
        return Parameter.CLASS
    if optional and "name" in name:
        return Parameter.FILE_NAME
    return Parameter.OTHER if optional or _NO_TYPE.fullmatch(name) else Parameter.TYPE


def _used(body: str) -> tuple[Parameter, ...]:
    """Go by the place in the body: patterns have no documentation that a program could read."""
    found = [Parameter.TYPE] * _count(body)
    for number in re.findall(r":\s*\$([1-9])", body):
        found[int(number) - 1] = Parameter.CLASS
    for match in _TRANSITION.finditer(body):
        # type_transition SOURCE TARGET:CLASS DEFAULT NAME
        words = match["words"].split()
        if len(words) == 4 and (name := _NUMBER.fullmatch(words[3])):
            found[int(name[1]) - 1] = Parameter.FILE_NAME
    return tuple(found)
