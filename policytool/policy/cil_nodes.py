# SPDX-License-Identifier: GPL-2.0-or-later
"""The lists that a CIL text is made of, with their places; what some of CIL's words mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\(|\)|\"[^\"\n]*\"?|;[^\n]*|[^\s()\";]+")

# Statements that hold other statements.
CONTAINERS = frozenset({"optional", "block", "macro", "in", "booleanif", "tunableif", "true", "false"})

# Those whose first list is a condition, or parameters.
HEADED = frozenset({"booleanif", "tunableif", "macro"})

# What makes a list of permissions, or of types, an expression.
OPERATORS = frozenset({"all", "and", "or", "xor", "not", "range"})

# pp's way to say that a name is another module's.
REQUIREMENT = "cil_gen_require"


@dataclass(slots=True)
class CilNode:
    """A list of the text in the making; items are words and lists."""

    start: int
    items: list[str | CilNode] = field(default_factory=list)
    end: int = 0

    @property
    def keyword(self) -> str:
        """The first item, "" if it is no word."""
        return first if self.items and isinstance(first := self.items[0], str) else ""

    @property
    def words(self) -> tuple[str, ...] | None:
        """The items, if all of them are words."""
        found = tuple(item for item in self.items if isinstance(item, str))
        return found if len(found) == len(self.items) else None


def cil_nodes(text: str) -> list[CilNode]:
    """Read TEXT into its top-level lists; without recursion, since the text decides how deep they go."""
    top: list[CilNode] = []
    stack: list[CilNode] = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word == "(":
            stack.append(CilNode(match.start()))
        elif word == ")":
            if stack:
                node = stack.pop()
                node.end = match.end()
                if stack:
                    stack[-1].items.append(node)
                else:
                    top.append(node)
        elif word[0] != ";" and stack:
            stack[-1].items.append(word)
    return top
