# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.graph.replaced import replaced
from policytool.model.access import AccessVector, Use, merge_vectors, with_uses
from tests.synthetic import context, vector

OWN = vector("a_t", "var_run_t", "file", "write", count=3, path="/run/a.pid")
SHARED = vector("a_t", "var_run_t", "file", "write", count=2, path="/run/shared")
# What the log has: one access with two uses.
(SEEN,) = merge_vectors([OWN, SHARED])


def on(vector: AccessVector, type_: str) -> AccessVector:
    return replace(vector, target=context(type_))


def test_the_part_that_moved_to_another_type_is_replaced_and_no_more() -> None:
    (part,) = replaced([SEEN], [on(OWN, "a_runtime_t"), SHARED])
    assert part.by == "a_runtime_t"
    assert part.vector.key == SEEN.key
    assert part.vector.evidence.uses == OWN.evidence.uses
    assert part.vector.evidence.count == 3


def test_parts_that_moved_to_several_types_are_told_apart() -> None:
    found = replaced([SEEN], [on(OWN, "a_runtime_t"), on(SHARED, "shared_t")])
    assert [(replaced.by, replaced.vector.evidence.count) for replaced in found] == [
        ("a_runtime_t", 3),
        ("shared_t", 2),
    ]


def test_what_stays_or_is_unmapped_was_not_replaced() -> None:
    assert replaced([SEEN], [SEEN]) == ()
    assert replaced([SEEN], [SHARED]) == ()
    assert replaced([SEEN], []) == ()


def test_what_is_new_replaces_nothing_of_another_permission_or_source() -> None:
    implied = vector("a_t", "a_runtime_t", "sock_file", "write", path="/run/a.pid")
    other = replace(on(OWN, "a_runtime_t"), source=context("b_t", "system_r"))
    assert replaced([SEEN], [SHARED, implied, other]) == ()


def test_a_use_that_was_seen_on_both_types_counts_by_how_often() -> None:
    use = Use("synthetic/one", "/usr/sbin/greeterd", "openat", "")
    old = with_uses(OWN, OWN.target, [(use, 5)])
    new = on(with_uses(OWN, OWN.target, [(use, 1)]), "a_runtime_t")
    assert replaced([old, new], [old, new]) == ()
    (part,) = replaced([old, new], [with_uses(old, old.target, [(use, 2)]), with_uses(new, new.target, [(use, 4)])])
    assert (part.by, part.vector.evidence.count) == ("a_runtime_t", 3)
