# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic recordings mapped onto a made-up skeleton; the transitions are a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from policytool.model.access import AccessVector, Evidence, Use
from policytool.model.identity import Identity
from policytool.model.module import FileContext, FileKind
from policytool.policy.relabel_target import ReplacedType, Retargeted, Skeleton, TargetMap, relabel_targets
from tests.synthetic import context, vector

Table = Mapping[tuple[str, str, str, str], str]


class Rules:
    def __init__(self, table: Table) -> None:
        self._table = table

    def transition(self, source: str, target: str, tclass: str, name: str = "") -> str | None:
        return self._table.get((source, target, tclass, name)) or self._table.get((source, target, tclass, ""))


BEFORE: Table = {("logd_t", "var_run_t", "file", ""): "logd_runtime_t"}
AFTER: Table = {
    **BEFORE,
    ("alphad_t", "var_run_t", "dir", "alpha"): "alphad_runtime_t",
    ("alphad_t", "var_run_t", "dir", "guests"): "guest_runtime_t",
}
FILES = (
    FileContext("/run/alpha(/.*)?", FileKind.ANY, context("alphad_runtime_t")),
    FileContext("/etc/alpha(/.*)?", FileKind.ANY, context("alphad_conf_t")),
    FileContext("/etc/alpha/beta(/.*)?", FileKind.ANY, context("betad_conf_t")),
    FileContext(r"/run/alphad\.pid", FileKind.FILE, context("alphad_runtime_t")),
    FileContext("/srv/alpha/x|/opt/beta/x", FileKind.FILE, context("betad_conf_t")),
    FileContext(r"/opt/beta/n\d+", FileKind.FILE, context("betad_conf_t")),
)


REPLACED = (
    ReplacedType("etc_t", "dir", "alphad_conf_t", "alpha"),
    ReplacedType("etc_t", "", "alphad_conf_t"),
    ReplacedType("etc_t", "", "betad_conf_t"),
    ReplacedType("var_run_t", "file", "alphad_runtime_t", "alphad.pid"),
)


def mapped(*vectors: AccessVector) -> Retargeted:
    domains = frozenset({"alphad_t", "betad_t"})
    canonical = lambda path: path.removeprefix("/var") if path.startswith("/var/run/") else path  # noqa: E731
    return relabel_targets(
        vectors, TargetMap(vectors, Skeleton(FILES, REPLACED, Rules(BEFORE), Rules(AFTER), domains, canonical))
    )


def keys(result: Retargeted) -> set[tuple[str, str, str, str]]:
    return {vector.key for vector in result.vectors}


def file(source: str, target: str, perm: str, path: str, *, program: str = "x", count: int = 1) -> AccessVector:
    return vector(source, target, "file", perm, path=path, program=program, count=count)


def joined(*vectors: AccessVector) -> AccessVector:
    """One vector with the uses of all, which differ in path only."""
    first, *others = vectors
    return replace(first, evidence=first.evidence.merge(*(vector.evidence for vector in others)))


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/etc/alpha/x.xml", "alphad_conf_t"),
        ("/opt/beta/x", "betad_conf_t"),
        ("/opt/beta/n12", "betad_conf_t"),
        ("/opt/beta/nd", "etc_t"),
        ("/etc/alpha/beta/x.xml", "betad_conf_t"),
        ("/etc/alphabet/x.xml", "etc_t"),
        ("/run/alphad.pid", "alphad_runtime_t"),
        ("/var/run/alphad.pid", "alphad_runtime_t"),
        ("/run/alphad-pid", "etc_t"),
    ],
)
def test_what_was_there_before_has_the_type_of_its_path(path: str, type_: str) -> None:
    assert keys(mapped(file("alphad_t", "etc_t", "read", path))) == {("alphad_t", type_, "file", "read")}


def test_a_vector_is_split_by_its_uses_and_nothing_is_lost() -> None:
    seen = joined(*(file("betad_t", "etc_t", "read", path, count=2) for path in ("/etc/alpha/x", "/etc/hosts")))
    result = mapped(seen)
    assert {(vector.target.type_, vector.evidence.count) for vector in result.vectors} == {
        ("alphad_conf_t", 2),
        ("etc_t", 2),
    }


def test_a_new_object_gets_what_its_folder_and_name_give_and_so_do_those_in_it() -> None:
    result = mapped(
        vector("alphad_t", "var_run_t", "dir", "add_name", path="/run/guests"),
        vector("alphad_t", "var_run_t", "dir", "create", path="/run/guests"),
        vector("alphad_t", "var_run_t", "dir", "add_name", path="/run/guests/one.pid"),
        file("alphad_t", "var_run_t", "create", "/run/guests/one.pid"),
        file("guest_t", "var_run_t", "write", "/run/guests/one.pid"),
        file("alphad_t", "var_run_t", "read", "/run/guests/renamed.xml"),
        file("logd_t", "logd_runtime_t", "create", "/run/guests/log"),
    )
    assert keys(result) == {
        ("alphad_t", "var_run_t", "dir", "add_name"),
        ("alphad_t", "guest_runtime_t", "dir", "add_name"),
        ("alphad_t", "guest_runtime_t", "dir", "create"),
        ("alphad_t", "guest_runtime_t", "file", "create"),
        ("guest_t", "guest_runtime_t", "file", "write"),
        ("alphad_t", "guest_runtime_t", "file", "read"),
        ("logd_t", "logd_runtime_t", "file", "create"),
    }


def test_a_label_that_the_daemon_sets_itself_stays() -> None:
    result = mapped(
        file("alphad_t", "image_t", "relabelto", "/etc/alpha/disk"),
        file("guest_t", "image_t", "write", "/etc/alpha/disk"),
        file("alphad_t", "etc_t", "relabelfrom", "/etc/alpha/disk"),
    )
    assert keys(result) == {
        ("alphad_t", "image_t", "file", "relabelto"),
        ("guest_t", "image_t", "file", "write"),
        ("alphad_t", "alphad_conf_t", "file", "relabelfrom"),
    }


def test_an_entry_is_asked_of_its_folder_and_a_search_has_the_folder_s_own_path() -> None:
    entry = vector("alphad_t", "etc_t", "dir", "add_name", path="/etc/alpha", syscall="mkdir")
    searched = replace(entry, perm="search")
    unnamed = vector("alphad_t", "etc_t", "dir", "add_name", path="/etc/alpha/", syscall="mkdir")
    assert keys(mapped(entry)) == {("alphad_t", "etc_t", "dir", "add_name")}
    assert keys(mapped(searched)) == {("alphad_t", "alphad_conf_t", "dir", "search")}
    assert keys(mapped(unnamed)) == {("alphad_t", "alphad_conf_t", "dir", "add_name")}


def test_a_use_that_cannot_be_told_keeps_its_rule_and_is_listed() -> None:
    untold = file("alphad_t", "etc_t", "write", "", count=3)
    seen = joined(file("alphad_t", "etc_t", "write", "/etc/alpha/x"), untold)
    result = mapped(seen)
    assert {vector.target.type_: vector.evidence.count for vector in result.vectors} == {
        "alphad_conf_t": 1,
        "etc_t": 3,
    }
    (unmapped,) = result.unmapped
    assert (unmapped.vector.key, unmapped.vector.evidence.count) == (untold.key, 3)
    assert "alphad_conf_t or betad_conf_t" in unmapped.reason
    assert "on each of which" not in unmapped.reason


def test_it_is_said_when_it_was_seen_on_each_that_it_may_be() -> None:
    paths = ("/etc/alpha/x", "/etc/alpha/beta/x", "/etc/hosts", "")
    (unmapped,) = mapped(joined(*(file("alphad_t", "etc_t", "write", path) for path in paths))).unmapped
    assert "on each of which it was seen" in unmapped.reason


@pytest.mark.parametrize(
    ("target", "identity", "listed"),
    [
        ("etc_t", Identity("vda", 7, "x"), True),
        ("etc_t", Identity("proc"), False),
        ("usr_t", Identity("vda", 7, "x"), False),
        ("alphad_conf_t", Identity("vda", 7, "x"), False),
        ("var_run_t", Identity("tmpfs", 7, "alphad.pid"), True),
        ("var_run_t", Identity("tmpfs", 7, ""), True),
        ("var_run_t", Identity("tmpfs", 7, "x.pid"), False),
    ],
)
def test_only_what_may_have_a_private_type_is_listed(target: str, identity: Identity, listed: bool) -> None:
    use = Use("synthetic/one", "x", "openat", "", identity)
    seen = replace(file("alphad_t", target, "read", ""), evidence=Evidence(1, 1, 2, ((use, 1),)))
    result = mapped(seen)
    assert result.vectors == (seen,)
    assert [unmapped.vector for unmapped in result.unmapped] == ([seen] if listed else [])


def test_uses_that_are_not_known_stay_and_are_listed() -> None:
    seen = file("alphad_t", "etc_t", "write", "/etc/alpha/x", count=2)
    more = replace(seen, evidence=replace(seen.evidence, count=5))
    result = mapped(more)
    assert {vector.target.type_: vector.evidence.count for vector in result.vectors} == {
        "alphad_conf_t": 2,
        "etc_t": 3,
    }
    assert [unmapped.vector.evidence.count for unmapped in result.unmapped] == [3]


def test_a_recording_under_the_skeleton_is_as_it_is() -> None:
    new = file("alphad_t", "alphad_conf_t", "read", "/etc/alpha/x")
    wrong = file("alphad_t", "etc_t", "read", "/etc/alpha/y")
    assert set(mapped(new, wrong).vectors) == {new, wrong}
    use = Use("synthetic/old", "x", "openat", "/etc/alpha/y")
    older = replace(wrong, evidence=Evidence(1, 1, 2, ((use, 1),)))
    assert keys(mapped(new, older)) == {("alphad_t", "alphad_conf_t", "file", "read")}


def test_what_is_no_file_is_left_alone() -> None:
    seen = vector("alphad_t", "etc_t", "unix_stream_socket", "connectto", path="/etc/alpha/x")
    assert mapped(seen).vectors == (seen,)


def test_deep_and_untidy_paths_are_no_paths() -> None:
    for path in ("/run" + "/a" * 5000, "/etc/alpha/../x", "etc/alpha/x"):
        seen = file("alphad_t", "etc_t", "read", path)
        assert mapped(seen).vectors == (seen,)
