# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import random

from policytool.model.event import Location, SelinuxError
from policytool.model.refusal import MAX_REFUSALS, Refusal, kept, refusal


def test_what_a_record_tells() -> None:
    fields = (("seresult", "denied"), ("oldcontext", "a:b:c"), ("newcontext", "a:b:d"), ("perms", "b,a,"))
    got = refusal(SelinuxError(Location("x", 1), "security_bounded_transition", fields), "execve")
    assert got == Refusal(
        "security_bounded_transition", old="a:b:c", new="a:b:d", perms=("a", "b"), syscall="execve"
    )


def test_the_smallest_are_kept_whatever_the_order() -> None:
    every = [(Refusal("op", source=f"s{number:05}"), 1) for number in range(2 * MAX_REFUSALS)]
    shuffled = random.Random(1).sample(every, len(every))  # noqa: S311 (an order, not a secret)
    expected = tuple((refusal, 2) for refusal, _ in every[:MAX_REFUSALS])
    assert kept([*shuffled, *every]) == expected
    assert kept([*kept(shuffled), *kept(every)]) == expected
