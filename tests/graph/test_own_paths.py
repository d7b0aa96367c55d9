# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic recordings of a made-up family of daemons, alphad and betad, over a table of file contexts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policytool.graph.own_paths import Found, Paths, acting_for, varies
from policytool.graph.touched import touched
from policytool.model.access import AccessVector, Evidence, Use
from policytool.model.daemon import Daemon
from policytool.model.module import FileKind
from policytool.model.own_path import OwnPath
from tests.file_labels import TableLabels
from tests.synthetic import vector

TEMPORARY = "/tmp"  # noqa: S108 -- a name in a recording
ALPHA = Daemon(
    "alphad", "alphad_t", "alphad_exec_t", sockets=("/run/family/alphad-sock", "/run/family/family-sock")
)
BETA = Daemon("betad", "betad_t", "betad_exec_t", sockets=("/run/family/betad-sock", "/run/family/family-sock"))


def made(source: str, folder_type: str, tclass: str, path: str, type_: str = "") -> list[AccessVector]:
    """An object made at PATH, as the kernel asks for it: with the type of the folder if no other is given."""
    return [
        vector(source, folder_type, "dir", "add_name", path=path),
        vector(source, type_ or folder_type, tclass, "create", path=path),
    ]


def found(daemon: Daemon, *vectors: AccessVector, helpers: frozenset[str] = frozenset()) -> Found:
    labels = TableLabels()
    daemons = (ALPHA, BETA)
    acting = {"alphad_t": helpers, "betad_t": frozenset[str]()}
    seen = touched(vectors, labels.canonical)
    return Paths(seen, daemons, daemons, acting, frozenset({"init_t"}), labels).found(daemon)


def own(daemon: Daemon, *vectors: AccessVector, helpers: frozenset[str] = frozenset()) -> set[str]:
    return {own.path for own in found(daemon, *vectors, helpers=helpers).own} - {f"/run/family/{daemon.name}-sock"}


def test_a_folder_that_only_one_daemon_works_in_is_its_own_with_everything_in_it() -> None:
    seen = [
        *made("alphad_t", "family_runtime_t", "dir", "/run/family/alpha"),
        *made("alphad_t", "family_runtime_t", "file", "/run/family/alpha/one.xml"),
        *made("alphad_t", "family_runtime_t", "dir", "/run/family/alpha/deep"),
        *made("alphad_t", "family_runtime_t", "file", "/run/family/alpha/deep/two.xml"),
        *made("betad_t", "family_runtime_t", "dir", "/run/family/beta"),
    ]
    assert own(ALPHA, *seen) == {"/run/family/alpha"}
    assert own(BETA, *seen) == {"/run/family/beta"}


def test_who_reads_and_who_was_handed_a_descriptor_leaves_a_folder_its_owner() -> None:
    seen = made("alphad_t", "family_var_lib_t", "file", "/var/lib/family/alpha/state")
    handed = vector("guest_t", "family_var_lib_t", "file", "write", path="/var/lib/family/alpha/state")
    reader = vector("betad_t", "family_var_lib_t", "file", "read", path="/var/lib/family/alpha/state")
    opened = replace(handed, perm="open")
    assert own(ALPHA, *seen, handed, reader) == {"/var/lib/family/alpha"}
    assert own(ALPHA, *seen, handed, opened) == set()
    assert own(ALPHA, *seen, handed, opened, helpers=frozenset({"guest_t"})) == {"/var/lib/family/alpha"}


@pytest.mark.parametrize("perm", ["unlink", "setattr", "rename"])
def test_who_changes_a_file_takes_the_folder_from_its_owner(perm: str) -> None:
    seen = made("alphad_t", "family_var_lib_t", "file", "/var/lib/family/alpha/state")
    other = vector("betad_t", "family_var_lib_t", "file", perm, path="/var/lib/family/alpha/state")
    assert own(ALPHA, *seen, other) == own(BETA, *seen, other) == set()
    init = replace(other, source=replace(other.source, type_="init_t"))
    assert own(ALPHA, *seen, init) == {"/var/lib/family/alpha"}, "init acts for every daemon"


def test_the_folder_of_another_daemon_in_ones_own_is_the_others() -> None:
    seen = [
        *made("alphad_t", "family_etc_t", "file", "/etc/family/guests/one.xml"),
        *made("betad_t", "family_etc_t", "file", "/etc/family/guests/networks/two.xml"),
    ]
    assert own(ALPHA, *seen) == {"/etc/family/guests"}
    assert own(BETA, *seen) == {"/etc/family/guests/networks"}
    stranger = made("cron_t", "family_etc_t", "file", "/etc/family/guests/other/three")
    assert own(ALPHA, *seen, *stranger) == set(), "whoever works there would be shut out"


@pytest.mark.parametrize(
    "path", ["/run/family/common/token", "/var/lib/family/images/disk", "/var/lib/family/work/x/y", "/srv/alpha/x"]
)
def test_what_the_base_knows_by_itself_and_what_is_no_services_place_stays(path: str) -> None:
    worked_in = made("alphad_t", "family_work_t", "file", "/var/lib/family/work/first")
    assert own(ALPHA, *worked_in, *made("alphad_t", "some_t", "file", path)) == set()


def test_a_shared_folder_is_never_owned_though_one_daemon_alone_was_recorded() -> None:
    seen = made("alphad_t", "family_runtime_t", "dir", "/run/family/alpha")
    assert own(ALPHA, *seen) == {"/run/family/alpha"}
    assert own(ALPHA, *made("alphad_t", "var_run_t", "file", "/run/alphad.pid")) == {"/run/alphad.pid"}


def test_sockets_are_of_the_only_daemon_that_claims_them() -> None:
    sockets = {own.path for own in found(ALPHA).own if own.kind is FileKind.SOCKET}
    assert sockets == {"/run/family/alphad-sock"}


def test_what_the_base_has_a_label_for_is_told_to_everyone_who_may_make_it() -> None:
    seen = made("alphad_t", "family_runtime_t", "dir", "/run/family/common")
    user = vector("betad_t", "family_runtime_t", "dir", "getattr", path="/run/family/common")
    assert found(ALPHA, *seen, user).made == found(BETA, *seen, user).made
    assert found(BETA, *seen, user).made == (OwnPath("/run/family/common", FileKind.DIR),)
    assert found(BETA, *seen).made == ()


def test_a_file_that_is_renamed_into_place_and_names_that_vary() -> None:
    seen = [
        *made("alphad_t", "etc_t", "file", "/etc/alphad.conf.new"),
        vector("alphad_t", "etc_t", "file", "rename", path="/etc/alphad.conf.new"),
        vector("alphad_t", "etc_t", "dir", "add_name", path="/etc/alphad.conf"),
        *made("alphad_t", "tmp_t", "file", TEMPORARY + "/alphad.k3Xw9Q"),
    ]
    files = {own.path: own.labelled for own in found(ALPHA, *seen).own if own.kind is FileKind.FILE}
    assert files == {"/etc/alphad.conf.new": True, "/etc/alphad.conf": True, TEMPORARY + "/alphad.k3Xw9Q": False}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alphad.pid", False),
        ("autostarted", False),
        ("virbr0.status", False),
        ("qmp-BQZIZ3", True),
        ("00e39fd2-df74-417a-a298-48af2455f6f0.xml", True),
        ("926803a9278e445ec919c2b6cbd8c1c449c75b26.xml", True),
        ("alphad.1234.sock", True),
        ("x.k3Xw9Q", True),
        ("alphad-admin-sock", False),
        ("alpha-config", False),
    ],
)
def test_names_that_are_made_up_each_time(name: str, expected: bool) -> None:
    assert varies(name) is expected


def test_who_acts_for_a_daemon() -> None:
    def enters(source: str, target: str, range_: str = "s0") -> AccessVector:
        entering = vector(source, target, "process", "transition")
        return replace(entering, target=replace(entering.target, range_=range_))

    seen = [
        enters("alphad_t", "helper_t"),
        enters("alphad_t", "guest_t", "s0:c1,c2"),
        enters("alphad_t", "betad_t"),
    ]
    entered = {"helper_t": frozenset({"inner_t", "alphad_t"}), "inner_t": frozenset({"helper_t"})}
    acting = acting_for(seen, ["alphad_t", "betad_t"], entered)
    assert acting == {"alphad_t": frozenset({"helper_t", "inner_t"}), "betad_t": frozenset()}


def test_nothing_is_concluded_where_not_every_change_is_known() -> None:
    seen = made("alphad_t", "family_var_lib_t", "file", "/var/lib/family/alpha/state")
    hidden = vector("betad_t", "family_var_lib_t", "file", "unlink", path="/var/lib/family/beta/x")
    hidden = replace(hidden, evidence=replace(hidden.evidence, count=hidden.evidence.count + 1))
    assert own(ALPHA, *seen, hidden) == set()


def test_what_a_daemon_labels_itself_does_not_count() -> None:
    seen = [
        *made("alphad_t", "family_var_lib_t", "dir", "/var/lib/family/alpha/guest"),
        vector("alphad_t", "guest_image_t", "dir", "relabelto", path="/var/lib/family/alpha/guest"),
        *made("guest_t", "guest_image_t", "file", "/var/lib/family/alpha/guest/disk"),
    ]
    assert own(ALPHA, *seen) == {"/var/lib/family/alpha"}


def test_hostile_paths_are_nobodys_and_cost_nothing() -> None:
    odd = ["/etc/a b/x", "/etc/x\ny/z", "relative", "/", "", "/etc/" + "a/" * 3000 + "x", "/etc/../../x"]
    seen = [vector for path in odd for vector in made("alphad_t", "etc_t", "file", path)]
    assert own(ALPHA, *seen) == set()


def test_each_label_is_asked_for_once() -> None:
    uses = tuple((Use("synthetic", "x", "mkdir", f"/var/lib/family/d{number}/e/f"), 1) for number in range(1000))
    many = replace(vector("alphad_t", "family_var_lib_t", "dir", "add_name"), evidence=Evidence(1000, 1, 2, uses))
    labels = TableLabels()
    seen = touched([many], labels.canonical)
    paths = Paths(seen, [ALPHA], [ALPHA], {}, frozenset(), labels)
    assert len(paths.found(ALPHA).own) == 1000 + len(ALPHA.sockets)
    assert len(labels.asked) == len(set(labels.asked))


def test_what_a_daemon_uses_in_few_of_its_scenarios_it_was_told_to_use() -> None:
    def seen(*traces: str) -> list[AccessVector]:
        pool = made("alphad_t", "family_var_lib_t", "dir", "/var/lib/family/pool")
        state = made("alphad_t", "family_runtime_t", "dir", "/run/family/alpha")
        inside = made("alphad_t", "family_runtime_t", "file", "/run/family/alpha/state")
        return [
            *pool,
            *state,
            *(
                replace(vector, evidence=replace(vector.evidence, uses=((use._replace(trace=trace), count),)))
                for vector in inside
                for use, count in vector.evidence.uses
                for trace in traces
            ),
        ]

    few, many = ("b", "c"), ("b", "c", "d", "e")
    assert own(ALPHA, *seen(*few)) == {"/var/lib/family/pool", "/run/family/alpha"}
    # One of five: the folder of a pool; what is in the other one was used in all of them.
    assert own(ALPHA, *seen(*many)) == {"/run/family/alpha"}
