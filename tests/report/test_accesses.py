# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from policytool.model.access import Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.report.access_keys import GroupKey, SortKey
from policytool.report.accesses import OTHERS, access_document, distinct, grouped, ordered, timestamp
from tests.synthetic import observations, vector

SEEN = observations(
    vector("blue_t", "red_t", "file", "read", count=3, program="/blued"),
    vector("blue_t", "red_t", "file", "open", count=1, program="/blued"),
    vector("green_t", "blue_t", "dir", "search", count=9, program="/greend", result=Result.DENIED),
)


def test_vectors_that_differ_in_contexts_only_are_one_access() -> None:
    vector = SEEN.vectors[0]
    other = replace(vector, source=SecurityContext("staff_u", "staff_r", vector.source.type_, "s0"))
    (access,) = distinct(observations(vector, other))
    assert access.evidence.count == 2 * vector.evidence.count


@pytest.mark.parametrize(
    ("by", "counts"),
    [
        (None, [1, 3, 9]),
        (SortKey.COUNT, [9, 3, 1]),
        (SortKey.LAST, [9, 3, 1]),
        (SortKey.TARGET, [9, 1, 3]),
        (SortKey.CLASS, [9, 1, 3]),
        (SortKey.PERMISSION, [1, 3, 9]),
        (SortKey.RESULT, [9, 1, 3]),
    ],
)
def test_sorting(by: SortKey | None, counts: list[int]) -> None:
    accesses = distinct(SEEN)
    assert [access.evidence.count for access in ordered(accesses, by)] == counts
    assert [access.evidence.count for access in ordered(accesses, by, reverse=True)] == counts[::-1]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (GroupKey.SOURCE, {"green_t": 9, "blue_t": 4}),
        (GroupKey.TARGET, {"blue_t": 9, "red_t": 4}),
        (GroupKey.CLASS, {"dir": 9, "file": 4}),
        (GroupKey.PERMISSION, {"search": 9, "read": 3, "open": 1}),
        (GroupKey.PROGRAM, {"/greend": 9, "/blued": 4}),
        (GroupKey.RULE, {"green_t blue_t:dir": 9, "blue_t red_t:file": 4}),
        (GroupKey.HOST, {OTHERS: 13}),
    ],
)
def test_grouping_loses_no_decision(by: GroupKey, expected: dict[str, int]) -> None:
    groups = grouped(distinct(SEEN), by)
    assert {group.name: group.count for group in groups} == expected
    assert sum(group.denied for group in groups) == 9
    counts = [group.count for group in groups]
    assert counts == sorted(counts, reverse=True)


def test_programs_and_hosts_that_evidence_does_not_keep_are_others() -> None:
    evidence = Evidence(10, 0, 9, ((Use("t", "/a", "", ""), 4),), (("alpha", 7),))
    accesses = distinct(observations(replace(SEEN.vectors[0], evidence=evidence)))
    assert {group.name: group.count for group in grouped(accesses, GroupKey.PROGRAM)} == {"/a": 4, OTHERS: 6}
    assert {group.name: group.count for group in grouped(accesses, GroupKey.HOST)} == {"alpha": 7, OTHERS: 3}


def test_explaining_only_adds_keys() -> None:
    ioctl = vector("blue_t", "kvm_device_t", "chr_file", "ioctl", xperms=frozenset({0xAE01}), path="/dev/kvm\x1b")
    (access,) = distinct(observations(ioctl))
    plain, explained = access_document(access), access_document(access, explain=True)
    assert plain.items() <= explained.items()
    assert explained["xperms"] == [{"number": 0xAE01, "name": "KVM_CREATE_VM"}]
    assert "\\x1b" in str(explained["uses"])
    assert "\x1b" not in str(explained["uses"])


def test_times_that_no_calendar_has_are_numbers() -> None:
    assert timestamp(253402300799999) == "9999-12-31T23:59:59.999Z"
    assert timestamp(253402300800000) == "@253402300800.000"
