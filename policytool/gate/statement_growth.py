# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements besides rules on types: labels of the kernel's objects, ranges, defaults, policy capabilities.

Which way such a statement changes is not for a program to tell (is one port type less than another?), so each one
that differs is told. Those that modules keep for themselves and no compiled policy has (neverallow, logins,
attributes that only neverallow rules name) are read from the modules' text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policytool.gate.growth import Growth, Pair
from policytool.policy.canonical_cil import canonical_statements
from policytool.policy.cil_rules import CilStatement, read_cil, statements

_IDS = {
    "role_transition": "G-role",
    "range_transition": "G-range",
    "level": "G-user",
    "policycap": "G-policycap",
    "handleunknown": "G-policycap",
}
# As canonical_statements writes them.
_NEVERALLOW = re.compile(r"(?P<head>\( neverallow .* \( [\w.-]+ )\( (?P<perms>[\w -]+) \) \) \)")
_SET = re.compile(r"\( typeattributeset (?P<name>[\w.-]+) (?P<set>\( (?:and|or|not|xor|all)\b.*) \)$")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NO_NAMES = frozenset({"optional", "neverallow", "neverallowx", "and", "or", "not", "xor", "all"})
_LOGINS = ("selinuxuser", "selinuxuserdefault", "userprefix")


def statement_growth(pair: Pair) -> Iterator[Growth]:
    """Yield each statement of the compiled policies that differs, whichever way."""
    before, after = pair.before.statements, pair.after.statements
    for kind in sorted(before.keys() | after.keys()):
        old, new = before.get(kind, {}), after.get(kind, {})
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) == new.get(key):
                continue
            # Where it is about a new type alone, it is part of a new domain.
            if kind == "range_transition" and not set(key.partition(":")[0].split()) <= pair.then.keys():
                continue
            was = old.get(key, "not stated")
            now = new.get(key, "not stated")
            words = tuple(key.replace(":", " ").split())
            type_ = new.get(key, "").split(":")[2:3]
            yield Growth(
                _IDS.get(kind, "G-default" if kind.startswith("default_") else "G-label"),
                f"{kind} {key} is {now}, and was {was}".replace("  ", " "),
                words=(*type_, *words) if type_ else words,
                keyword=_keyword(kind),
            )


def _keyword(kind: str) -> str:
    if kind.startswith("fs_use"):
        return "fsuse"
    return {"role_transition": "roletransition", "range_transition": "rangetransition", "sid": "sidcontext"}.get(
        kind, kind.replace("_", "")
    )


@dataclass(frozen=True, slots=True)
class ModuleText:
    """The CIL of the modules of one side, by name, and their interface files by (module, path)."""

    cil: Mapping[str, str]
    interfaces: Mapping[str, tuple[str, str]]


def text_growth(pair: Pair, before: ModuleText, after: ModuleText) -> Iterator[Growth]:
    """Yield what modules say and no compiled policy holds: neverallow rules, logins, attributes, modules gone."""
    for name in sorted(before.cil.keys() - after.cil.keys()):
        yield Growth("G-module", f"the module {name} is gone, with what it confined and forbade")
    yield from _forbidden_no_more(before, after)
    old, new = _logins(before), _logins(after)
    for text in sorted(old.keys() ^ new.keys()):
        statement = new.get(text) or old[text]
        since = "now" if text in new else "no longer"
        yield Growth("G-user", f"{text} {since}", words=statement.words, keyword=statement.keyword)
    kept = pair.before.attributes.keys() | pair.after.attributes.keys()
    had = set(_members(before))
    for attribute, type_ in sorted(set(_members(after)) - had):
        if attribute not in kept and type_ in pair.then:
            yield Growth(
                "G-attribute",
                f"{type_} carries the attribute {attribute}, which neverallow rules may exempt",
                type_,
                attribute,
                words=(type_, attribute),
                keyword="typeattributeset",
            )


def _logins(side: ModuleText) -> Mapping[str, CilStatement]:
    return {login.text: login for cil in side.cil.values() for login in statements(cil, _LOGINS)}


def _forbidden_no_more(before: ModuleText, after: ModuleText) -> Iterator[Growth]:
    """Yield neverallow rules that are gone or forbid less, and sets they name that stand for something else.

    The sets that pp numbers are in their rules' places here, so that one type less in a rule is seen.
    """
    old, new = _canonical(before), _canonical(after)
    rules = {rule for rule in old if "( neverallow" in rule}
    for rule in sorted(rules - new):
        words = tuple(word for word in _NAME.findall(rule) if word not in _NO_NAMES)
        yield Growth("G-neverallow", f"no longer forbidden: {_close(rule)}", words=words[:2])
    named = {word for rule in rules for word in _NAME.findall(rule)}
    for statement in sorted(old ^ new):
        match = _SET.match(statement)
        if match and match["name"] in named:
            since = "now" if statement in new else "no longer"
            said = f"a neverallow rule names {match['name']}, which is {_close(match['set'])} {since}"
            yield Growth("G-neverallow", said, words=(match["name"],), keyword="typeattributeset")


def _canonical(side: ModuleText) -> frozenset[str]:
    """Return the statements of all modules; a neverallow rule with two permissions is two with one each."""
    found = set()
    for name, cil in side.cil.items():
        for statement in canonical_statements(name, cil):
            if match := _NEVERALLOW.fullmatch(statement):
                found |= {f"{match['head']}( {perm} ) ) )" for perm in match["perms"].split()}
            else:
                found.add(statement)
    return frozenset(found)


def _close(statement: str) -> str:
    return statement.replace("( ", "(").replace(" )", ")")


def _members(side: ModuleText) -> Iterator[tuple[str, str]]:
    for name, cil in side.cil.items():
        for attribute, types in read_cil(name, cil).attributes:
            yield from ((attribute, type_) for type_ in types)
