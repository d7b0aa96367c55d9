# SPDX-License-Identifier: GPL-2.0-or-later
"""Triage: each observed access has exactly one cure, and the policy itself says which.

The question is put to libsepol about the base with the skeletons of all daemons linked in, so that what the base
already grants never becomes a rule, and what no allow rule can cure (a constraint, a role, a label) is not
answered with one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from policytool.model.access import AccessVector
from policytool.policy.decide import Decision, Outcome


class Cure(StrEnum):
    """What an access needs. The later cures of DESIGN §4.5 (transition, boolean …) are not yet chosen."""

    GRANTED = "granted by base"
    ALLOW = "allow"
    CONSTRAINT = "constraint"
    REFUSED = "refused"
    UNMAPPED = "unmapped"
    LABEL = "label"


class Decides(Protocol):
    """What answers for a compiled policy; policy.decide.Decider over libsepol does."""

    def decide(self, vector: AccessVector) -> Decision:
        """Say whether the policy allows the access."""


@dataclass(frozen=True, slots=True)
class Triaged:
    """An access with its one cure and the reason for it."""

    vector: AccessVector
    cure: Cure
    reason: str = ""


# The classes of objects that file_contexts labels (classmap.h, COMMON_FILE_PERMS); a packet or a socket peer is
# unlabeled by design and no restorecon would change that.
FILE_CLASSES = frozenset({"file", "dir", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file"})

_ALLOW = frozenset({Outcome.DENIED_RULE, Outcome.DENIED_BOOLEAN})
_CONSTRAINT = frozenset({Outcome.DENIED_CONSTRAINT, Outcome.DENIED_ROLE, Outcome.DENIED_BOUNDS})


def triage(vectors: Iterable[AccessVector], base: Decides, unlabeled: str) -> tuple[Triaged, ...]:
    """Give each of VECTORS its cure. UNLABELED is the type of the initial SID `unlabeled` in the base.

    An object that carries that type has lost its label: the cure is a restorecon, and a rule on the type would
    open every other such object as well, so it is refused whether it was waved through or not.
    """
    return tuple(_cure(vector, base.decide(vector), unlabeled) for vector in vectors)


def _cure(vector: AccessVector, decision: Decision, unlabeled: str) -> Triaged:
    if decision.outcome is Outcome.ALLOWED:
        return Triaged(vector, Cure.GRANTED)
    if vector.target.type_ == unlabeled and vector.tclass in FILE_CLASSES:
        return Triaged(vector, Cure.REFUSED, f"{unlabeled} marks a file without a valid label: restorecon cures it")
    if decision.outcome in _ALLOW:
        return Triaged(vector, Cure.ALLOW, _boolean_note(decision))
    if decision.outcome in _CONSTRAINT:
        return Triaged(vector, Cure.CONSTRAINT, decision.cause)
    return Triaged(vector, Cure.UNMAPPED, decision.cause)


def _boolean_note(decision: Decision) -> str:
    return f"a boolean would grant it: {decision.cause}" if decision.outcome is Outcome.DENIED_BOOLEAN else ""
