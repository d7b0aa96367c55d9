# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import time
from itertools import pairwise

from policytool.graph.programs import attribute, program_types
from policytool.model.access import AccessVector
from policytool.model.execution import Execution
from policytool.model.program import Attribution, Whose
from tests.synthetic import DAEMON, vector

OWN, TOOL, SHELL, DEEP = "/usr/sbin/greeterd", "/usr/sbin/tool", "/usr/bin/sh", "/usr/libexec/deep"
TRANSITIONS = {("greeterd_t", "tool_exec_t"): "tool_t", ("tool_t", "deep_exec_t"): "deep_t"}


def enters(domain: str, type_: str) -> str:
    return TRANSITIONS.get((domain, type_), domain)


def runs(program: str, type_: str) -> AccessVector:
    return vector("greeterd_t", type_, "file", "execute_no_trans", program=program, path=program, syscall="execve")


def by(caller: str, program: str) -> Execution:
    return Execution("greeterd_t", caller, program)


SEEN = (
    vector("greeterd_t", "greeterd_exec_t", "file", "entrypoint", path=OWN, syscall="execve"),
    vector("greeterd_t", "etc_t", "file", "read"),
    runs(TOOL, "tool_exec_t"),
    runs(SHELL, "shell_exec_t"),
    runs(DEEP, "deep_exec_t"),
)


def kinds(found: Attribution) -> dict[str, Whose]:
    return {program.path: program.whose for program in found.programs}


def test_a_helper_leaves_and_takes_along_what_it_runs() -> None:
    found = attribute(DAEMON, SEEN, [by(OWN, TOOL), by(TOOL, SHELL), by(SHELL, DEEP)], enters)
    assert kinds(found) == {OWN: Whose.OWN, TOOL: Whose.HELPER, SHELL: Whose.NESTED, DEEP: Whose.NESTED}
    assert found.runs_in == {TOOL: {"tool_t"}, SHELL: {"tool_t"}, DEEP: {"deep_t"}}
    assert found.run_from == {TOOL: {"greeterd_t"}, SHELL: {"tool_t"}, DEEP: {"tool_t"}}
    assert [(helper.exec_type, helper.domain) for helper in found.helpers] == [("tool_exec_t", "tool_t")]
    (nested,) = (program for program in found.programs if program.path == DEEP)
    assert nested.reason == f"run by {SHELL}, which is not in greeterd_t any more: it is in deep_t"


def test_what_the_daemon_runs_too_stays() -> None:
    found = attribute(DAEMON, SEEN, [by(OWN, TOOL), by(TOOL, SHELL), by(OWN, SHELL)], enters)
    assert kinds(found)[SHELL] is Whose.STAYS
    assert found.runs_in[SHELL] == {"greeterd_t", "tool_t"}


def test_where_nobody_was_seen_to_run_it_the_daemon_did() -> None:
    found = attribute(DAEMON, SEEN, (), enters, lambda type_: f"nothing for {type_}")
    assert kinds(found) == {OWN: Whose.OWN, TOOL: Whose.HELPER, SHELL: Whose.STAYS, DEEP: Whose.STAYS}
    assert {p.reason for p in found.programs if p.path == SHELL} == {"nothing for shell_exec_t"}


def test_programs_that_run_each_other_were_first_run_by_the_daemon() -> None:
    found = attribute(DAEMON, SEEN, [by(SHELL, DEEP), by(DEEP, SHELL)], enters)
    assert "greeterd_t" in found.runs_in[SHELL]
    assert "greeterd_t" in found.runs_in[DEEP]


def test_a_program_under_two_labels_stays() -> None:
    found = attribute(DAEMON, (*SEEN, runs(TOOL, "bin_t")), (), enters)
    assert kinds(found)[TOOL] is Whose.STAYS


def test_what_the_daemon_asks_for_is_no_helper() -> None:
    guest = "/usr/bin/guest"
    seen = (
        *SEEN,
        runs(guest, "guest_exec_t"),
        vector("greeterd_t", "guest_t", "process", "transition", program=guest, syscall="execve"),
        vector("guest_t", "guest_exec_t", "file", "entrypoint", program=guest, path=guest, syscall="execve"),
    )
    found = attribute(DAEMON, seen, (), enters)
    both = {program.whose: program.reason for program in found.programs if program.path == guest}
    assert set(both) == {Whose.SETEXEC, Whose.STAYS}
    assert "one would also catch its other runs" in both[Whose.SETEXEC]
    assert not any(helper.domain == "guest_t" for helper in found.helpers)
    assert found.runs_in[guest] == {"greeterd_t"}


def test_a_helper_that_was_entered_in_the_recording_is_one() -> None:
    """As in a recording under a skeleton that has the transition."""
    seen = (
        vector("greeterd_t", "tool_t", "process", "transition", program=TOOL, syscall="execve"),
        vector("tool_t", "tool_exec_t", "file", "entrypoint", program=TOOL, path=TOOL, syscall="execve"),
    )
    found = attribute(DAEMON, seen, (), enters)
    assert [(helper.exec_type, helper.domain) for helper in found.helpers] == [("tool_exec_t", "tool_t")]
    assert found.runs_in == {}
    granted = vector("greeterd_t", "tool_exec_t", "file", "execute", program=TOOL, path=TOOL, syscall="execve")
    assert attribute(DAEMON, (seen[0], granted), (), enters).helpers == found.helpers, "its domain was not recorded"
    assert program_types("greeterd_t", seen) == {"tool_exec_t"}


def test_a_long_chain_of_programs_takes_no_time() -> None:
    names = [f"/bin/p{number:05}" for number in range(5000, 0, -1)]
    seen = [runs(name, "bin_t") for name in names]
    chain = [by(caller, program) for caller, program in pairwise((OWN, *names))]
    begin = time.monotonic()
    found = attribute(DAEMON, seen, chain, enters)
    assert time.monotonic() - begin < 5
    assert all(places == {"greeterd_t"} for places in found.runs_in.values())
