# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that a policy has, and the nearest of them to one that it does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

# How alike names have to be, from 0 to 1: a letter or two of a usual name.
_ALIKE = 0.87


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What the base DECLARES (types, attributes, roles, classes …) and the INTERFACES: each with its module."""

    declared: Mapping[str, str]
    interfaces: Mapping[str, str]

    def nearest(self, name: str, *, interface: bool = False) -> str:
        """Return a sentence about the name that is nearest to NAME, "" if none is near."""
        known = self.interfaces if interface else self.declared
        found = get_close_matches(name, _possible(name, known), n=1, cutoff=_ALIKE)
        return f"the nearest is {found[0]}, of the module {known[found[0]]}" if found else ""


def _possible(name: str, known: Iterable[str]) -> list[str]:
    """Return those of KNOWN that may be like NAME: difflib would take long to rule out the others.

    SequenceMatcher.ratio is twice the letters that match, over the letters of both. A letter that NAME lacks never
    matches.
    """
    here = len(name)
    alike = [other for other in known if 2 * min(here, len(other)) >= _ALIKE * (here + len(other))]
    strange = dict.fromkeys(map(ord, set().union(*alike) - set(name)))
    return [other for other in alike if 2 * len(other.translate(strange)) >= _ALIKE * (here + len(other))]


NOTHING_KNOWN = KnownNames({}, {})
