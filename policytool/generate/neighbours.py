# SPDX-License-Identifier: GPL-2.0-or-later
"""Types whose labels stand side by side in the file contexts: a family by place, and not by who may what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# A folder with entries of more types than that is everybody's (/etc), and says nothing of any of them.
_MOST = 8


def neighbours(starts: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    """Return for each type those that have a label in a folder in which it has one, or on that folder itself.

    STARTS has the beginning of each entry's pattern, as far as it is literal, and the entry's type, "" for none.
    """
    inside: dict[str, set[str]] = {}
    itself: dict[str, set[str]] = {}
    for start, type_ in starts:
        if type_:
            folder, _, name = start.rpartition("/")
            inside.setdefault(folder, set()).add(type_)
            if name:
                itself.setdefault(start, set()).add(type_)
    found: dict[str, set[str]] = {}
    for folder, types in inside.items():
        together = types | itself.get(folder, set())
        if len(together) <= _MOST:
            for type_ in together:
                found.setdefault(type_, set()).update(together)
    return {type_: frozenset(others - {type_}) for type_, others in found.items() if len(others) > 1}
