# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether two forms of modules (refpolicy source and CIL) say the same, so that judging one of them is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policytool.policy.canonical_cil import canonical_statements

_NAMED = re.compile(r"\( optional [\w.-]+ \(")
_REQUIRED = re.compile(r" \( (?:type|role)attributeset cil_gen_require \(? ?(?P<names>[\w. -]+?) ?\)? \)")
_RANGE = re.compile(r"\( range (?P<low>0x[0-9a-f]+) (?P<high>0x[0-9a-f]+) \)")
_COMMANDS = re.compile(r"\((?P<commands>(?: 0x[0-9a-f]+)+) \)")
_XPERM_RULE = re.compile(
    r"(?P<head>\( (?:allow|auditallow|dontaudit)x [^()]*\( [^()]*)\((?P<commands>(?: 0x[0-9a-f]+)+) \) \) \)"
)
# A range of so many commands is compared as it is written.
_MOST = 4096


def same_forms(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Say whether the CIL texts of both sides, by module, have the same statements.

    pp writes ranges of ioctl commands, one rule for each of their drivers, numbers optional blocks and states what
    they require; our writer names blocks and lets their rules tell what they need. False where it is not sure.
    """
    return first.keys() == second.keys() and all(
        first[name] == second[name] or _statements(name, first[name]) == _statements(name, second[name])
        for name in first
    )


def _statements(name: str, text: str) -> frozenset[str]:
    return frozenset(part for statement in canonical_statements(name, text) for part in _parts(_plain(statement)))


def _parts(statement: str) -> Iterator[str]:
    """Yield a rule of its own for each command: they add up, as permissions do."""
    match = _XPERM_RULE.fullmatch(statement)
    if match is None:
        yield statement
        return
    yield from (f"{match['head']}( {command} ) ) )" for command in match["commands"].split())


def _plain(statement: str) -> str:
    if "( optional" in statement:
        statement = _NAMED.sub("( optional (", statement)
        statement = _without_requirements(statement)
    if "0x" in statement:
        statement = _COMMANDS.sub(_in_order, _RANGE.sub(_spelled_out, statement))
    return statement


def _without_requirements(statement: str) -> str:
    """Leave out what a block requires and names besides: it is off without these names all the same."""
    rest = set(_REQUIRED.sub("", statement).split())

    def needed(match: re.Match[str]) -> str:
        return "" if set(match["names"].split()) <= rest else match[0]

    return _REQUIRED.sub(needed, statement)


def _spelled_out(match: re.Match[str]) -> str:
    low, high = int(match["low"], 16), int(match["high"], 16)
    if high - low >= _MOST:
        return match[0]
    return " ".join(hex(command) for command in range(low, high + 1))


def _in_order(match: re.Match[str]) -> str:
    commands = sorted({int(command, 16) for command in match["commands"].split()})
    return "( " + " ".join(map(hex, commands)) + " )"
