# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements besides rules on types: labels of the kernel's objects, ranges, defaults, policy capabilities.

Which way such a statement changes is not for a program to tell (is one port type less than another?), so each one
that differs is told. Those that modules keep for themselves and no compiled policy has (neverallow, logins,
attributes that only neverallow rules name) are read from the modules' text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policytool.gate.growth import Growth, Pair
from policytool.policy.cil_rules import CilStatement, read_cil, statements

_IDS = {
    "role_transition": "G-role",
    "range_transition": "G-range",
    "level": "G-user",
    "policycap": "G-policycap",
    "handleunknown": "G-policycap",
}
_NEVER = ("neverallow", "neverallowx")
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
    old, new = _counted(before), _counted(after)
    for text in sorted(old.keys() - new.keys()):
        if old[text].keyword in _NEVER:
            yield Growth("G-neverallow", f"no longer forbidden: {text}", words=old[text].words[:2])
    for text in sorted(old.keys() ^ new.keys()):
        statement = new.get(text) or old[text]
        if statement.keyword in _LOGINS:
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


def _counted(side: ModuleText) -> Mapping[str, CilStatement]:
    return {one.text: one for cil in side.cil.values() for one in statements(cil, (*_NEVER, *_LOGINS))}


def _members(side: ModuleText) -> Iterator[tuple[str, str]]:
    for name, cil in side.cil.items():
        for attribute, types in read_cil(name, cil).attributes:
            yield from ((attribute, type_) for type_ in types)
