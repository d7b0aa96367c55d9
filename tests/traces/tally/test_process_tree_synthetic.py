# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic records, written by hand in the shape that auditd gives them; none was recorded."""

from __future__ import annotations

import pytest

from policytool.model.execution import Execution
from policytool.traces.tally.process_tree import ExecutionProof, ProcessTree, proven

CLONE, VFORK, EXECVE = 56, 58, 59
SH, DAEMON, TOOL = "/usr/bin/sh", "/usr/sbin/greeterd", "/usr/bin/date"


def call(number: int, result: int, pid: int, ppid: int, exe: str, domain: str = "greeterd_t") -> str:
    return (
        f"type=SYSCALL msg=audit(1700000000.000:{pid}): arch=c000003e syscall={number} success=yes exit={result} "
        f"a0=0 a1=0 a2=0 a3=0 items=0 ppid={ppid} pid={pid} auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 "
        f'egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm="x" exe="{exe}" '
        f"subj=system_u:system_r:{domain}:s0 key=(null)"
    )


def tree(*lines: str) -> tuple[Execution, ...]:
    found = ProcessTree()
    found.add_block("\n".join(lines).encode())
    return found.executions()


def test_who_forked_the_process_is_the_caller() -> None:
    assert tree(call(CLONE, 20, 10, 1, DAEMON), call(EXECVE, 0, 20, 10, TOOL)) == (
        Execution("greeterd_t", DAEMON, TOOL),
    )


def test_of_a_vfork_the_parents_record_comes_after_the_childs() -> None:
    assert tree(call(EXECVE, 0, 20, 10, SH), call(VFORK, 20, 10, 1, DAEMON)) == (
        Execution("greeterd_t", DAEMON, SH),
    )


def test_a_shell_that_runs_a_program_in_its_place_is_its_caller() -> None:
    assert tree(call(CLONE, 20, 10, 1, DAEMON), call(EXECVE, 0, 20, 10, SH), call(EXECVE, 0, 20, 10, TOOL)) == (
        Execution("greeterd_t", SH, TOOL),
        Execution("greeterd_t", DAEMON, SH),
    )


def test_a_process_that_was_left_to_init_still_has_its_caller() -> None:
    assert tree(call(CLONE, 20, 10, 1, DAEMON), call(CLONE, 30, 20, 10, DAEMON), call(EXECVE, 0, 30, 1, TOOL)) == (
        Execution("greeterd_t", DAEMON, TOOL),
    )


def test_a_number_that_was_used_before_does_not_name_the_old_process() -> None:
    before = call(CLONE, 20, 10, 1, DAEMON)
    assert tree(before, call(EXECVE, 0, 20, 99, TOOL)) == ()
    assert tree(before, call(EXECVE, 0, 20, 99, TOOL), call(VFORK, 20, 99, 1, SH)) == (
        Execution("greeterd_t", SH, TOOL),
    )


def test_what_the_log_does_not_tell_the_caller_of_is_left_out() -> None:
    assert tree(call(EXECVE, 0, 20, 10, TOOL)) == ()
    assert tree(call(CLONE, 10, 1, 0, SH), call(EXECVE, 0, 20, 10, TOOL)) == (Execution("greeterd_t", SH, TOOL),)


def test_a_call_that_failed_ran_nothing() -> None:
    failed = call(EXECVE, 0, 20, 10, TOOL).replace("success=yes exit=0", "success=no exit=-2")
    assert tree(call(CLONE, 20, 10, 1, DAEMON), failed) == ()


@pytest.mark.parametrize(
    "line",
    [
        call(EXECVE, 0, 20, 10, TOOL).replace("subj=system_u", "subj=;"),
        call(EXECVE, 0, 20, 10, TOOL).replace("pid=20", "pid=99999999999999999999"),
        call(EXECVE, 0, 20, 10, TOOL)[:-60],
        " arch=c000003e syscall=59" * 2000,
    ],
)
def test_hostile_records_give_nothing(line: str) -> None:
    assert tree(call(CLONE, 20, 10, 1, DAEMON), line) == ()


def test_processes_of_one_number_on_two_hosts_are_two() -> None:
    lines = [call(CLONE, 20, 10, 1, DAEMON), call(EXECVE, 0, 20, 10, TOOL), call(CLONE, 20, 10, 1, SH)]
    nodes = ["node=a ", "node=b ", "node=b "]
    mixed = [node + line for node, line in zip(nodes, lines, strict=True)]
    # On b the tool ran before the record of its fork; a's process 20 is another one.
    assert tree(*mixed) == (Execution("greeterd_t", SH, TOOL),)
    assert tree(*(f"node=a {line}" for line in lines[:2])) == tree(*lines[:2])


def test_an_execution_is_proven_by_the_lines_of_two_records() -> None:
    lines = [
        "x",
        call(CLONE, 20, 10, 1, DAEMON),
        call(EXECVE, 0, 20, 10, SH),
        "x",
        call(EXECVE, 0, 20, 10, TOOL),
        call(EXECVE, 0, 30, 11, TOOL, "other_t"),
        call(VFORK, 30, 11, 1, SH),
        call(CLONE, 20, 10, 1, DAEMON),
        call(EXECVE, 0, 20, 10, SH),
    ]
    found = ProcessTree()
    told = [found.add_block("\n".join(block).encode()) for block in (lines[:2], lines[2:])]
    assert told == [(2,), (3, 5, 6, 7, 8, 9)]
    assert found.proofs() == {
        Execution("greeterd_t", DAEMON, SH): ExecutionProof(2, 3),
        Execution("greeterd_t", SH, TOOL): ExecutionProof(3, 5),
        Execution("other_t", SH, TOOL): ExecutionProof(7, 6),
    }
    for execution, (caller, program) in found.proofs().items():
        assert proven(lines[caller - 1].encode(), lines[program - 1].encode()) == execution
    assert proven(b"x", lines[1].encode()) is None
