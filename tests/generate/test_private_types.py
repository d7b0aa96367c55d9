# SPDX-License-Identifier: GPL-2.0-or-later
"""Private types over a made-up base (tests/policies/own_paths.cil), compiled by the real secilc."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.generate.file_interfaces import admin_interface, file_interfaces
from policytool.generate.kept_out import KeptOut, lost_reach
from policytool.generate.private_types import PrivateTypes
from policytool.generate.skeleton import skeleton
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.interface import write_interfaces
from policytool.generate.writers.te import write_te
from policytool.graph.own_paths import Paths
from policytool.graph.permission_graph import build
from policytool.graph.touched import touched
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.module import FileKind, InterfaceKind, PolicyModule
from policytool.model.own_path import Labelling
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.entries import entered_by_rule
from tests.file_labels import TableLabels
from tests.policy.tiny import POLICIES, compile_cil
from tests.synthetic import BASE, observations, vector

TEMPORARY = "/tmp"  # noqa: S108 -- a name in a recording
ALPHA = Daemon("alphad", "alphad_t", "alphad_exec_t", sockets=("/run/family/alphad-sock",))
BETA = Daemon("betad", "betad_t", "betad_exec_t")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("own_paths"), POLICIES / "own_paths.cil"))


def made(source: str, folder_type: str, tclass: str, path: str, type_: str = "") -> list[AccessVector]:
    return [
        vector(source, folder_type, "dir", "add_name", path=path),
        vector(source, type_ or folder_type, tclass, "create", path=path),
    ]


SEEN = [
    *made("alphad_t", "family_runtime_t", "dir", "/run/family/alpha"),
    *made("alphad_t", "family_runtime_t", "dir", "/run/family/guests"),
    *made("alphad_t", "var_run_t", "file", "/run/alphad.pid"),
    *made("alphad_t", "family_etc_t", "file", "/etc/family/alpha/one.xml"),
    *made("alphad_t", "family_var_lib_t", "file", "/var/lib/family/alpha/state"),
    *made("betad_t", "family_etc_t", "file", "/etc/family/alpha/beta/two.xml"),
]


def labelled(base: CompiledPolicy, *vectors: AccessVector) -> dict[str, Labelling]:
    labels, daemons = TableLabels(), (ALPHA, BETA)
    seen = touched(vectors, labels.canonical)
    paths = Paths(seen, daemons, daemons, {}, frozenset({"init_t"}), labels)
    types = PrivateTypes(daemons, {daemon.domain: paths.found(daemon) for daemon in daemons}, seen, labels, base)
    return {daemon.domain: types.labelling(daemon) for daemon in daemons}


def module(labelling: Labelling, daemon: Daemon = ALPHA) -> PolicyModule:
    return skeleton(daemon, build(observations()), BASE, extends=False, labelling=labelling)


def test_a_type_for_each_place_with_what_it_replaces(base: CompiledPolicy) -> None:
    private = {private.name: private for private in labelled(base, *SEEN)["alphad_t"].private}
    assert sorted(private) == ["alphad_conf_t", "alphad_runtime_t", "alphad_var_lib_t"]
    assert private["alphad_runtime_t"].replaced == (
        ("family_runtime_t", ""),
        ("family_runtime_t", "sock_file"),
        ("var_run_t", "file"),
    )


def test_attributes_let_nobody_in_who_was_not_before(base: CompiledPolicy) -> None:
    for type_ in labelled(base, *SEEN)["alphad_t"].private:
        for attribute in type_.attributes:
            assert set(type_.replaces) <= base.attributes[attribute]
    private = {type_.name: type_.attributes for type_ in labelled(base, *SEEN)["alphad_t"].private}
    assert private["alphad_runtime_t"] == ("file_type", "pidfile"), "not those that a conversion made up"
    assert private["alphad_var_lib_t"] == ("file_type",), "of its peers in /var/lib few are mount points"


def test_transitions_to_its_own_types_and_to_those_of_the_base(base: CompiledPolicy) -> None:
    found = labelled(base, *SEEN)
    rules = {
        (transition.target, transition.tclass, transition.name): transition.default
        for transition in found["alphad_t"].transitions
    }
    assert rules == {
        ("family_runtime_t", "dir", "alpha"): "alphad_runtime_t",
        ("family_runtime_t", "dir", "guests"): "guest_runtime_t",
        ("family_runtime_t", "sock_file", "alphad-sock"): "alphad_runtime_t",
        ("var_run_t", "file", "alphad.pid"): "alphad_runtime_t",
        ("family_etc_t", "dir", "alpha"): "alphad_conf_t",
        ("family_var_lib_t", "dir", "alpha"): "alphad_var_lib_t",
    }
    ((foreign, transition),) = found["betad_t"].optional
    assert (foreign, transition.target, transition.name, transition.default) == (
        "alphad_conf_t",
        "alphad_conf_t",
        "beta",
        "betad_conf_t",
    )


def test_names_that_vary_need_a_transition_without_one_or_stay(base: CompiledPolicy) -> None:
    temporary = made("alphad_t", "tmp_t", "file", TEMPORARY + "/x.k3Xw9Q")
    found = labelled(base, *temporary)["alphad_t"]
    rules = [
        (transition.target, transition.default, transition.name)
        for transition in found.transitions
        if transition.tclass == "file"
    ]
    assert rules == [("tmp_t", "alphad_tmp_t", "")]
    assert not [entry for entry in module(found).file_contexts if entry.context.type_ == "alphad_tmp_t"]
    shared = [
        *made("alphad_t", "tmp_t", "file", TEMPORARY + "/y.k3Xw9Q"),
        vector("cron_t", "tmp_t", "file", "unlink", path=TEMPORARY + "/y.k3Xw9Q"),
    ]
    found = labelled(base, *temporary, *shared)["alphad_t"]
    assert not [private for private in found.private if private.name == "alphad_tmp_t"], (
        "the other one would get the type, too"
    )


def test_a_name_that_the_base_has_taken(base: CompiledPolicy) -> None:
    labels = TableLabels({"/var/cache": "var_lib_t"})
    seen = touched(made("alphad_t", "var_lib_t", "file", "/var/cache/alpha/x"), labels.canonical)
    paths = Paths(seen, [ALPHA], [ALPHA], {}, frozenset(), labels)
    types = PrivateTypes([ALPHA], {"alphad_t": paths.found(ALPHA)}, seen, labels, base)
    assert "alphad_own_cache_t" in {private.name for private in types.labelling(ALPHA).private}


def test_an_object_that_the_daemon_labels_as_it_is_made_keeps_that(base: CompiledPolicy) -> None:
    explicit = made("alphad_t", "family_runtime_t", "dir", "/run/family/guests", type_="family_image_t")
    assert not [
        transition
        for transition in labelled(base, *explicit)["alphad_t"].transitions
        if transition.name == "guests"
    ]


def test_file_contexts_are_escaped_and_of_the_right_kind(base: CompiledPolicy) -> None:
    entries = {(entry.pattern, entry.kind) for entry in module(labelled(base, *SEEN)["alphad_t"]).file_contexts}
    assert entries == {
        ("/etc/family/alpha(/.*)?", FileKind.ANY),
        ("/run/family/alpha(/.*)?", FileKind.ANY),
        ("/run/family/alphad-sock", FileKind.SOCKET),
        (r"/run/alphad\.pid", FileKind.FILE),
        ("/var/lib/family/alpha(/.*)?", FileKind.ANY),
    }


def test_both_forms_say_the_same_and_the_cil_links(base: CompiledPolicy, tmp_path: Path) -> None:
    found = labelled(base, *SEEN)
    texts = {daemon.name: write_cil(module(found[daemon.domain], daemon)) for daemon in (ALPHA, BETA)}
    # What every refpolicy has and this base has not.
    lacking = "".join(f"(typeattribute {name})" for name in ("entry_type", "exec_type", "non_auth_file_type"))
    lacking += "(typeattribute non_security_file_type)"
    files = [POLICIES / "own_paths.cil"]
    for name, text in {**texts, "lacking": lacking}.items():
        files.append(tmp_path / f"{name}.cil")
        files[-1].write_text(text)
    linked = CompiledPolicy(compile_cil(tmp_path, *files))
    assert linked.transition("alphad_t", "var_run_t", "file", "alphad.pid") == "alphad_runtime_t"
    assert linked.transition("alphad_t", "var_run_t", "file", "other.pid") is None
    assert linked.transition("betad_t", "alphad_conf_t", "dir", "beta") == "betad_conf_t"
    te = write_te(module(found["betad_t"], BETA))
    assert '\ttype_transition betad_t alphad_conf_t:dir betad_conf_t "beta";' in te
    assert "type family_etc_t;" in te
    assert "type guest_runtime_t;" in write_te(module(found["alphad_t"])), "a default is required, too"
    alone = CompiledPolicy(compile_cil(tmp_path, *(file for file in files if file.stem != "alphad")))
    assert alone.transition("betad_t", "family_etc_t", "dir", "beta") == "betad_conf_t"


def test_whom_the_new_types_keep_out(base: CompiledPolicy) -> None:
    found = labelled(base, *SEEN)
    modules = {daemon.domain: module(found[daemon.domain], daemon) for daemon in (ALPHA, BETA)}
    reach = lost_reach(modules, {domain: labelling.private for domain, labelling in found.items()}, base)[
        "alphad_t"
    ]
    assert KeptOut("alphad_conf_t", "family_etc_t", "file", ("open", "read"), "", ("viewer_t",)) in reach
    call = KeptOut(
        "alphad_t", "monolith_t", "unix_stream_socket", ("connectto",), "alphad_stream_connect", ("viewer_t",)
    )
    assert call in reach
    assert (
        KeptOut(
            "alphad_runtime_t", "family_runtime_t", "sock_file", ("write",), "alphad_stream_connect", ("viewer_t",)
        )
        in reach
    )
    assert "family_work_t" not in {lost.old for lost in reach}, "nothing took its place"
    assert "admin_t" not in {lost.old for lost in reach}, (
        "no domain of the system keeps the sockets but the monolith"
    )
    assert not any("init_t" in lost.sources and lost.old == "family_runtime_t" for lost in reach), (
        "let in by attribute"
    )


def test_interfaces_for_those_who_were_seen_to_need_one(base: CompiledPolicy) -> None:
    found = labelled(base, *SEEN)["alphad_t"]
    reader = vector("betad_t", "alphad_conf_t", "dir", "search")
    writer = vector("helper_t", "alphad_var_lib_t", "file", "write")
    caller = vector("virsh_t", "alphad_runtime_t", "sock_file", "write")
    own = vector("alphad_t", "alphad_conf_t", "file", "write")
    made_for = file_interfaces(ALPHA, [reader, writer, caller, own], found)
    assert [(interface.name, interface.kind, interface.folders) for interface in made_for] == [
        ("alphad_read_config", InterfaceKind.READ, ("family_etc_t",)),
        ("alphad_read_lib_files", InterfaceKind.READ, ("family_var_lib_t",)),
        ("alphad_manage_lib_files", InterfaceKind.MANAGE, ("family_var_lib_t",)),
    ]
    admin = admin_interface(ALPHA, found)
    assert {"alphad_conf_t", "alphad_runtime_t", "alphad_var_lib_t"} <= set(admin.types)
    assert {"files_search_etc", "files_search_runtime", "files_search_var_lib"} <= set(admin.searches)
    text = write_interfaces(PolicyModule("alphad", "1", "alphad_t", False, BASE, interfaces=made_for))
    assert "type alphad_conf_t;" in text
    assert "type family_etc_t;" in text
    assert "manage_files_pattern($1, alphad_var_lib_t, alphad_var_lib_t)" in text


def test_who_enters_whom(base: CompiledPolicy) -> None:
    assert entered_by_rule(base) == {"init_t": {"helper_t"}, "helper_t": {"inner_t"}}
