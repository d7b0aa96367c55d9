# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether two forms of modules (refpolicy source and CIL) say the same, so that judging one of them is enough."""

from __future__ import annotations

import re
from collections.abc import Mapping

from policytool.policy.canonical_cil import canonical_statements

_NAMED = re.compile(r"\( optional [\w.-]+ \(")
_REQUIRED = re.compile(r" \( (?:type|role)attributeset cil_gen_require \(? ?(?P<names>[\w. -]+?) ?\)? \)")


def same_forms(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Say whether the CIL texts of both sides, by module, have the same statements.

    pp numbers optional blocks and states what they require; our writer names them and lets their rules tell what
    they need. False where it is not sure.
    """
    return first.keys() == second.keys() and all(
        first[name] == second[name] or _statements(name, first[name]) == _statements(name, second[name])
        for name in first
    )


def _statements(name: str, text: str) -> frozenset[str]:
    return frozenset(map(_plain, canonical_statements(name, text)))


def _plain(statement: str) -> str:
    return _without_requirements(_NAMED.sub("( optional (", statement)) if "( optional" in statement else statement


def _without_requirements(statement: str) -> str:
    """Leave out what a block requires and names besides: it is off without these names all the same."""
    rest = set(_REQUIRED.sub("", statement).split())

    def needed(match: re.Match[str]) -> str:
        return "" if set(match["names"].split()) <= rest else match[0]

    return _REQUIRED.sub(needed, statement)
