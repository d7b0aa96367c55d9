# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements that need a module which a host may lack, put into optional blocks.

A block is about one source, for refpolicy source has a section for each, and the CIL form has the same blocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from policytool.model.module import MacroCall, OptionalBlock, PolicyModule

_Statement = TypeVar("_Statement")


def in_optional_blocks(module: PolicyModule, spared: Mapping[str, str], macros: Mapping[str, str]) -> PolicyModule:
    """Return MODULE with optional blocks around all that needs a type in SPARED or a macro of such a type's module.

    SPARED has for a type, and MACROS for a macro, the module that it is of. What stands outside of blocks anyway
    (labels, declarations) needs its modules, so that nothing about them is optional. Blocks that are there stay.
    """
    fixed = {given.type_ for given in module.attributes}
    fixed |= {entry.context.type_ for entry in module.file_contexts}
    needed = {spared[type_] for type_ in fixed if type_ in spared}
    optional = {type_: of for type_, of in spared.items() if of not in needed and type_ not in module.declared}
    names = frozenset(optional.values())

    def modules(types: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({optional[type_] for type_ in types if type_ in optional}))

    def of_call(call: MacroCall) -> tuple[str, ...]:
        own = {macros[call.macro]} & names if call.macro in macros else set()
        return tuple(sorted(own.union(modules(call.types))))

    rules = _split(module.rules, lambda rule: modules((rule.source, rule.target)))
    xperms = _split(module.xperm_rules, lambda rule: modules((rule.source, rule.target)))
    made = _split(module.transitions, lambda of: modules((of.source, of.target, of.default)))
    silent = _split(module.dontaudit_rules, lambda rule: modules((rule.source, rule.target)))
    calls = _split(module.calls, of_call)

    blocks = []
    for key in {*rules, *xperms, *made, *silent, *calls} - {()}:
        whole = OptionalBlock((), rules[key], xperms[key], made[key], silent[key], calls[key], key)
        for source in whole.sources:
            part = whole.about([source])
            blocks.append(replace(part, types=tuple(sorted(part.names & optional.keys()))))
    return replace(
        module,
        rules=rules[()],
        xperm_rules=xperms[()],
        transitions=made[()],
        dontaudit_rules=silent[()],
        calls=calls[()],
        optionals=tuple(
            sorted((*module.optionals, *blocks), key=lambda of: (of.modules, sorted(of.sources), of.types))
        ),
    )


def _split(
    statements: Iterable[_Statement], key: Callable[[_Statement], tuple[str, ...]]
) -> defaultdict[tuple[str, ...], tuple[_Statement, ...]]:
    """Return STATEMENTS by KEY, in their order."""
    found: defaultdict[tuple[str, ...], tuple[_Statement, ...]] = defaultdict(tuple)
    for statement in statements:
        found[key(statement)] += (statement,)
    return found
