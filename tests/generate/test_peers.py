# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.generate.peers import peers
from policytool.generate.robust import Closing, Closure, closures
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey, AccessVector
from tests.synthetic import vector

DAEMONS = ("a_t", "b_t", "c_t", "d_t")


def seen(
    target: str, tclass: str, perm: str, *domains: str, scenario: str = "one"
) -> list[tuple[str, str, AccessVector]]:
    return [
        (domain, scenario, vector(domain, target.replace("@", domain.removesuffix("_t")), tclass, perm))
        for domain in domains
    ]


EVERY = [(domain, "one", vector(domain, "etc_t", "dir", "search")) for domain in DAEMONS]
MODEL = vector("d_t", "etc_t", "dir", "search")


def habits(*more: tuple[str, str, AccessVector], declared: frozenset[str] = frozenset()) -> dict[AccessKey, int]:
    found = peers([*EVERY, *more]).habits(MODEL, declared)
    return {habit.vector.key: habit.doing for habit in found}


def test_what_three_others_do_is_a_habit() -> None:
    assert habits(*seen("sysctl_vm_t", "dir", "search", "a_t", "b_t", "c_t")) == {
        ("d_t", "sysctl_vm_t", "dir", "search"): 3
    }
    assert habits(*seen("sysctl_vm_t", "dir", "search", "a_t", "b_t")) == {}
    # Whoever does it already needs no habit.
    assert habits(*seen("sysctl_vm_t", "dir", "search", *DAEMONS)) == {}


def test_of_many_others_three_are_not_enough() -> None:
    many = [f"daemon{number}_t" for number in range(12)]
    others = seen("etc_t", "dir", "search", *many, "d_t")

    def asked(doing: int) -> dict[AccessKey, int]:
        found = peers([*others, *seen("sysctl_vm_t", "dir", "search", *many[:doing])]).habits(MODEL, ())
        return {habit.vector.key: habit.doing for habit in found}

    assert asked(3) == {}
    assert asked(4) == {("d_t", "sysctl_vm_t", "dir", "search"): 4}


def test_own_types_are_compared_by_what_they_are_for() -> None:
    own = seen("@_runtime_t", "file", "unlink", "a_t", "b_t", "c_t")
    assert habits(*own, declared=frozenset({"d_runtime_t"})) == {("d_t", "d_runtime_t", "file", "unlink"): 3}
    assert habits(*own) == {}
    itself = seen("@_t", "process", "signal", "a_t", "b_t", "c_t")
    assert habits(*itself) == {("d_t", "d_t", "process", "signal"): 3}


def test_nothing_dangerous_becomes_a_habit() -> None:
    assert habits(*seen("@_t", "capability", "sys_admin", "a_t", "b_t", "c_t")) == {}
    assert habits(*seen("@_t", "process", "execmem", "a_t", "b_t", "c_t")) == {}


def test_what_only_the_scenario_shows_that_is_left_out_does_not_count() -> None:
    found = peers([*EVERY, *seen("x_t", "file", "read", "a_t", "b_t", "c_t", scenario="two")])
    assert [habit.doing for habit in found.habits(MODEL, ())] == [3]
    assert list(replace(found, left_out="two").habits(MODEL, ())) == []
    more = peers(
        [
            *EVERY,
            *seen("x_t", "file", "read", "a_t", "b_t", "c_t"),
            *seen("x_t", "file", "read", "d_t", scenario="two"),
        ]
    )
    assert [habit.vector.key[1] for habit in replace(more, left_out="two").habits(MODEL, ())] == ["x_t"]


def test_profile_robust_adds_habits_where_nothing_was_decided_about_the_object() -> None:
    others = peers(
        [
            *EVERY,
            *seen("x_t", "file", "read", "a_t", "b_t", "c_t"),
            *seen("y_t", "chr_file", "ioctl", "a_t", "b_t", "c_t"),
        ]
    )
    by = Closing({}, {}, others)
    (closed,) = closures("d_t", frozenset(), [Triaged(MODEL, Cure.ALLOW)], by)
    assert (closed.vector.key, closed.closure) == (("d_t", "x_t", "file", "read"), Closure.PEERS)
    assert closed.reason == "3 of 3 other daemons do it"
    assert closed.vector.evidence.count == 0
    refused = Triaged(vector("d_t", "x_t", "file", "open"), Cure.REFUSED)
    assert closures("d_t", frozenset(), [Triaged(MODEL, Cure.ALLOW), refused], by) == ()
