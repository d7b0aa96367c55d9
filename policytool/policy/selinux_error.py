# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts on what SELINUX_ERR records tell: decisions that libsepol's access question does not cover.

A verdict is told from the record alone (`classify`), or with a policy at hand, which says whether it would refuse
again and why (`judge`). See security_compute_sid, security_bounded_transition, security_validate_transition and
context_struct_compute_av in security/selinux/ss/services.c, and check_nnp_nosuid in security/selinux/hooks.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from policytool.model.context import OBJECT_ROLE, ContextError, SecurityContext
from policytool.model.refusal import Refusal
from policytool.policy.decide import Decision

_EXECUTIONS = frozenset({"execve", "execveat"})


class ErrorKind(StrEnum):
    """What was at fault; BOUNDS a type bounded by another, NNP an execution under no_new_privs or nosuid."""

    ROLE = "role"
    RANGE = "range"
    BOUNDS = "bounds"
    NNP = "nnp"
    TRANSITION = "validatetrans"
    CONTEXT = "context"
    UNKNOWN = "unknown"


# What was refused, and what cures it.
MEANINGS: Mapping[ErrorKind, str] = {
    ErrorKind.ROLE: "a role that may not have the type; a role statement cures it (roletype, role_transition)",
    ErrorKind.RANGE: "a range that may not be there; the user's range or a range_transition cures it",
    ErrorKind.BOUNDS: "more than the bounding type has; a rule on the bounding type, or typebounds, cures it",
    ErrorKind.NNP: (
        "an execution under no_new_privs or from a nosuid file system that keeps its domain; "
        "process2 nnp_transition or nosuid_transition cures it"
    ),
    ErrorKind.TRANSITION: "a change of label that a validatetrans rule forbids; no allow rule cures it",
    ErrorKind.CONTEXT: "a context that the policy does not have; its declaration or a restored label cures it",
    ErrorKind.UNKNOWN: "for a reason that the record does not tell",
}


class ErrorOutcome(StrEnum):
    """What a policy would say to it now."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNMAPPED = "unmapped"


class Knows(Protocol):
    """What a compiled policy tells of contexts; policy.compiled.CompiledPolicy does."""

    @property
    def roles(self) -> Mapping[str, frozenset[str]]:
        """Every role, with its types."""

    @property
    def users(self) -> Mapping[str, frozenset[str]]:
        """Every user, with its roles."""

    @property
    def typebounds(self) -> Mapping[str, str]:
        """Every bounded type, with the type that bounds it."""

    def resolve(self, name: str) -> str | None:
        """Return the type that NAME is or is an alias of."""

    def range_fault(self, user: str, role: str, range_: str) -> str:
        """Say why USER may not have RANGE; "" when it may."""


class Asks(Protocol):
    """What answers for a compiled policy; policy.decide.Decider over libsepol does."""

    def ask(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision:
        """Say whether SOURCE may do PERM to TARGET of class TCLASS."""


@dataclass(frozen=True, slots=True)
class JudgedError:
    """A refusal, how often it was seen, its verdict, and what a policy says to it."""

    refusal: Refusal
    count: int
    kind: ErrorKind
    outcome: ErrorOutcome
    cause: str = ""


def classify(refusal: Refusal) -> ErrorKind:
    """Tell from the record alone what was at fault, as far as it can be told."""
    if refusal.op == "security_bounded_transition":
        # The same function refuses an execution under no_new_privs and a thread that changes its context.
        return ErrorKind.NNP if refusal.syscall in _EXECUTIONS else ErrorKind.BOUNDS
    if refusal.op == "security_compute_av":
        return ErrorKind.BOUNDS if refusal.reason == "bounds" else ErrorKind.UNKNOWN
    old, new = _context(refusal.old), _context(refusal.new)
    if refusal.op == "security_validate_transition":
        if old is None or new is None:
            return ErrorKind.TRANSITION
        if (old.user, old.role) != (new.user, new.role):
            return ErrorKind.ROLE
        return ErrorKind.RANGE if old.range_ != new.range_ else ErrorKind.TRANSITION
    if refusal.op == "security_compute_sid":
        if new is None:
            return ErrorKind.CONTEXT
        # Any user and any type goes with object_r, so that only a range can be wrong.
        return ErrorKind.RANGE if new.role == OBJECT_ROLE else ErrorKind.ROLE
    return ErrorKind.CONTEXT if refusal.new else ErrorKind.UNKNOWN


def judge(refusals: Iterable[tuple[Refusal, int]], policy: Knows, decider: Asks) -> tuple[JudgedError, ...]:
    """Say for each of REFUSALS, with its count, whether POLICY, for which DECIDER answers, would refuse it too."""
    return tuple(JudgedError(refusal, count, *_judged(refusal, policy, decider)) for refusal, count in refusals)


def _judged(refusal: Refusal, policy: Knows, decider: Asks) -> tuple[ErrorKind, ErrorOutcome, str]:
    kind = classify(refusal)
    if refusal.op == "security_compute_sid" and (new := _context(refusal.new)) is not None:
        return _valid(new, policy) or (kind, ErrorOutcome.ALLOWED, f"{new} is valid")
    if kind is ErrorKind.BOUNDS and refusal.op == "security_compute_av":
        return kind, *_bounded_access(refusal, decider)
    if kind in (ErrorKind.BOUNDS, ErrorKind.NNP):
        return kind, *_bounded_change(refusal, kind, policy, decider)
    return kind, ErrorOutcome.UNMAPPED, "libsepol has no question for it"


def _valid(new: SecurityContext, policy: Knows) -> tuple[ErrorKind, ErrorOutcome, str] | None:
    """Say why NEW is not a valid context; None when it is."""
    type_ = policy.resolve(new.type_)
    if type_ is None or new.role not in policy.roles or new.user not in policy.users:
        unknown = next(
            name
            for name, known in ((new.type_, type_), (new.role, new.role in policy.roles), (new.user, None))
            if not known
        )
        return ErrorKind.CONTEXT, ErrorOutcome.UNMAPPED, f"{unknown} is not in the policy"
    if type_ not in policy.roles[new.role]:
        return ErrorKind.ROLE, ErrorOutcome.DENIED, f"role {new.role} may not have type {type_}"
    if new.role != OBJECT_ROLE and new.role not in policy.users[new.user]:
        return ErrorKind.ROLE, ErrorOutcome.DENIED, f"user {new.user} may not have role {new.role}"
    if fault := policy.range_fault(new.user, new.role, new.range_):
        return ErrorKind.RANGE, ErrorOutcome.DENIED, fault
    return None


def _bounded_access(refusal: Refusal, decider: Asks) -> tuple[ErrorOutcome, str]:
    source, target = _context(refusal.source), _context(refusal.target)
    if source is None or target is None or not refusal.perms:
        return ErrorOutcome.UNMAPPED, "the record does not say what was asked"
    answers = [decider.ask(source, target, refusal.tclass, perm) for perm in refusal.perms]
    if all(answer.allowed for answer in answers):
        return ErrorOutcome.ALLOWED, ""
    worst = next(answer for answer in answers if not answer.allowed)
    return ErrorOutcome.DENIED if worst.outcome.denied else ErrorOutcome.UNMAPPED, worst.describe()


def _bounded_change(refusal: Refusal, kind: ErrorKind, policy: Knows, decider: Asks) -> tuple[ErrorOutcome, str]:
    old, new = _context(refusal.old), _context(refusal.new)
    if old is None or new is None:
        return ErrorOutcome.UNMAPPED, "the record does not say between which contexts"
    child, parent = policy.resolve(new.type_), policy.resolve(old.type_)
    if child is None or parent is None:
        return ErrorOutcome.UNMAPPED, f"{new.type_ if child is None else old.type_} is not in the policy"
    above: str | None = child
    seen: set[str] = set()
    while above is not None and above not in seen:
        if above == parent:
            return ErrorOutcome.ALLOWED, f"{parent} bounds {child}"
        seen.add(above)
        above = policy.typebounds.get(above)
    cause = f"{parent} does not bound {child}"
    if kind is ErrorKind.NNP:
        if decider.ask(old, new, "process2", "nnp_transition").allowed:
            return ErrorOutcome.ALLOWED, f"{parent} has nnp_transition to {child}"
        cause += ", nor has it process2 nnp_transition to it"
    return ErrorOutcome.DENIED, cause


def _context(text: str) -> SecurityContext | None:
    try:
        return SecurityContext.parse(text)
    except ContextError:
        return None
