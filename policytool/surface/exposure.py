# SPDX-License-Identifier: GPL-2.0-or-later
"""How exposed a machine is by one domain: a figure from 0 to 100, each point of it with its reason.

In the manner of `systemd-analyze security`: the parts and their most are published (docs/comparison.md), so that a
figure can be checked by hand, and a threshold can stand in a CI job. It ranks domains; it is no probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p

from policytool.surface.danger import DANGERS
from policytool.surface.surface import PrivilegeSurface

# The most that each part gives; together 100.
MOST_DANGERS, MOST_REACH, MOST_SURFACE, MOST_CAPABILITIES = 50.0, 20.0, 20.0, 10.0

# As many triples as an unconfined domain of a distribution holds; more count as this.
WHOLE_SURFACE = 1_000_000

# A danger that undoes the whole confinement at once counts three times one that needs another step.
_FATAL = frozenset(
    {
        "sys_module",
        "module_load",
        "sys_rawio",
        "load_policy",
        "setenforce",
        "bpf_prog",
        "raw_disk_write",
        "raw_memory",
        "mac_admin",
        "ptrace",
        "relabel_security",
        "write_security",
        "write_program",
    }
)
_CAPABILITIES = ("capability", "capability2")


@dataclass(frozen=True, slots=True)
class ExposurePoint:
    """POINTS, and WHY they are there; `name` is the danger, or `reach`, `surface`, `capabilities`, `permissive`."""

    name: str
    points: float
    why: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """The exposure by one domain of a policy: the sum of its points, 0.0 to 100.0."""

    policy: str
    domain: str
    points: tuple[ExposurePoint, ...]

    @property
    def score(self) -> float:
        """The figure, rounded to a tenth."""
        return round(min(sum(point.points for point in self.points), 100.0), 1)


def exposure(policy: str, surface: PrivilegeSurface, reach: int, domains: int, capabilities: int) -> Exposure:
    """Return the exposure by the domain of SURFACE, which can enter REACH of so many other DOMAINS.

    CAPABILITIES is how many the policy knows. A permissive domain has all 100 points: nothing is denied to it.
    """
    if surface.permissive:
        return Exposure(policy, surface.domain, (ExposurePoint("permissive", 100.0, "nothing is denied to it"),))
    points = [
        ExposurePoint(danger.name, danger_points(danger.name), f"{danger.why} (on {danger.targets} types)")
        for danger in surface.dangers
    ]
    held = sum(tclass in _CAPABILITIES for tclass, _ in surface.capabilities)
    beyond = len(surface.stored - surface.floor)
    parts = (
        ("reach", MOST_REACH * _log_share(reach, domains), f"enters {reach} of {domains} other domains"),
        (
            "surface",
            MOST_SURFACE * _log_share(beyond, WHOLE_SURFACE),
            f"holds {beyond} triples more than every such domain",
        ),
        (
            "capabilities",
            MOST_CAPABILITIES * (held / capabilities if capabilities else 0.0),
            f"has {held} of {capabilities} capabilities",
        ),
    )
    points += [ExposurePoint(*part) for part in parts if part[1]]
    return Exposure(policy, surface.domain, tuple(sorted(points, key=lambda point: (-point.points, point.name))))


def danger_points(name: str) -> float:
    """Return how many points the danger NAME gives."""
    weights = {danger.name: 3 if danger.name in _FATAL else 1 for danger in DANGERS}
    return MOST_DANGERS * weights[name] / sum(weights.values())


def _log_share(part: int, whole: int) -> float:
    """Return how much PART is of WHOLE, 0.0 to 1.0, by their logarithms: the first ones count most."""
    return min(log1p(part) / log1p(whole), 1.0) if whole else 0.0
