# SPDX-License-Identifier: GPL-2.0-or-later
"""From something that is allowed now to the statement of a module that brought it: file, line, interface call.

A .te is looked at as m4 expands it. There the line of each statement is marked, and refpolicy's interfaces write
where they begin and end, so that the call is known and not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from policytool.check.link_findings import LinkedModule, statement_place
from policytool.gate.growth import Growth
from policytool.gate.interface_growth import read_interfaces
from policytool.policy.cil_rules import statements
from policytool.policy.compiled import CompiledPolicy

_SYNC = re.compile(r"^#line (?P<line>\d+)")
_CALL = re.compile(r"^##### (?P<edge>begin|end) (?P<call>(?P<name>[\w$.-]+)\(.*\)) depth: \d+")
_TOKEN = re.compile(r"[A-Za-z_][\w.-]*|[;{}]")
_CIL_OF_TE = {
    "typetransition": "type_transition",
    "typechange": "type_change",
    "typemember": "type_member",
    "typeattributeset": "typeattribute",
    "roletype": "role",
    "roleallow": "allow",
    "roletransition": "role_transition",
    "rangetransition": "range_transition",
    "typepermissive": "permissive",
    "allowx": "allowxperm",
    "typealiasactual": "typealias",
    "boolean": "bool",
}
# How far below the line that m4 names a statement in a block may stand.
_FAR = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something comes from. `call` is the interface call on that line, "" for a statement written there.

    `defined` is (file, line) of the called interface where it is one of the modules' own, ("", 0) elsewhere.
    """

    module: str
    file: str
    line: int
    call: str = ""
    defined: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement as m4 or CIL has it; CALLS are those around it, the outermost first."""

    keyword: str
    words: tuple[str, ...]
    line: int
    calls: tuple[str, ...] = ()
    text: str = ""


class Origins:
    """Looks through the modules of one side; statements that BEFORE's modules have too are looked at last."""

    def __init__(
        self, modules: Iterable[LinkedModule], before: Iterable[LinkedModule], policy: CompiledPolicy
    ) -> None:
        self._modules = tuple(modules)
        self._policy = policy
        self._old = frozenset(_said(statement) for module in before for statement in _statements(module))
        self._interfaces = {
            name: (file.path, interface.line)
            for module in self._modules
            if (file := module.source.if_)
            for name, interface in read_interfaces(file.text).items()
        }

    def origin(self, growth: Growth) -> Origin | None:
        """Return where GROWTH comes from; None where no module has a statement about it."""
        if growth.place[0]:
            return Origin("", *growth.place)
        groups = self._groups(growth)
        if not groups:
            return None
        keywords = {growth.keyword, _CIL_OF_TE.get(growth.keyword, growth.keyword)} - {""}
        best: tuple[int, ...] = ()
        found: tuple[LinkedModule, _Statement] | None = None
        for module in self._modules:
            for statement in _statements(module):
                words = set(statement.words)
                # A rule of the base may be in force because of a name: then its declaration is what there is.
                if not any(words & group for group in groups[:2]):
                    continue
                hits = sum(bool(words & group) for group in groups)
                score = (
                    hits == len(groups) and (statement.keyword in keywords or not keywords),
                    hits == len(groups),
                    _said(statement) not in self._old,
                    statement.keyword in keywords,
                    hits,
                    # The rule's own names before those of attributes.
                    len(words & set(growth.words)),
                )
                if score > best:
                    best, found = score, (module, statement)
        return self._placed(*found) if found else None

    def _groups(self, growth: Growth) -> list[set[str]]:
        """Return sets of names; the statement that is looked for has one of each."""
        if not growth.example[0]:
            return [{word} for word in growth.words if word]
        source, target = growth.example
        sources = {source, growth.source, *self._policy.attributes_of(source)}
        targets = {target, growth.target, *self._policy.attributes_of(target)}
        if source == target:
            targets.add("self")
        perms = {perm} if (perm := next(iter(growth.perms), "")) else set()
        return [group for group in (sources, targets, {growth.tclass} - {""}, perms) if group]

    def _placed(self, module: LinkedModule, statement: _Statement) -> Origin:
        source = module.source
        if not module.expanded or source.te is None:
            if statement.keyword == "filecon" or source.cil is None:
                return Origin(source.name, *statement_place(module, statement.text))
            return Origin(source.name, source.cil.path, 0 if source.cil.path.endswith(".pp") else statement.line)
        if statement.keyword == "filecon":
            return Origin(source.name, *statement_place(module, statement.text))
        lines = source.te.text.splitlines()
        if statement.calls:
            name = statement.calls[0].partition("(")[0]
            line = _below(lines, statement.line, [f"{name}("])
            inner = statement.calls[-1].partition("(")[0]
            defined = self._interfaces.get(inner) or self._interfaces.get(name) or ("", 0)
            return Origin(source.name, source.te.path, line, statement.calls[0], defined)
        line = _below(lines, statement.line, [statement.keyword, *statement.words[:1]])
        return Origin(source.name, source.te.path, line)


def _below(lines: list[str], line: int, parts: Collection[str]) -> int:
    """Return the first line from LINE on that has all PARTS: a block is all of the line on which it begins."""
    for number, text in enumerate(lines[max(line - 1, 0) : line + _FAR], max(line, 1)):
        code = text.split("#", 1)[0]
        if all(part in code for part in parts):
            return number
    return line


def _said(statement: _Statement) -> tuple[object, ...]:
    return statement.keyword, statement.words, statement.calls


def _statements(module: LinkedModule) -> tuple[_Statement, ...]:
    found = _of_cil(module.cil, only_labels=bool(module.expanded))
    return found + _of_te(module.expanded) if module.expanded else found


@lru_cache(maxsize=256)
def _of_cil(text: str, only_labels: bool) -> tuple[_Statement, ...]:
    keywords = ("filecon",) if only_labels else ()
    return tuple(
        _Statement(
            statement.keyword, (*statement.words, *_quoted(statement.text)), statement.line, text=statement.text
        )
        for statement in statements(text, keywords)
    )


def _quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)


@lru_cache(maxsize=256)
def _of_te(expanded: str) -> tuple[_Statement, ...]:
    return tuple(_read_te(expanded))


def _read_te(expanded: str) -> Iterator[_Statement]:
    line, first, words = 1, 0, list[str]()
    calls: list[str] = []
    for text in expanded.splitlines():
        if match := _SYNC.match(text):
            line = int(match["line"])
            continue
        if match := _CALL.match(text):
            if match["edge"] == "begin":
                calls.append(match["call"])
            elif calls:
                calls.pop()
            line += 1
            continue
        for part in _TOKEN.findall(text.split("#", 1)[0]):
            if part == ";":
                if words:
                    yield _Statement(words[0], tuple(words[1:]), first, tuple(calls))
                words = []
            elif part == "{" and words[:1] in (["require"], ["optional"], ["if"], ["else"]):
                words = []
            elif part not in "{}":
                first = line if not words else first
                words.append(part)
        # A line that m4 did not expand is followed by the next one without a mark.
        line += 1
