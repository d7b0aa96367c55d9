# SPDX-License-Identifier: GPL-2.0-or-later
"""What speaks for an access that no scenario showed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from policytool.policy.held_together import Held


class Sign(StrEnum):
    """Where a sign comes from, the strongest first."""

    OTHERS = "other daemons do it"
    BASE = "the base's domains hold both"
    SIBLING = "done on a type that is like it"
    LIKE = "a domain that does the same work may"


# Where a level of a sign ends and the next begins. How many levels there are decides how many examples each of them
# has to learn from; docs/decisions/what-is-likely.md says how they were chosen.
_OTHERS = (1, 2, 3, 5, 8)
_TOUCHING = (1, 3, 8)
_SHARE = (0.2, 0.5, 0.8, 0.95)
_ALIKE = (0.5, 0.6)
_USUAL = (0.01, 0.05, 0.2, 0.5)

# The least share that is a sign.
LEAST_SHARE = _SHARE[0]

Levels = tuple[int, ...]


def without_others(levels: Levels) -> Levels:
    """Return LEVELS without those of what only other daemons tell: the first two, and the neighbour's."""
    return levels[2:-1]


@dataclass(slots=True, eq=False)
class Signs:
    """The signs for one access; they are collected one by one.

    `others` of `of` other daemons were seen doing it, `touching` of them do anything on its type. `share` (0.0 to
    1.0) of what the base's domains hold `given` on has it too. The domain was seen doing it on `sibling`, whose
    likeness is `alike`. `like` is the domain of the same work that may do it, or "". `usual` is what part of the
    types of its class see the permission, among all that daemons were recorded doing. The domain was seen doing
    anything on `neighbour`, a type whose labels stand beside those of this one, or "": that alone speaks for no
    permission, and strengthens what does.
    """

    others: int = 0
    of: int = 0
    touching: int = 0
    share: float = 0.0
    given: frozenset[Held] = frozenset()
    sibling: str = ""
    alike: float = 0.0
    like: str = ""
    usual: float = 0.0
    neighbour: str = ""

    @property
    def strongest(self) -> Sign:
        """The first of the signs there are, in the order of Sign."""
        if self.others:
            return Sign.OTHERS
        if self.share:
            return Sign.BASE
        return Sign.SIBLING if self.sibling else Sign.LIKE

    @property
    def alone(self) -> bool:
        """Whether anything speaks for it but what other daemons were seen doing."""
        return bool(self.share or self.sibling or self.like)

    def levels(self, *, alone: bool) -> Levels:
        """Return the level of each sign; ALONE leaves out what only other daemons tell.

        It leaves out the neighbour, too, which tells nothing without them (docs/decisions/what-is-likely.md).
        """
        levels = (
            bisect_right(_OTHERS, self.others),
            bisect_right(_TOUCHING, self.touching),
            bisect_right(_SHARE, self.share),
            bisect_right(_ALIKE, self.alike),
            bisect_right(_USUAL, self.usual),
            int(bool(self.like)),
            int(bool(self.neighbour)),
        )
        return without_others(levels) if alone else levels

    def words(self, tclass: str, perm: str) -> str:
        """Say what speaks for PERM of TCLASS, the strongest sign first."""
        said = []
        if self.others:
            said.append(f"{self.others} of {self.of} other daemons do it")
        if self.share:
            on = min(self.given, default=("", ""))[0]
            perms = " ".join(sorted(perm for _, perm in self.given))
            said.append(f"{self.share:.0%} of base domains with {on} {{ {perms} }} have {tclass} {perm} there too")
        if self.sibling:
            said.append(f"it does so on {self.sibling}, which is {self.alike:.0%} like it")
        if self.like:
            said.append(f"{self.like} may do it")
        if self.neighbour:
            said.append(f"it works on {self.neighbour}, whose labels stand beside")
        return "; ".join(said)
