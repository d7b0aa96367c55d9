# SPDX-License-Identifier: GPL-2.0-or-later
"""All unknown names of a module in one run. checkmodule stops at the first.

What it stopped at is taken out of the way in a copy of the expanded source: the call of an unknown interface is
left out, any other name is required. Then it is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# So many unknown names of one module are named.
_MOST = 100

_ERROR = re.compile(r":ERROR '(?P<message>[^']*)' at token '(?P<token>[^\n]*)' on line (?P<line>\d+):")
_UNKNOWN = re.compile(
    r"unknown (?P<kind>type|class|role|boolean) (?P<name>[\w.-]+)$"
    r"|(?P<attribute>attribute) (?P<held>[\w.-]+) is not declared"
    r"|permission (?P<perm>\w+) is not defined for class (?P<tclass>\w+)"
)
_MODULE = re.compile(r"^\s*module\s+[\w.-]+\s+[\w.]+\s*;", re.MULTILINE)
_IDENTIFIER = re.compile(r"[A-Za-z]\w*")


def every_message(expanded: str, first: str, check: Callable[[str], str]) -> tuple[str, str]:
    """Return all that checkmodule says of EXPANDED, and the source in which it finds nothing more, "" if none.

    FIRST is what it said. CHECK asks it about another source and returns what it says, "" when it accepts that.
    """
    said = [first]
    for _ in range(_MOST):
        mended = _mended(expanded, said[-1])
        if mended is None:
            return "\n".join(said), ""
        expanded = mended
        more = check(expanded)
        if not more:
            return "\n".join(said), expanded
        if more in said:
            break
        said.append(more)
    return "\n".join(said), ""


def _mended(expanded: str, said: str) -> str | None:
    """Return EXPANDED without the first error that checkmodule SAID, None if it is not about an unknown name."""
    error = _ERROR.search(said)
    if error is None:
        return None
    message = " ".join(error["message"].split())
    if message == "syntax error":
        return _without_call(expanded, error["token"], int(error["line"]))
    found = _UNKNOWN.search(message)
    module = _MODULE.search(expanded)
    if found is None or module is None:
        return None
    if found["attribute"]:
        required = f"attribute {found['held']};"
    elif found["perm"]:
        required = f"class {found['tclass']} {found['perm']};"
    elif found["kind"] == "class":
        required = f"class {found['name']} {{ {' '.join(_permissions(expanded, found['name']))} }};"
    else:
        required = f"{'bool' if found['kind'] == 'boolean' else found['kind']} {found['name']};"
    # On the same line, so that lines keep their numbers.
    return f"{expanded[: module.end()]} require {{ {required} }}{expanded[module.end() :]}"


def _without_call(expanded: str, macro: str, line: int) -> str | None:
    """Return EXPANDED without the call of MACRO at LINE, or at the line before; line ends stay."""
    lines = expanded.splitlines(keepends=True)
    begin = sum(map(len, lines[: max(line - 2, 0)]))
    call = re.compile(rf"(?<!\w){re.escape(macro)}\s*\(").search(expanded, begin)
    if call is None or not _IDENTIFIER.fullmatch(macro):
        return None
    depth, place = 1, call.end()
    while depth and place < len(expanded):
        depth += {"(": 1, ")": -1}.get(expanded[place], 0)
        place += 1
    left_out = expanded[call.start() : place]
    return expanded[: call.start()] + "\n" * left_out.count("\n") + expanded[place:]


def _permissions(expanded: str, tclass: str) -> list[str]:
    """Return the permissions that rules of EXPANDED name for TCLASS."""
    rule = re.compile(rf":\s*(?:{{[^}};]*\b{tclass}\b[^}};]*}}|{tclass})\s+(?P<perms>{{[^}};]*}}|\w+)\s*;")
    return sorted({word for match in rule.finditer(expanded) for word in _IDENTIFIER.findall(match["perms"])})
