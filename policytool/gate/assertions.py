# SPDX-License-Identifier: GPL-2.0-or-later
"""Assertions: what must hold of domains whatever changes, and who is exempt from it, why and until when.

docs/gates.md describes the file. Names may be those of types or of attributes.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from policytool.errors import InputError

# In the place of a domain: all those that the modules declare or extend.
OF_MODULES = "@modules"
ANY = "*"

_TARGET = re.compile(r"(?P<target>[\w.-]+|\*):(?P<tclass>\w+|\*)\s*(?:\{(?P<perms>[\w\s*]+)\}|(?P<perm>\w+|\*))")
_PROMISES = (
    "capabilities",
    "entered_only_from",
    "enters_only",
    "forbid",
    "writes_only_own",
    "triples_at_most",
    "enforcing",
)


@dataclass(frozen=True, slots=True)
class ForbiddenTarget:
    """Permissions on TARGET of class TCLASS that no domain may hold; each may be ANY."""

    target: str
    tclass: str
    perms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What must hold of DOMAINS. None, an empty tuple or False: nothing is said of it.

    `capabilities` are the only ones that they may hold, `entered_only_from` the only domains that may enter them,
    `enters_only` the only ones that they may enter. `writes_only_own`: they may not write to files of types that
    another module declares. `triples_at_most` is the largest number of (target type, class, permission) at the
    booleans' stored values. `line` is where it stands in its file.
    """

    id: str
    why: str
    domains: tuple[str, ...]
    capabilities: frozenset[str] | None = None
    entered_only_from: frozenset[str] | None = None
    enters_only: frozenset[str] | None = None
    forbid: tuple[ForbiddenTarget, ...] = ()
    writes_only_own: bool = False
    triples_at_most: int | None = None
    enforcing: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Exemption:
    """Who need not keep an assertion, and why. An empty field means any; `until` is its last day."""

    assertion: str
    reason: str
    source: str = ""
    target: str = ""
    tclass: str = ""
    perm: str = ""
    until: datetime.date | None = None
    line: int = 0

    def covers(self, assertion: str, source: str, target: str, tclass: str, perms: Collection[str]) -> bool:
        """Whether all of what breaks ASSERTION is exempt: one permission exempts no other."""
        return (
            self.assertion == assertion
            and self.source in ("", source)
            and self.target in ("", target)
            and self.tclass in ("", tclass)
            and (not self.perm or set(perms) <= {self.perm})
        )


@dataclass(frozen=True, slots=True)
class AssertionFile:
    """A file of assertions. `against` is the revision or folder that modules may not grow since, "" for none."""

    path: str
    assertions: tuple[Assertion, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    against: str = ""


def read_assertions(path: str, text: str) -> AssertionFile:
    """Read the TOML TEXT of the file PATH. InputError, with the place, for what is not understood."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}") from error
    lines = _lines(text)
    reader = _Reader(path)
    reader.keys(document, {"assert", "exempt", "against"}, "the file")
    asserted = [
        reader.assertion(table, lines["assert"][number])
        for number, table in enumerate(reader.tables(document, "assert"))
    ]
    exempt = [
        reader.exemption(table, lines["exempt"][number])
        for number, table in enumerate(reader.tables(document, "exempt"))
    ]
    ids = [assertion.id for assertion in asserted]
    if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
        raise InputError(f"{path}: there are two assertions {twice}; rename one of them")
    against = document.get("against", "")
    if not isinstance(against, str):
        raise InputError(f"{path}: against has to be a text: a revision of git, or a folder")
    return AssertionFile(path, tuple(asserted), tuple(exempt), against)


def _lines(text: str) -> Mapping[str, list[int]]:
    """Return the lines on which the tables begin."""
    found: dict[str, list[int]] = {"assert": [], "exempt": []}
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[\[\s*(assert|exempt)\s*\]\]", line):
            found[match[1]].append(number)
    # A table may be written in another way; it has no line then.
    return {name: [*numbers, *[0] * 1000] for name, numbers in found.items()}


class _Reader:
    """Reads tables of one file; its errors say which."""

    def __init__(self, path: str) -> None:
        self._path = path

    def tables(self, document: Mapping[str, object], name: str) -> list[dict[str, object]]:
        tables = document.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise InputError(f"{self._path}: write [[{name}]]")
        return tables

    def keys(self, table: Mapping[str, object], known: Collection[str], where: str) -> None:
        if unknown := sorted(table.keys() - known):
            raise InputError(f"{self._path}: {where} has {unknown[0]!r}; known are {', '.join(sorted(known))}")

    def assertion(self, table: Mapping[str, object], line: int) -> Assertion:
        where = f"the assertion on line {line}"
        self.keys(table, {"id", "why", "domains", *_PROMISES}, where)
        if not table.keys() & set(_PROMISES):
            raise InputError(f"{self._path}: {where} asserts nothing; it needs one of {', '.join(_PROMISES)}")
        names = {key: frozenset(self._names(table, key, where)) for key in _PROMISES[:3] if key in table}
        return Assertion(
            id=self._text(table, "id", where),
            why=self._text(table, "why", where, required=False),
            domains=self._names(table, "domains", where),
            capabilities=names.get("capabilities"),
            entered_only_from=names.get("entered_only_from"),
            enters_only=names.get("enters_only"),
            forbid=tuple(self._forbidden(text, where) for text in self._names(table, "forbid", where)),
            writes_only_own=self._flag(table, "writes_only_own", where),
            triples_at_most=self._number(table, "triples_at_most", where),
            enforcing=self._flag(table, "enforcing", where),
            line=line,
        )

    def exemption(self, table: Mapping[str, object], line: int) -> Exemption:
        where = f"the exemption on line {line}"
        texts = ("assertion", "reason", "source", "target", "tclass", "perm")
        self.keys(table, {*texts, "until"}, where)
        until = table.get("until")
        if until is not None and (not isinstance(until, datetime.date) or isinstance(until, datetime.datetime)):
            raise InputError(f"{self._path}: until in {where} has to be a date: until = 2030-12-31")
        values = {key: self._text(table, key, where, required=key in texts[:2]) for key in texts}
        return Exemption(**values, until=until, line=line)

    def _text(self, table: Mapping[str, object], key: str, where: str, *, required: bool = True) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or (required and not value.strip()):
            raise InputError(f"{self._path}: {where} needs {key}, a text that is not empty")
        return value.strip()

    def _names(self, table: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{self._path}: {key} in {where} has to be a list of texts")
        if key == "domains" and not value:
            raise InputError(f"{self._path}: {where} needs domains, a list of types or attributes")
        return tuple(value)

    def _flag(self, table: Mapping[str, object], key: str, where: str) -> bool:
        value = table.get(key, True)
        if value is not True:
            raise InputError(f"{self._path}: {key} in {where} can only be true; leave it out otherwise")
        return key in table

    def _number(self, table: Mapping[str, object], key: str, where: str) -> int | None:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InputError(f"{self._path}: {key} in {where} has to be a number from 0")
        return value

    def _forbidden(self, text: str, where: str) -> ForbiddenTarget:
        match = _TARGET.fullmatch(text.strip())
        if not match:
            raise InputError(f"{self._path}: {text!r} in {where} is not like 'shadow_t:file {{ read write }}'")
        return ForbiddenTarget(
            match["target"], match["tclass"], frozenset((match["perms"] or match["perm"]).split())
        )
