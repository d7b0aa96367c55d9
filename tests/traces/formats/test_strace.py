# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines in the shape that strace 6.1 prints, made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.event import TraceEvent, Unread
from policytool.traces.events.strace_call import split_arguments
from policytool.traces.formats.lines import read_events
from policytool.traces.formats.strace import read_line
from policytool.traces.tally.system_calls import SystemCall, count_calls, counted_classes

SYNTHETIC = b"""\
101 1700000000.000001 execve("/usr/sbin/greeterd", ["greeterd", "-d, x"], 0x7ffe /* 20 vars */) = 0
101 1700000000.000102 openat(AT_FDCWD, "/etc/greeter.conf", O_RDONLY|O_CLOEXEC) = 3</etc/greeter.conf>
101 1700000000.000203 openat(AT_FDCWD, "/etc/none", O_RDWR|O_CREAT, 0600) = -1 ENOENT (No such file or directory)
101 1700000000.000304 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 4
101 1700000000.000405 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 102
102 1700000000.000506 read(3, <unfinished ...>
101 1700000000.000607 --- SIGCHLD {si_signo=SIGCHLD, si_pid=102} ---
102 1700000000.000708 <... read resumed>0x55, 4096) = 17
102 1700000000.000809 +++ exited with 0 +++
101 1700000000.000910 exit_group(0)                   = ?
"""


def events(text: bytes) -> tuple[list[TraceEvent], list[Unread]]:
    unread: list[Unread] = []
    return list(read_events(text.splitlines(), "synthetic", unread.append)), unread


def test_each_finished_call_is_an_event() -> None:
    found, unread = events(SYNTHETIC)
    assert unread == []
    calls = [event.syscall for event in found if event.syscall]
    assert [call.name for call in calls] == ["execve", "openat", "openat", "socket", "clone", "read", "exit_group"]
    assert [call.exit for call in calls] == [0, 3, -2, 4, 102, 17, None]
    assert calls[0].words[1] == '["greeterd", "-d, x"]'
    assert not any(event.decisions for event in found)


def test_calls_are_counted_by_program_with_classes_of_arguments() -> None:
    found, _ = events(SYNTHETIC)
    program = "/usr/sbin/greeterd"
    counted = count_calls(found)
    assert counted[SystemCall("", program, "openat", "O_RDONLY", "")] == 1
    assert counted[SystemCall("", program, "openat", "O_CREAT|O_RDWR", "ENOENT")] == 1
    assert counted[SystemCall("", program, "socket", "AF_UNIX SOCK_STREAM", "")] == 1
    assert counted[SystemCall("", program, "read", "", "")] == 1, "the child runs its parent's program"


def test_audit_and_strace_give_the_same_classes() -> None:
    record = (
        b"type=SYSCALL msg=audit(1700000000.000:7): arch=c000003e syscall=41 success=yes exit=4 a0=1 a1=80001 a2=0"
        b' a3=0 items=0 ppid=1 pid=101 comm="greeterd" exe="/usr/sbin/greeterd"'
        b' subj=system_u:system_r:greeterd_t:s0 key="policytool-calls"\n'
        b"type=SYSCALL msg=audit(1700000000.000:8): arch=c000003e syscall=257 success=no exit=-2 a0=ffffff9c a1=7f"
        b' a2=42 a3=180 items=1 ppid=1 pid=101 comm="greeterd" exe="/usr/sbin/greeterd"'
        b" subj=system_u:system_r:greeterd_t:s0 key=(null)\n"
        b"type=SYSCALL msg=audit(1700000000.000:9): arch=c000003e syscall=10 success=yes exit=0 a0=7f a1=1000 a2=5"
        b' a3=0 items=0 ppid=1 pid=101 comm="greeterd" exe="/usr/sbin/greeterd"'
        b" subj=system_u:system_r:greeterd_t:s0 key=(null)\n"
    )
    found, unread = events(record)
    assert unread == []
    program = "/usr/sbin/greeterd"
    assert set(count_calls(found)) == {
        SystemCall("greeterd_t", program, "socket", "AF_UNIX SOCK_STREAM", ""),
        SystemCall("greeterd_t", program, "openat", "O_CREAT|O_RDWR", "ENOENT"),
        SystemCall("greeterd_t", program, "mprotect", "PROT_EXEC|PROT_READ", ""),
    }


def test_what_is_in_a_structure_is_told_as_a_count_in_the_kernel_tells_it() -> None:
    found, _ = events(
        b"101 1700000000.000001 capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=0, "
        b"permitted=1<<CAP_SETPCAP|1<<CAP_NET_ADMIN|1<<CAP_BPF, inheritable=0}) = 0\n"
        b"101 1700000000.000002 clone3({flags=CLONE_VM|CLONE_NEWUSER, exit_signal=SIGCHLD}, 88) = 102\n"
    )
    assert {(call.name, call.arguments) for call in count_calls(found)} == {
        ("capset", counted_classes("capset", (1 << 8 | 1 << 12, 1 << 7))),
        ("clone3", counted_classes("clone3", (0x10000000,))),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ('3, "a,b\\"c", [1, 2], {x=1, y={2, 3}}', ("3", '"a,b\\"c"', "[1, 2]", "{x=1, y={2, 3}}")),
        ("0x1 /* 20 vars */, NULL", ("0x1 /* 20 vars */", "NULL")),
    ],
)
def test_arguments_are_split_at_their_own_commas(text: str, words: tuple[str, ...]) -> None:
    assert split_arguments(text) == words


@given(st.binary(max_size=200))
def test_no_line_raises(rest: bytes) -> None:
    line = b"101 1700000000.000001 " + rest
    read_line(line, 1, lambda *_: None)
    events(line)


@given(st.binary(max_size=120))
def test_no_call_raises(arguments: bytes) -> None:
    found, _ = events(b"101 1700000000.000001 open(" + arguments.replace(b"\n", b"") + b") = 3")
    count_calls(found)


@pytest.mark.parametrize(
    ("line", "pid", "name"),
    [
        (b'execve("/bin/ls", ["ls"], 0x7ffe /* 1 var */) = 0', 0, "execve"),
        (b'[pid  123] openat(AT_FDCWD, "/x", O_RDONLY) = -1 ENOENT (No such file or directory)', 123, "openat"),
        (b"123 11:15:41.123456 close(3) = 0", 123, "close"),
        (b"123   11:15:41 close(3) = 0 <0.000012>", 123, "close"),
        (b"     0.000123 close(3) = 0", 0, "close"),
        (b'[pid  123] <... read resumed>"x", 4096) = 1', 123, "read"),
    ],
)
def test_all_times_and_none(line: bytes, pid: int, name: str) -> None:
    found, unread = events(line)
    assert unread == []
    assert [(event.syscall.pid, event.syscall.name) for event in found if event.syscall] == [(pid, name)]


@pytest.mark.parametrize("line", [b"--- SIGCHLD {si_signo=SIGCHLD} ---", b"strace: Process 12 attached"])
def test_what_strace_prints_besides_calls(line: bytes) -> None:
    assert events(line) == ([], [])


@pytest.mark.parametrize("line", [b"f(x) = y", b"call(me) maybe", b"1700000000.123456 host sshd[1]: hello"])
def test_other_text_is_no_call(line: bytes) -> None:
    found, unread = events(line)
    assert (found, len(unread)) == ([], 1)
