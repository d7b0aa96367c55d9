# SPDX-License-Identifier: GPL-2.0-or-later
"""The modules of a base that a host may do without: an administrator may disable each, and the rest still links.

Debian's own package disables sixteen of its modules when it is installed. A module of ours that requires a type of
one of them by itself does not link there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policytool.policy.cil_nodes import REQUIREMENT, CilNode, cil_nodes

# What only the base's own first module declares (base.pp): without it there is no policy.
_FIRST = "class"
_REQUIRED = frozenset({"typeattributeset", "roleattributeset"})


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """What one module of a base says outside of optional blocks.

    `types` are those that it declares, `declared` all names of types, attributes and roles, `required` those that
    other modules declare and without which it does not link. `first` says that it declares classes.
    """

    types: frozenset[str]
    declared: frozenset[str]
    required: frozenset[str]
    first: bool


def module_names(text: str) -> ModuleNames:
    """Return the names in TEXT, the CIL that pp makes of a module."""
    declared: dict[str, set[str]] = {"type": set(), "typeattribute": set(), "role": set(), "roleattribute": set()}
    required: set[str] = set()
    first = False
    for node in cil_nodes(text):
        keyword = node.keyword
        if keyword in declared:
            declared[keyword] |= set(_second(node))
        elif keyword in _REQUIRED and list(_second(node)) == [REQUIREMENT]:
            required |= {word for word in node.items[2:] if isinstance(word, str)}
        first = first or keyword == _FIRST
    names = frozenset[str]().union(*declared.values())
    return ModuleNames(frozenset(declared["type"]), names, frozenset(required) - names, first)


def _second(node: CilNode) -> Iterator[str]:
    if len(node.items) > 1 and isinstance(word := node.items[1], str):
        yield word


def spared_types(modules: Mapping[str, ModuleNames]) -> Mapping[str, str]:
    """Return the types of those of MODULES that no other one requires, each with its module."""
    of = {name: module for module, names in modules.items() for name in names.declared}
    needed = {of[name] for names in modules.values() for name in names.required if name in of}
    return {
        type_: module
        for module, names in sorted(modules.items())
        if not names.first and module not in needed
        for type_ in names.types
    }
