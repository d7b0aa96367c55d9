# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy that answers from a table: what stands in it is granted, all else is denied by a missing rule."""

from __future__ import annotations

from policytool.model.access import AccessVector
from policytool.policy.decide import Decision, Outcome


class TablePolicy:
    def __init__(
        self,
        granted: frozenset[tuple[str, str, str, str]] = frozenset(),
        decisions: dict[tuple[str, str, str, str], Decision] | None = None,
    ) -> None:
        self._granted = granted
        self._decisions = decisions or {}

    def decide(self, vector: AccessVector) -> Decision:
        if vector.key in self._granted:
            return Decision(Outcome.ALLOWED)
        return self._decisions.get(vector.key, Decision(Outcome.DENIED_RULE))
