# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom a neverallow rule of the base exempts: `~{ fixed_disk_raw_read ... }`, a set without a name in the source.

The compiler of the base gives such a set a name of its own (base_typeattr_18), and the compiled policy has only its
members. The base's CIL still says which names were taken out.
"""

from __future__ import annotations

import re

from policytool.toolchain.base import Base, base_cil


def exempted(base: Base, name: str) -> tuple[str, ...]:
    """Return the types and attributes that the set called NAME in BASE's CIL takes out, sorted; () if none."""
    defined = re.compile(rf"\(typeattributeset {re.escape(name)} (?P<set>.*)\)$", re.MULTILINE)
    module = name.rpartition("_typeattr_")[0]
    for path in base_cil(base):
        if path.stem == module and (found := defined.search(path.read_text("utf-8", "surrogateescape"))):
            return tuple(sorted(_taken_out(found["set"])))
    return ()


def _taken_out(expression: str) -> set[str]:
    """Return the names below a `not` in a CIL EXPRESSION: `(and (domain ) (not (a b ) ))` has a and b."""
    found = set()
    for inside in re.findall(r"\(not \(([^()]*)\)", expression):
        found |= set(inside.split())
    return found
