# SPDX-License-Identifier: GPL-2.0-or-later
"""From a statement of CIL that pp made back to the line of the .te that it comes from.

pp keeps no lines. The expanded source does: m4 -s marks each line with the line of the .te whose macro call it
belongs to, so the statement is looked for there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_SYNC = re.compile(r'^#line (?P<line>\d+)(?: "(?P<file>[^"]*)")?$')
_WORD = re.compile(r"[A-Za-z][\w.-]*")
# Words of a CIL statement that the source spells otherwise, or not at all.
_CIL_WORDS = frozenset(
    (
        "typeattributeset",
        "cil_gen_require",
        "roleattributeset",
        "roletype",
        "object_r",
        "typetransition",
        "typemember",
        "typechange",
        "allow",
        "allowx",
        "auditallow",
        "dontaudit",
        "neverallow",
        "and",
        "or",
        "not",
        "xor",
        "all",
        "optional",
        "block",
        "in",
        "call",
        "type",
    )
)


@dataclass(frozen=True, slots=True)
class _Statement:
    line: int
    words: frozenset[str]
    keyword: str


def statement_line(expanded: str, statement: str) -> int:
    """Return the line of the .te whose EXPANDED text holds the CIL STATEMENT, 0 if none does."""
    return statement_lines(expanded, [statement])[0]


def statement_lines(expanded: str, statements: Sequence[str]) -> list[int]:
    """Return for each of the CIL STATEMENTS the line of the .te whose EXPANDED text holds it, 0 if none does.

    An allow is found by source, target and class, what else by all its names, then by the last of them (what
    a failing statement could not resolve is named last).
    """
    every = _statements(expanded)
    return [_line(every, statement) for statement in statements]


def _line(statements: Sequence[_Statement], statement: str) -> int:
    names = tuple(dict.fromkeys(_names(statement)))
    if not names:
        return 0
    if statement.startswith(("(allow ", "(auditallow ", "(dontaudit ")):
        names = names[:3]
    wanted = frozenset(names) - {"self"}
    keyword = statement[1:].split(None, 1)[0]
    exact = [candidate for candidate in statements if wanted <= candidate.words]
    # `allow a self:…` has come out of pp with self or with the type's own name.
    loose = [
        candidate for candidate in statements if wanted - {names[1] if len(names) > 1 else ""} <= candidate.words
    ]
    selfish = [candidate for candidate in loose if "self" in candidate.words and len(set(names[:2])) == 1]
    last = [candidate for candidate in statements if names[-1] in candidate.words]
    for found in (exact, selfish, last):
        if found:
            best = [candidate for candidate in found if candidate.keyword == keyword] or found
            return best[0].line
    return 0


def _names(statement: str) -> Iterator[str]:
    for word in _WORD.findall(statement):
        if word not in _CIL_WORDS:
            yield word


# All findings of a module ask about the same text.
@lru_cache(maxsize=1)
def _statements(expanded: str) -> tuple[_Statement, ...]:
    """Return the statements of m4's output, each with the .te line of its first word."""
    found: list[_Statement] = []
    line, first, words = 1, 0, list[str]()
    for text in expanded.splitlines():
        if match := _SYNC.match(text):
            line = int(match["line"])
            continue
        for part in re.findall(r"[A-Za-z][\w.-]*|[;{}]", text.split("#", 1)[0]):
            if part == ";":
                if words:
                    found.append(_Statement(first, frozenset(words), words[0]))
                words = []
            elif part == "{" and words in (["require"], ["optional"]):
                words = []  # the block's statements stand for themselves
            elif part not in "{}":
                first = line if not words else first
                words.append(part)
        # A line of the .te that m4 did not expand is followed by the next one without a mark.
        line += 1
    return tuple(found)
