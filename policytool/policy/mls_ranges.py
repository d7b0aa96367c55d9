# SPDX-License-Identifier: GPL-2.0-or-later
"""The ranges of a policy with MLS or MCS: which of them a context may have, and how the levels of two compare."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from itertools import permutations

import setools
from setools.exception import InvalidRange

from policytool.model.context import OBJECT_ROLE

# Which of the low and high level of one range, then of another, dominate which: each with each, in that order.
LevelComparison = tuple[bool, ...]


class MlsRanges:
    """The ranges of POLICY. setools takes about a millisecond to look one up, so each is looked up once."""

    def __init__(self, policy: setools.SELinuxPolicy, *, mls: bool) -> None:
        self._policy = policy
        self._mls = mls
        self._ranges: dict[str, setools.Range | None] = {}
        self._comparisons: dict[tuple[str, str], LevelComparison] = {}

    def fault(self, user: str, role: str, range_: str) -> str:
        """Say in a few words why a context of USER may not have RANGE; "" when it may.

        As libsepol has it: the range must exist, and unless the role is `object_r` the user's own range must
        contain it.
        """
        if not self._mls:
            return f"range {range_} in a policy without MLS" if range_ else ""
        if not range_:
            return "no range"
        asked = self._range(range_)
        if asked is None:
            return f"range {range_} is not valid"
        if role == OBJECT_ROLE:
            return ""
        own = self._of_users[user]
        if own.low <= asked.low and asked.high <= own.high:
            return ""
        return f"user {user} may not have range {range_}"

    def compare(self, source: str, target: str) -> LevelComparison:
        """Return how the levels of two ranges compare: all that constraints can see of SOURCE and TARGET.

        In a policy with MLS both ranges must be valid.
        """
        if not self._mls:
            return ()
        if (source, target) not in self._comparisons:
            ranges = (self._range(source), self._range(target))
            levels = [level for range_ in ranges if range_ for level in (range_.low, range_.high)]
            self._comparisons[source, target] = tuple(
                bool(left >= right) for left, right in permutations(levels, 2)
            )
        return self._comparisons[source, target]

    @cached_property
    def _of_users(self) -> Mapping[str, setools.Range]:
        return {str(user.name): user.mls_range for user in self._policy.users()}

    def _range(self, text: str) -> setools.Range | None:
        """Return the range that TEXT is, None where it is not valid."""
        if text not in self._ranges:
            self._ranges[text] = None
            with suppress(InvalidRange):
                self._ranges[text] = self._policy.lookup_range(text)
        return self._ranges[text]
