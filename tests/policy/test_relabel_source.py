# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.model.access import AccessVector, Evidence, Use
from policytool.model.program import Attribution, Helper
from policytool.policy.relabel_source import Moved, relabel_sources
from tests.synthetic import vector

D, OWN, TOOL, SHELL, DEEP = "greeterd_t", "/usr/sbin/greeterd", "/usr/sbin/tool", "/usr/bin/sh", "/usr/libexec/deep"

# The daemon runs a tool, the tool a shell, and the shell another helper.
ATTRIBUTION = Attribution(
    domain=D,
    helpers=(Helper("tool_exec_t", "tool_t", (TOOL,)),),
    runs_in={TOOL: frozenset({"tool_t"}), SHELL: frozenset({"tool_t"}), DEEP: frozenset({"deep_t"})},
    run_from={TOOL: frozenset({D}), SHELL: frozenset({"tool_t"}), DEEP: frozenset({"tool_t"})},
    enters={(D, "tool_exec_t"): "tool_t", ("tool_t", "deep_exec_t"): "deep_t"},
)


def used(vector: AccessVector, *uses: tuple[str, str, int]) -> AccessVector:
    """Give VECTOR these uses: program, call, count."""
    every = tuple(sorted((Use("synthetic/one", program, call, ""), count) for program, call, count in uses))
    return replace(vector, evidence=Evidence(sum(count for _, count in every), 1, 2, every))


def keys(moved: tuple[Moved, ...]) -> set[tuple[str, str, str, str]]:
    return {move.vector.key for move in moved}


def test_a_vector_of_two_programs_is_split() -> None:
    both = used(vector(D, "etc_t", "file", "read"), (OWN, "openat", 3), (TOOL, "openat", 2))
    found = relabel_sources([both], [ATTRIBUTION])
    (kept,) = found.kept
    assert kept.key == both.key
    assert kept.evidence.uses == ((Use("synthetic/one", OWN, "openat", ""), 3),)
    (moved,) = found.moved
    assert moved.vector.key == ("tool_t", "etc_t", "file", "read")
    assert moved.vector.evidence.count == 2
    assert moved.origin.key == both.key
    assert (moved.left, moved.assumed) == (True, False)


def test_where_not_every_use_is_known_nothing_is_concluded() -> None:
    seen = vector(D, "etc_t", "file", "read", program=TOOL)
    seen = replace(seen, evidence=replace(seen.evidence, count=9))
    found = relabel_sources([seen], [ATTRIBUTION])
    assert found.kept == (seen,)
    assert not found.moved


def test_running_the_helper_becomes_the_transition_with_what_the_kernel_asks() -> None:
    run = vector(D, "tool_exec_t", "file", "execute_no_trans", program=TOOL, syscall="execve")
    found = relabel_sources([run], [ATTRIBUTION])
    assert found.kept == ()
    assert keys(found.moved) == {
        (D, "tool_t", "process", "transition"),
        (D, "tool_t", "process", "siginh"),
        (D, "tool_t", "process", "rlimitinh"),
        (D, "tool_t", "process", "noatsecure"),
        ("tool_t", "tool_exec_t", "file", "entrypoint"),
        ("tool_t", D, "fd", "use"),
    }
    assert {moved.vector.key[3] for moved in found.moved if moved.assumed} == {"use"}
    assert {str(moved.vector.target) for moved in found.moved if moved.vector.tclass == "process"} == {
        "system_u:system_r:tool_t:s0"
    }


def test_starting_a_program_is_the_old_domains_and_mapping_it_the_new_ones() -> None:
    def places(perm: str, program: str = TOOL, type_: str = "tool_exec_t") -> set[str]:
        found = relabel_sources([vector(D, type_, "file", perm, program=program, syscall="execve")], [ATTRIBUTION])
        return {v.source.type_ for v in (*found.kept, *(moved.vector for moved in found.moved))}

    assert places("open") == {D}
    assert places("execute") == {D, "tool_t"}
    assert places("map") == {"tool_t"}
    assert places("open", DEEP, "deep_exec_t") == {"tool_t"}
    assert places("map", DEEP, "deep_exec_t") == {"deep_t"}


def test_what_a_helper_runs_is_run_by_the_helper() -> None:
    shell = vector(D, "shell_exec_t", "file", "execute_no_trans", program=SHELL, syscall="execve")
    assert keys(relabel_sources([shell], [ATTRIBUTION]).moved) == {
        ("tool_t", "shell_exec_t", "file", "execute_no_trans")
    }
    deep = vector(D, "deep_exec_t", "file", "execute_no_trans", program=DEEP, syscall="execve")
    assert keys(relabel_sources([deep], [ATTRIBUTION]).moved) == {
        ("tool_t", "deep_t", "process", "transition"),
        ("deep_t", "deep_exec_t", "file", "entrypoint"),
        ("deep_t", "tool_t", "fd", "use"),
    }


def test_what_a_helper_made_is_its_own_and_the_rest_was_inherited() -> None:
    seen = [
        vector(D, D, "udp_socket", "create", program=TOOL, syscall="socket"),
        vector(D, D, "udp_socket", "bind", program=TOOL, syscall="bind"),
        vector(D, D, "unix_stream_socket", "write", program=TOOL, syscall="write"),
        vector(D, D, "fifo_file", "write", program=TOOL, syscall="write"),
        vector(D, D, "process", "setcap", program=TOOL, syscall="capset"),
        vector(D, D, "process", "sigchld", program=TOOL, syscall="exit_group"),
        vector(D, D, "capability", "net_admin", program=TOOL, syscall="bind"),
    ]
    found = {moved.vector.key[2:]: moved for moved in relabel_sources(seen, [ATTRIBUTION]).moved}
    targets = {key: moved.vector.target.type_ for key, moved in found.items()}
    assert targets == {
        ("udp_socket", "create"): "tool_t",
        ("udp_socket", "bind"): "tool_t",
        ("unix_stream_socket", "write"): D,
        ("fifo_file", "write"): D,
        ("process", "setcap"): "tool_t",
        ("process", "sigchld"): D,
        ("capability", "net_admin"): "tool_t",
    }
    assert "assumed" in found["fifo_file", "write"].reason
    assert not found["udp_socket", "bind"].assumed


def test_a_signal_of_the_daemon_may_be_for_a_helper_and_stays_too() -> None:
    signal = vector(D, D, "process", "signal", program=OWN, syscall="kill")
    run = vector(D, "tool_exec_t", "file", "execute_no_trans", program=TOOL, syscall="execve")
    found = relabel_sources([signal, run], [ATTRIBUTION])
    assert found.kept == (signal,)
    (moved,) = (access for access in found.moved if access.origin == signal)
    assert moved.vector.key == (D, "tool_t", "process", "signal")
    assert (moved.assumed, moved.left) == (True, False)
    # Where the helper always left, the signal was for the daemon itself.
    alone = relabel_sources([signal], [ATTRIBUTION])
    assert (alone.kept, alone.moved) == ((signal,), ())


def test_a_bare_comm_stands_for_the_one_program_it_can_be() -> None:
    search = vector(D, "etc_t", "dir", "search", program="tool")
    assert keys(relabel_sources([search], [ATTRIBUTION]).moved) == {("tool_t", "etc_t", "dir", "search")}
    other = vector(D, "etc_t", "dir", "search", program="greeterd")
    assert relabel_sources([other], [ATTRIBUTION]).kept == (other,)


def test_what_was_recorded_under_the_transition_stays_as_it_is() -> None:
    seen = (
        vector("tool_t", D, "fd", "use", program=TOOL, syscall="execve"),
        vector("tool_t", "etc_t", "file", "read", program=TOOL),
        vector(D, "tool_t", "process", "transition", program=TOOL, syscall="execve"),
    )
    found = relabel_sources(seen, [ATTRIBUTION])
    assert {vector.key for vector in found.kept} == {vector.key for vector in seen}
    assert not found.moved


def test_no_evidence_is_lost_or_made_up() -> None:
    mixed = used(
        vector(D, "etc_t", "file", "read"),
        (OWN, "read", 5),
        (TOOL, "read", 7),
        (SHELL, "read", 11),
        (DEEP, "read", 13),
    )
    found = relabel_sources([mixed], [ATTRIBUTION])
    counts = [v.evidence.count for v in found.kept] + [m.vector.evidence.count for m in found.moved]
    assert sorted(counts) == [5, 7, 11, 13]


def test_the_other_end_of_a_helpers_connection_is_the_daemons() -> None:
    made = vector(D, D, "unix_stream_socket", "create", program=TOOL, syscall="socket")
    connect = vector(D, D, "unix_stream_socket", "connectto", program=TOOL, syscall="connect")
    found = relabel_sources([made, connect], [ATTRIBUTION])
    assert keys(found.moved) == {
        ("tool_t", "tool_t", "unix_stream_socket", "create"),
        ("tool_t", D, "unix_stream_socket", "connectto"),
    }
