# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces of modules (.if) that grant their callers more than they did.

Callers among the compared modules are compiled, and what they gain is told of them. This is for callers elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policytool.gate.growth import Growth

_BEGIN = re.compile(r"^\s*(?P<kind>interface|template|define)\(`(?P<name>[\w.-]+)'\s*,\s*`", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
_REQUIRE = re.compile(r"gen_require\(`[^']*'\)")


@dataclass(frozen=True, slots=True)
class InterfaceText:
    """An interface: the line on which it begins, and its statements with what is around them, and their lines."""

    name: str
    line: int
    statements: tuple[tuple[str, int], ...]


def read_interfaces(text: str) -> Mapping[str, InterfaceText]:
    """Return the interfaces and templates of a .if text by name. What cannot be read has no statements."""
    found = {}
    for match in _BEGIN.finditer(text):
        end = _end(text, match.end())
        line = text.count("\n", 0, match.start(1)) + 1
        body = text[match.end() : end]
        first = text.count("\n", 0, match.end()) + 1
        found[match["name"]] = InterfaceText(match["name"], line, tuple(_statements(body, first)))
    return found


def _end(text: str, start: int) -> int:
    """Return where the quote that is open at START ends."""
    depth = 1
    for match in re.finditer(r"[`']", text[start:]):
        depth += 1 if match[0] == "`" else -1
        if depth == 0:
            return start + match.start()
    return len(text)


def _statements(body: str, line: int) -> Iterator[tuple[str, int]]:
    # Comments and requirements grant nothing; their lines stay, so that others keep theirs.
    text = _COMMENT.sub("", body)
    text = _REQUIRE.sub(lambda match: "\n" * match[0].count("\n"), text)
    around: list[str] = []
    current, begun = "", line
    for character in text:
        if character == "\n":
            line += 1
        if not current.strip():
            begun = line
        if character == "`":
            around.append(" ".join(current.split()))
            current = ""
        elif character == "'":
            if around:
                around.pop()
            current = ""
        elif character == ";" or (character == "\n" and _call(current)):
            yield _whole(around, current), begun
            current = ""
        elif character == ")" and current.strip().startswith((",", ")")):
            current = ""
        else:
            current += character
    if _call(current):
        yield _whole(around, current), begun


def _call(text: str) -> bool:
    return bool(re.fullmatch(r"\s*[\w$-]+\([^`']*\)\s*", text)) and text.count("(") == text.count(")")


def _whole(around: list[str], text: str) -> str:
    return " ".join([*around, *text.split()]).strip()


def interface_growth(
    before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]
) -> Iterator[Growth]:
    """Yield what an interface of both sides says now and did not; each side has (path, text) of a .if by module.

    A new interface has no callers elsewhere, and one that says less grants less.
    """
    old = {name: one for _, text in before.values() for name, one in read_interfaces(text).items()}
    for path, text in after.values():
        for name, interface in read_interfaces(text).items():
            if name not in old:
                continue
            known = Counter(statement for statement, _ in old[name].statements)
            for statement, line in interface.statements:
                if statement not in known and not statement.startswith(
                    ("dontaudit", "neverallow", "refpolicywarn")
                ):
                    yield Growth(
                        "G-interface",
                        f"interface {name} gives its callers more: {statement}",
                        place=(path, line),
                    )
