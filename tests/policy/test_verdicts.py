# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.model.access import AccessVector, Result
from policytool.policy.decide import Decision, Outcome
from policytool.policy.verdicts import Verdict, replay
from tests.generate.decides import TablePolicy
from tests.synthetic import vector

KEY = ("a_t", "b_t", "file", "read")


class Commands:
    """Extended permissions of a policy that leaves out what it was made with."""

    def __init__(self, *left_out: int) -> None:
        self.left_out = frozenset(left_out)

    def outside(self, seen: AccessVector) -> frozenset[int]:
        return seen.xperms & self.left_out


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.ALLOWED, Verdict.ALLOWED),
        (Outcome.DENIED_RULE, Verdict.DENIED),
        (Outcome.DENIED_BOOLEAN, Verdict.DENIED),
        (Outcome.DENIED_CONSTRAINT, Verdict.DENIED),
        (Outcome.DENIED_ROLE, Verdict.DENIED),
        (Outcome.DENIED_BOUNDS, Verdict.DENIED),
        (Outcome.UNKNOWN_TYPE, Verdict.UNMAPPED),
        (Outcome.UNKNOWN_CLASS, Verdict.UNMAPPED),
        (Outcome.UNKNOWN_PERM, Verdict.UNMAPPED),
        (Outcome.BAD_CONTEXT, Verdict.UNMAPPED),
    ],
)
def test_every_outcome_has_its_verdict(outcome: Outcome, verdict: Verdict) -> None:
    policy = TablePolicy(decisions={KEY: Decision(outcome, "the cause")})
    (result,) = replay([vector(*KEY)], policy, Commands(), {}).results
    assert result.verdict is verdict
    if verdict is not Verdict.ALLOWED:
        assert result.cause == f"{outcome}: the cause"


def test_what_was_refused_by_decision_is_no_denial_but_stays_allowed_if_it_is() -> None:
    refused = {KEY: "a person said so"}
    (result,) = replay([vector(*KEY)], TablePolicy(), Commands(), refused).results
    assert (result.verdict, result.cause) == (Verdict.REFUSED, "a person said so")
    (result,) = replay([vector(*KEY)], TablePolicy(granted=frozenset({KEY})), Commands(), refused).results
    assert result.verdict is Verdict.ALLOWED


def test_a_command_that_allowxperm_leaves_out_is_denied() -> None:
    key = ("a_t", "b_t", "chr_file", "ioctl")
    policy = TablePolicy(granted=frozenset({key}))
    seen = vector(*key, xperms=frozenset({0x5401, 0x5402}))
    (result,) = replay([seen], policy, Commands(0x5402), {}).results
    assert (result.verdict, result.cause) == (Verdict.DENIED, "denied: allowxperm leaves out 0x5402")
    (result,) = replay([seen], policy, Commands(), {}).results
    assert result.verdict is Verdict.ALLOWED


def test_a_grant_and_a_denial_of_one_access_are_one_question() -> None:
    outcome = replay([vector(*KEY), vector(*KEY, result=Result.DENIED, count=4)], TablePolicy(), Commands(), {})
    assert [replayed.vector.evidence.count for replayed in outcome.results] == [5]
    assert outcome.counts == {Verdict.ALLOWED: 0, Verdict.REFUSED: 0, Verdict.DENIED: 1, Verdict.UNMAPPED: 0}
