# SPDX-License-Identifier: GPL-2.0-or-later
"""Optional blocks that are off: the linker leaves one out, and says nothing, when a name in it is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policytool.check.findings import Finding
from policytool.check.known_names import KnownNames
from policytool.check.link_findings import LinkedModule, statement_place
from policytool.model.printable import printable

_BEGIN = re.compile(r"^\(optional\s+(?P<name>[\w.-]+)")
_REQUIRED = re.compile(r"^\((?:type|role)attributeset cil_gen_require (?P<name>[\w.-]+)\)$")
_RULE = re.compile(r"^\((?:allow|dontaudit|auditallow)\s+(?P<source>[\w.-]+)\s+(?P<target>[\w.-]+)\s")
_OPTIONAL = re.compile(r"\boptional(?:_policy)?\b")


def optional_findings(module: LinkedModule, known: KnownNames) -> Iterator[Finding]:
    """Yield W-optional-off for each name that optional blocks of MODULE need and KNOWN does not have."""
    found: dict[str, list[tuple[str, int]]] = {}
    for missing, statement, number in _off(module.cil, known):
        te = module.source.te
        if module.expanded and te and not re.search(rf"\b{re.escape(missing)}\b", te.text):
            # It is in an interface of the base, which has reasons for it.
            continue
        file, line = statement_place(module, statement, number)
        found.setdefault(missing, []).append((file, _optional_line(module, line)))
    for missing, places in sorted(found.items()):
        (file, line), more = places[0], len(places) - 1
        blocks = f"this optional block and {more} more are" if more else "this optional block is"
        message = f"{blocks} not in force: neither the base nor the modules declare {missing}"
        hint = known.nearest(missing) or "what stands there is off too, until a module declares it"
        yield Finding(file, line, "W-optional-off", module.source.name, printable(message, 400), hint)


def _off(cil: str, known: KnownNames) -> Iterator[tuple[str, str, int]]:
    """Yield for each optional block of CIL that is off the missing name, its statement and its line."""
    # The depth at which each block around the line began, and whether it is told already.
    outer: list[tuple[int, bool]] = []
    depth = 0
    for number, line in enumerate(cil.splitlines(), 1):
        statement = line.strip()
        if _BEGIN.match(statement):
            outer.append((depth, False))
        elif outer and not outer[-1][1] and (missing := _missing(statement, known)):
            outer[-1] = (outer[-1][0], True)
            yield missing, statement, number
        depth += line.count("(") - line.count(")")
        while outer and depth <= outer[-1][0]:
            outer.pop()


def _missing(statement: str, known: KnownNames) -> str:
    names: list[str] = []
    if required := _REQUIRED.match(statement):
        names = [required["name"]]
    elif rule := _RULE.match(statement):
        names = [name for name in (rule["source"], rule["target"]) if name != "self"]
    return next((name for name in names if name not in known.declared and not name.startswith("cil_")), "")


def _optional_line(module: LinkedModule, line: int) -> int:
    """Return where the optional block around LINE of the source begins."""
    te = module.source.te
    if not (module.expanded and te):
        return line
    lines = te.text.splitlines()[:line]
    return next((place for place in range(len(lines), 0, -1) if _OPTIONAL.search(lines[place - 1])), line)
