# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.generate.peers import Doings, peers
from policytool.model.access import AccessVector
from tests.synthetic import vector

DAEMONS = ("a_t", "b_t", "c_t", "d_t")


def seen(
    target: str, tclass: str, perm: str, *domains: str, scenario: str = "one"
) -> list[tuple[str, str, AccessVector]]:
    return [
        (domain, scenario, vector(domain, target.replace("@", domain.removesuffix("_t")), tclass, perm))
        for domain in domains
    ]


EVERY = seen("etc_t", "dir", "search", *DAEMONS)


def doings(*more: tuple[str, str, AccessVector], left_out: str | None = None) -> Doings:
    return peers([*EVERY, *more]).doings("d_t", left_out)


def test_others_are_counted_and_the_domain_itself_is_not() -> None:
    found = doings(*seen("sysctl_vm_t", "dir", "search", "a_t", "b_t", "d_t"))
    assert found.others == 3
    assert found.enough
    assert found.doing == {("etc_t", "dir", "search"): 3, ("sysctl_vm_t", "dir", "search"): 2}
    assert found.touching == {"etc_t": 3, "sysctl_vm_t": 2}


def test_few_others_are_not_enough() -> None:
    assert not peers(seen("etc_t", "dir", "search", "a_t", "b_t", "d_t")).doings("d_t").enough


def test_what_part_of_the_types_of_a_class_sees_a_permission() -> None:
    found = doings(*seen("log_t", "dir", "write", "a_t"), *seen("log_t", "dir", "search", "a_t"))
    assert found.usual == {("dir", "search"): 1.0, ("dir", "write"): 1 / 4}


def test_own_types_are_compared_by_what_they_are_for() -> None:
    found = doings(*seen("@_runtime_t", "file", "unlink", "a_t", "b_t"), *seen("@_t", "process", "signal", "c_t"))
    assert found.doing["d_runtime_t", "file", "unlink"] == 2
    assert found.doing["d_t", "process", "signal"] == 1


def test_what_only_the_scenario_shows_that_is_left_out_does_not_count() -> None:
    both = (*seen("x_t", "file", "read", "a_t", "b_t", scenario="two"), *seen("x_t", "file", "read", "b_t"))
    assert doings(*both).doing["x_t", "file", "read"] == 2
    assert doings(*both, left_out="two").doing["x_t", "file", "read"] == 1
    assert ("x_t", "file", "read") not in doings(*both[:2], left_out="two").doing


def test_the_commands_and_the_context_that_others_show() -> None:
    shown = [
        (domain, scenario, replace(access, xperms=frozenset({command})))
        for command, (domain, scenario, access) in enumerate(
            (*seen("@_tmp_t", "file", "ioctl", "a_t"), *seen("@_tmp_t", "file", "ioctl", "b_t", scenario="two"))
        )
    ]
    found = peers([*EVERY, *shown])
    assert found.shown("d_t", "d_tmp_t", "file") == {0, 1}
    assert found.shown("d_t", "d_tmp_t", "file", "two") == {0}
    assert not found.shown("d_t", "etc_t", "file")
    context = found.context("d_t", "d_tmp_t", "file", "ioctl")
    assert context is not None
    assert context.type_ == "a_tmp_t", "as another daemon met it"
    assert found.context("d_t", "etc_t", "file", "ioctl") is None
