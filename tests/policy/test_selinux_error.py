# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts on SELINUX_ERR records, written by hand (synthetic), and on policies made up of a few names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from policytool.model.context import SecurityContext
from policytool.model.refusal import Refusal, refusal
from policytool.policy.decide import Decision, Outcome
from policytool.policy.selinux_error import ErrorKind, ErrorOutcome, classify, judge
from tests.traces.reading import event, record

CALL = "arch=c000003e syscall={} success=no exit=-1 a0=1 a1=1 a2=1 a3=1"


def told(text: str, syscall: int = 0) -> Refusal:
    lines = [record("SELINUX_ERR", text)]
    if syscall:
        lines.append(record("SYSCALL", CALL.format(syscall)))
    got = event(*lines)
    (error,) = got.errors
    return refusal(error, got.syscall.name if got.syscall else "")


INVALID = told(
    'op=security_compute_sid invalid_context="u:r:green_t:s0" scontext=u:r:blue_t:s0 tcontext=u:object_r:x_t:s0'
    " tclass=process"
)
CHANGE = "op=security_bounded_transition seresult=denied oldcontext=u:r:blue_t:s0 newcontext=u:r:green_t:s0"
ACCESS = told(
    "op=security_compute_av reason=bounds scontext=u:r:blue_t:s0 tcontext=u:r:green_t:s0 tclass=process"
    " perms=siginh"
)
MOVE = "op=security_validate_transition seresult=denied oldcontext={} newcontext={} tclass=file"


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (INVALID, ErrorKind.ROLE),
        (
            told("security_compute_sid:  invalid context u:r:green_t for scontext=u:r:blue_t tclass=process"),
            ErrorKind.ROLE,
        ),
        (told("op=security_compute_sid invalid_context=u:object_r:x_t:s9 scontext=a:b:c"), ErrorKind.RANGE),
        (told("op=security_compute_sid invalid_context=nonsense scontext=a:b:c"), ErrorKind.CONTEXT),
        (told(CHANGE, syscall=59), ErrorKind.NNP),
        (told(CHANGE, syscall=322), ErrorKind.NNP),
        (told(CHANGE, syscall=1), ErrorKind.BOUNDS),
        (told(CHANGE), ErrorKind.BOUNDS),
        (ACCESS, ErrorKind.BOUNDS),
        (told(MOVE.format("u:object_r:x_t:s1", "u:object_r:x_t:s0")), ErrorKind.RANGE),
        (told(MOVE.format("u:object_r:x_t:s0", "v:object_r:x_t:s0")), ErrorKind.ROLE),
        (told(MOVE.format("u:object_r:x_t:s0", "u:object_r:y_t:s0")), ErrorKind.TRANSITION),
        (told("op=setxattr invalid_context=666F6F"), ErrorKind.CONTEXT),
        (told("op=something_new"), ErrorKind.UNKNOWN),
    ],
)
def test_kinds_told_from_the_record_alone(refusal: Refusal, kind: ErrorKind) -> None:
    assert classify(refusal) is kind


@dataclass
class FewNames:
    """A policy of a few names."""

    roles: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"r": frozenset({"blue_t", "green_t"})})
    users: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"u": frozenset({"r"})})
    typebounds: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    answer: Outcome = Outcome.DENIED_RULE

    def resolve(self, name: str) -> str | None:
        return name if name in ("blue_t", "green_t", "red_t") else None

    def range_fault(self, user: str, role: str, range_: str) -> str:
        return self.fault

    def ask(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision:
        return Decision(self.answer)


ROLE, RANGE, BOUNDS, NNP = ErrorKind.ROLE, ErrorKind.RANGE, ErrorKind.BOUNDS, ErrorKind.NNP
ALLOWED, DENIED, UNMAPPED = ErrorOutcome.ALLOWED, ErrorOutcome.DENIED, ErrorOutcome.UNMAPPED


@pytest.mark.parametrize(
    ("refusal", "policy", "kind", "outcome"),
    [
        (INVALID, FewNames(), ROLE, ALLOWED),
        (INVALID, FewNames(roles={"r": frozenset({"blue_t"})}), ROLE, DENIED),
        (INVALID, FewNames(users={"u": frozenset()}), ROLE, DENIED),
        (INVALID, FewNames(fault="user u may not have range s0"), RANGE, DENIED),
        (INVALID, FewNames(users={}), ErrorKind.CONTEXT, UNMAPPED),
        (told("op=security_compute_sid invalid_context=u:r:none_t:s0"), FewNames(), ErrorKind.CONTEXT, UNMAPPED),
        (told(CHANGE), FewNames(), BOUNDS, DENIED),
        (told(CHANGE), FewNames(typebounds={"green_t": "red_t", "red_t": "blue_t"}), BOUNDS, ALLOWED),
        (told(CHANGE), FewNames(typebounds={"green_t": "red_t", "red_t": "green_t"}), BOUNDS, DENIED),
        (told(CHANGE, syscall=59), FewNames(), NNP, DENIED),
        (told(CHANGE, syscall=59), FewNames(answer=Outcome.ALLOWED), NNP, ALLOWED),
        (told(CHANGE.replace("green_t", "none_t")), FewNames(), BOUNDS, UNMAPPED),
        (told("op=security_bounded_transition result=denied"), FewNames(), BOUNDS, UNMAPPED),
        (ACCESS, FewNames(answer=Outcome.DENIED_BOUNDS), BOUNDS, DENIED),
        (ACCESS, FewNames(answer=Outcome.ALLOWED), BOUNDS, ALLOWED),
        (ACCESS, FewNames(answer=Outcome.UNKNOWN_CLASS), BOUNDS, UNMAPPED),
        (told(MOVE.format("u:object_r:x_t:s1", "u:object_r:x_t:s0")), FewNames(), RANGE, UNMAPPED),
    ],
)
def test_what_a_policy_says(refusal: Refusal, policy: FewNames, kind: ErrorKind, outcome: ErrorOutcome) -> None:
    (judged,) = judge([(refusal, 3)], policy, policy)
    assert (judged.refusal, judged.count, judged.kind, judged.outcome) == (refusal, 3, kind, outcome)
