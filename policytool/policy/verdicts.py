# SPDX-License-Identifier: GPL-2.0-or-later
"""Replay: does a policy allow everything that was seen? Every answer is libsepol's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from policytool.model.access import AccessKey, AccessVector
from policytool.model.context import SecurityContext
from policytool.policy.decide import Decides, Outcome


class Verdict(StrEnum):
    """What replaying one access came to. Only DENIED fails."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    DENIED = "denied"
    UNMAPPED = "unmapped"


class Narrows(Protocol):
    """What knows the extended permissions, which libsepol has no question for; policy.xperms.XpermRules does."""

    def outside(self, vector: AccessVector) -> frozenset[int]:
        """Return the commands of the access that the policy leaves out although it allows the permission."""


# Questions that the policy cannot be asked, because it does not know a name in them.
_UNMAPPED = frozenset({Outcome.UNKNOWN_TYPE, Outcome.UNKNOWN_CLASS, Outcome.UNKNOWN_PERM, Outcome.BAD_CONTEXT})


@dataclass(frozen=True, slots=True)
class Replayed:
    """One access, its verdict, and the cause: the kind of decision and, where there is one, its detail."""

    vector: AccessVector
    verdict: Verdict
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome of replaying observations against one policy."""

    results: tuple[Replayed, ...]

    def of(self, verdict: Verdict) -> tuple[Replayed, ...]:
        """Return the accesses with VERDICT."""
        return tuple(result for result in self.results if result.verdict is verdict)

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many accesses came to each verdict."""
        return {verdict: len(self.of(verdict)) for verdict in Verdict}


def replay(
    vectors: Iterable[AccessVector],
    policy: Decides,
    narrowed: Narrows,
    refused: Mapping[AccessKey, str],
) -> Replay:
    """Ask POLICY for each distinct access (contexts, class, permission) of VECTORS.

    NARROWED is asked for the ioctl commands of those that POLICY allows. REFUSED holds the accesses, by (source
    type, target type, class, permission), that were decided not to be allowed, each with the reason; one that
    the policy denies is then not a failure.
    """
    results = []
    for vector in _distinct(vectors):
        decision = policy.decide(vector)
        if decision.outcome is Outcome.ALLOWED and (outside := narrowed.outside(vector)):
            commands = ", ".join(f"0x{command:04x}" for command in sorted(outside))
            results.append(Replayed(vector, Verdict.DENIED, f"denied: allowxperm leaves out {commands}"))
        elif decision.outcome is Outcome.ALLOWED:
            results.append(Replayed(vector, Verdict.ALLOWED, decision.by_type))
        elif decision.outcome in _UNMAPPED:
            results.append(Replayed(vector, Verdict.UNMAPPED, decision.describe()))
        elif vector.key in refused:
            results.append(Replayed(vector, Verdict.REFUSED, refused[vector.key]))
        else:
            results.append(Replayed(vector, Verdict.DENIED, decision.describe()))
    return Replay(tuple(results))


def _distinct(vectors: Iterable[AccessVector]) -> Iterator[AccessVector]:
    """Join the vectors that are one question: a grant and a denial, a complete recording and another."""
    groups: dict[tuple[SecurityContext, SecurityContext, str, str], list[AccessVector]] = {}
    for vector in vectors:
        groups.setdefault((vector.source, vector.target, vector.tclass, vector.perm), []).append(vector)
    for first, *others in groups.values():
        if not others:
            yield first
            continue
        yield replace(
            first,
            evidence=first.evidence.merge(*(vector.evidence for vector in others)),
            xperms=first.xperms.union(*(vector.xperms for vector in others)),
        )
