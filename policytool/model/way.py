# SPDX-License-Identifier: GPL-2.0-or-later
"""One way from a type to another, with the rules that it stands on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class StatedRule:
    """A rule as the compiled policy has it, of which only PERMS matter here: for type_transition, the default.

    `source` and `target` are types or attributes; `condition` is the text of the `if` around it, "" without one.
    """

    ruletype: str
    source: str
    target: str
    tclass: str
    perms: tuple[str, ...]
    condition: str = ""

    def __str__(self) -> str:
        perms = self.perms[0] if len(self.perms) == 1 else f"{{ {' '.join(self.perms)} }}"
        text = f"{self.ruletype} {self.source} {self.target}:{self.tclass} {perms};"
        return f"{text} [ {self.condition} ]" if self.condition else text


@dataclass(frozen=True, slots=True)
class Way:
    """A way from SOURCE to TARGET that is open while each of NEEDS has at least one rule left."""

    source: str
    target: str
    needs: frozenset[frozenset[StatedRule]]
