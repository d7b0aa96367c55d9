# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accesses somebody wants to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from posixpath import basename

from policytool.model.access import AccessVector, Result
from policytool.model.event import AccessDecision, TraceEvent


@dataclass(frozen=True, slots=True)
class Selection:
    """What an access must be to be selected: one of each list that is not empty.

    `domains` match source or target. Names are shell patterns (`virt*_t`); a program matches by its path or by the
    last part of it. `since` and `until` are milliseconds since the epoch, both included.
    """

    domains: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    perms: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    result: Result | None = None
    since: int | None = None
    until: int | None = None

    @property
    def by_event(self) -> bool:
        """Whether single events must be looked at: a vector does not know the time and program of each decision."""
        return bool(self.programs) or self.since is not None or self.until is not None

    def wants(self, vector: AccessVector) -> bool:
        """Say whether VECTOR is selected, as far as a vector tells."""
        source, target, tclass, perm = vector.key
        return (
            (_any(self.domains, source) or _any(self.domains, target))
            and _any(self.sources, source)
            and _any(self.targets, target)
            and _any(self.classes, tclass)
            and _any(self.perms, perm)
            and self.result in (None, vector.result)
        )

    def of_event(self, event: TraceEvent, programs: Iterable[str]) -> TraceEvent | None:
        """Return EVENT with the decisions that are selected, None if it is out of time.

        PROGRAMS are those of its decisions, in their order.
        """
        moment = event.key.timestamp
        if (self.since is not None and moment < self.since) or (self.until is not None and moment > self.until):
            return None
        if not self.programs:
            return event
        pairs = zip(event.decisions, programs, strict=True)
        kept: tuple[AccessDecision, ...] = tuple(decision for decision, program in pairs if self._runs(program))
        return event if len(kept) == len(event.decisions) else replace(event, decisions=kept)

    def _runs(self, program: str) -> bool:
        return _any(self.programs, program) or _any(self.programs, basename(program))


def _any(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
