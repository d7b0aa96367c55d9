# SPDX-License-Identifier: GPL-2.0-or-later
"""The domains that a domain can enter, each with a path."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.model.way import StatedRule
from policytool.surface.domain_transitions import DomainTransition


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path, and the ways in which SOURCE can take it."""

    source: str
    target: str
    ways: tuple[DomainTransition, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """A domain that can be entered, with a shortest path to it."""

    domain: str
    path: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class DomainReach:
    """What DOMAIN of POLICY can enter: `reached`, sorted by the number of steps.

    `every_rule` counts what it could enter if conditional rules counted whatever the booleans say, `domains` all
    domains of the policy but itself.
    """

    policy: str
    domain: str
    reached: tuple[Reached, ...]
    every_rule: int
    domains: int

    def within(self, steps: int) -> int:
        """Return how many domains can be entered in at most so many STEPS."""
        return sum(len(reached.path) <= steps for reached in self.reached)

    @property
    def share(self) -> float:
        """The part of all other domains, 0.0 to 1.0."""
        return len(self.reached) / self.domains if self.domains else 0.0


@dataclass(frozen=True, slots=True)
class WayTo:
    """How DOMAIN comes to enter TARGET or, with WRITES, to write to it: the nearest domain that does, and the path.

    `reached` is None where it never does; its path is empty where DOMAIN itself writes. `removed` are the fewest
    rules without which it never does, None where nobody asked; `optimal` says that no fewer would do.
    """

    policy: str
    domain: str
    target: str
    writes: bool
    reached: Reached | None
    removed: tuple[StatedRule, ...] | None = None
    optimal: bool = True
