# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic accesses to objects with labels that file contexts would not give them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policytool.generate.label_faults import Checked, check_labels
from policytool.graph.touched import touched
from policytool.model.access import AccessVector
from tests.file_labels import TableLabels
from tests.synthetic import vector


def checked(*vectors: AccessVector, recording: tuple[AccessVector, ...] = ()) -> Checked:
    labels = TableLabels()
    seen = touched((*vectors, *recording), labels.canonical)
    return check_labels(vectors, seen, labels, unlabeled="unlabeled_t", customizable={"public_content_t"})


def read(target: str, path: str) -> AccessVector:
    return vector("alphad_t", target, "file", "read", path=path)


def test_a_wrong_label_is_told_with_its_cure_and_the_access_is_asked_of_the_right_one() -> None:
    result = checked(read("tmp_t", "/etc/family/x.conf"))
    (fault,) = result.faults
    assert fault.command == "restorecon -v /etc/family/x.conf"
    assert fault.vector.key == ("alphad_t", "tmp_t", "file", "read")
    assert [vector.key for vector in result.vectors] == [("alphad_t", "family_etc_t", "file", "read")]


def test_what_a_site_serves_lasts_as_well() -> None:
    labels = TableLabels({"/srv": "var_t"})
    wrong = read("user_home_t", "/srv/site/index.html")
    found = check_labels([wrong], touched([wrong], labels.canonical), labels, unlabeled="unlabeled_t")
    assert [fault.command for fault in found.faults] == ["restorecon -v /srv/site/index.html"]


def test_the_other_uses_of_the_access_stay_as_they_are() -> None:
    good = read("etc_t", "/etc/hosts")
    bad = read("etc_t", "/var/lib/family/state")
    both = replace(good, evidence=good.evidence.merge(bad.evidence))
    result = checked(both)
    assert {(vector.target.type_, vector.evidence.count) for vector in result.vectors} == {
        ("etc_t", 1),
        ("family_var_lib_t", 1),
    }
    assert [fault.vector.evidence.count for fault in result.faults] == [1]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("family_etc_t", "/etc/family/x.conf"),  # as it should be
        ("tmp_t", "/run/family/x"),  # made since the start of the system
        ("tmp_t", "/tmp/x"),  # noqa: S108 -- file contexts say nothing
        ("public_content_t", "/etc/family/x"),  # the administrator's choice
        ("tmp_t", "/usr/lib/x"),  # a path of many names
        ("tmp_t", "/etc/family/a b"),  # nothing for a command line
        ("tmp_t", "/proc/1/status"),
        ("tmp_t", ""),
    ],
)
def test_in_doubt_an_access_stays(target: str, path: str) -> None:
    seen = read(target, path)
    assert checked(seen) == Checked((seen,))


def test_a_processes_file_in_proc_that_a_link_in_etc_leads_to_has_no_wrong_label() -> None:
    mounts = read("alphad_t", "/etc/family/mtab")
    mounts = replace(mounts, target=replace(mounts.target, role="system_r"))
    assert checked(mounts) == Checked((mounts,))


@pytest.mark.parametrize("perm", ["search", "add_name", "remove_name"])
def test_what_may_be_about_an_entry_is_in_doubt(perm: str) -> None:
    seen = vector("alphad_t", "tmp_t", "dir", perm, path="/etc/family/x")
    assert checked(seen) == Checked((seen,))


def test_what_was_made_or_labelled_in_the_recording_is_in_doubt() -> None:
    seen = read("tmp_t", "/var/lib/family/new/x")
    made = vector("cron_t", "tmp_t", "dir", "create", path="/var/lib/family/new")
    labelled = vector("alphad_t", "tmp_t", "file", "relabelto", path="/var/lib/family/y")
    assert checked(seen).faults
    assert checked(seen, recording=(made,)) == Checked((seen,))
    assert checked(seen, recording=(labelled,)) == Checked((seen,))


def test_nothing_is_concluded_from_uses_that_are_not_all_known() -> None:
    seen = read("tmp_t", "/etc/family/x")
    part = replace(seen, evidence=replace(seen.evidence, count=9))
    assert checked(part) == Checked((part,))


def test_an_object_without_a_label_is_told_wherever_file_contexts_have_one() -> None:
    result = checked(read("unlabeled_t", "/srv/lost"))
    assert [fault.command for fault in result.faults] == ["restorecon -v /srv/lost"]
    unspoken = read("unlabeled_t", "/run/family2")
    assert checked(unspoken) == Checked((unspoken,)), "nothing says what it should be: triage refuses it"
