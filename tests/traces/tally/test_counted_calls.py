# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json

import pytest

from policytool.errors import InputError
from policytool.traces.formats.lines import read_events
from policytool.traces.tally.counted_calls import name_counts, parse_counts, programs_run, wanted_arguments
from policytool.traces.tally.system_calls import SystemCall, counted_arguments, counted_classes, error_name

GREETER, SHELL, INIT = 222, 114, 58
FILE, DASH = (266338304, 8757), (266338304, 950)
DAEMON = "/usr/sbin/greeterd"


def exec_line(serial: int, pid: int, exe: str, domain: str, success: str = "yes", parent: int = 2) -> bytes:
    return (
        f"type=SYSCALL msg=audit(1700000000.000:{serial}): arch=c000003e syscall=59 success={success} exit=0 "
        f"a0=0 a1=0 a2=0 a3=0 items=2 ppid={parent} pid={pid} "
        f"auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 "
        f'sgid=0 fsgid=0 tty=(none) ses=4294967295 comm="x" exe="{exe}" subj=system_u:system_r:{domain}:s0 '
        f'key="policytool"'
    ).encode()


# Synthetic: a shell that runs the daemon in its place, and again; and a shell that stays one.
LOG = [
    exec_line(1, 393, "/usr/bin/dash", "initrc_t"),
    exec_line(2, 393, DAEMON, "greeter_t"),
    exec_line(3, 393, "/usr/sbin/nothing", "greeter_t", success="no"),
    exec_line(4, 393, DAEMON, "greeter_t"),
    exec_line(5, 400, "/usr/bin/dash", "initrc_t"),
]


def counts(calls: list[list[int]], execs: list[list[int]] | None = None, lost: int = 0) -> str:
    ran = [[393, SHELL, *DASH, 10], [393, GREETER, *FILE, 20], [400, SHELL, *DASH, 30]]
    return json.dumps(
        {"format": 1, "machine": "x86_64", "lost": lost, "calls": calls, "execs": ran if execs is None else execs}
    )


def named(text: str, log: list[bytes] = LOG, domains: tuple[str, ...] = ("greeter_t",)) -> dict[SystemCall, int]:
    programs = programs_run(read_events(log, "synthetic.log", lambda _: None))
    return dict(name_counts(parse_counts(text, "counts"), programs, domains).counted)


def test_numbers_get_the_names_of_the_log() -> None:
    calls = [
        [GREETER, 41, FILE[0], 0, FILE[1], 1, 2, 0, 5],
        [GREETER, 41, FILE[0], 0, FILE[1], 1, 2, 13, 2],
        [GREETER, 41, FILE[0], 0, FILE[1], 10, 1, 0, 1],
        [GREETER, 41, FILE[0], 0, FILE[1], 10, 1, 97, 1],
        [GREETER, 232, FILE[0], 0, FILE[1], 0, 0, 512, 1],
        [SHELL, 41, DASH[0], 0, DASH[1], 1, 2, 0, 7],
    ]
    assert named(counts(calls)) == {
        SystemCall("greeter_t", DAEMON, "socket", "AF_UNIX SOCK_DGRAM", ""): 3,
        SystemCall("greeter_t", DAEMON, "socket", "AF_UNIX SOCK_DGRAM", "EACCES"): 2,
        SystemCall("greeter_t", DAEMON, "socket", "AF_INET6 SOCK_STREAM", "EAFNOSUPPORT"): 1,
        # It began before the count.
        SystemCall("greeter_t", DAEMON, "epoll_wait", "", "EINTR"): 1,
    }


def test_calls_of_processes_that_nobody_names_are_counted_apart() -> None:
    text = counts(
        [[INIT, 0, *FILE[:1], 0, FILE[1], 0, 0, 0, 9], [INIT, 0, FILE[0], 0, FILE[1], 0, 0, 4, 2]], lost=3
    )
    raw = parse_counts(text, "counts")
    done = name_counts(raw, programs_run(read_events(LOG, "synthetic.log", lambda _: None)), ("greeter_t",))
    assert (dict(done.counted), done.unknown, raw.lost) == ({}, 9, 3)


def test_a_command_that_init_runs_is_kept_whatever_its_domain_is() -> None:
    calls = [[SHELL, 62, DASH[0], 0, DASH[1], 1, 0, 0, 1]]
    assert named(counts(calls)) == {}
    run = [*LOG[:4], exec_line(5, 400, "/usr/bin/dash", "initrc_t", parent=1)]
    assert named(counts(calls), run) == {SystemCall("initrc_t", "/usr/bin/dash", "kill", "SIGHUP", ""): 1}


def test_a_call_of_32_bits_is_of_another_architecture() -> None:
    text = counts([[GREETER, 5, FILE[0], 2, FILE[1], 0, 0, 0, 1]])
    programs = programs_run(read_events(LOG, "synthetic.log", lambda _: None))
    done = name_counts(parse_counts(text, "counts"), programs, ("greeter_t",))
    assert done.architectures == {"i386"}
    assert [call.name for call in done.counted] == ["5"]


def test_a_process_that_one_side_knows_more_of_names_nothing() -> None:
    calls = [[GREETER, 0, FILE[0], 0, FILE[1], 0, 0, 0, 1]]
    # The log has not the shell of 393, so nobody knows which of the two is missing.
    with pytest.raises(InputError, match="under the identifier 222, and the audit log tells no domain"):
        named(counts(calls), LOG[1:])
    ran = [[393, SHELL, *DASH, 10], [393, GREETER, *FILE, 20], [400, SHELL, *DASH, 30], [500, GREETER, *FILE, 40]]
    log = [*LOG[1:], exec_line(6, 500, DAEMON, "greeter_t")]
    assert named(counts(calls, ran), log) == {SystemCall("greeter_t", DAEMON, "read", "", ""): 1}


def test_calls_of_a_process_that_the_log_never_heard_of_are_unknown() -> None:
    ran = [[393, SHELL, *DASH, 10], [393, GREETER, *FILE, 20], [999, 333, 9, 99, 30]]
    raw = parse_counts(counts([[333, 0, 9, 0, 99, 0, 0, 0, 4]], ran), "counts")
    done = name_counts(raw, programs_run(read_events(LOG, "synthetic.log", lambda _: None)), ("greeter_t",))
    assert (dict(done.counted), done.unknown) == ({}, 4)


def test_a_log_that_contradicts_itself_is_refused() -> None:
    text = counts([], [[393, SHELL, *DASH, 10], [393, GREETER, *FILE, 20], [400, GREETER, *FILE, 30]])
    with pytest.raises(InputError, match=r"several domains for one identifier, 222: greeter_t, initrc_t"):
        named(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        counts([]).replace('"format": 1', '"format": 2'),
        counts([[1, 2]]),
        counts([["a"] * 9]),  # type: ignore[list-item]
        counts([], [[1]]),
        "[" * 100000,
    ],
    ids=["nothing", "list", "empty", "format", "short", "text", "exec", "deep"],
)
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="counts"):
        parse_counts(text, "counts")


def test_the_kernel_is_told_which_arguments_matter() -> None:
    wanted = wanted_arguments("x86_64", range(512))
    assert wanted[41] == [(0, 0xFFFFFFFF, None), (1, 0xF, None)]
    assert wanted[126] == [(1, 0xFFFFFFFF, 4), (1, 0x1FF, 16)]
    assert wanted[435] == [(0, counted_arguments("clone3")[0].bits, 0)]
    assert 0 not in wanted
    assert all(len(arguments) <= 2 for arguments in wanted.values())


def test_values_of_the_kernel_are_the_classes_of_a_log() -> None:
    assert counted_classes("openat", (0o101,)) == "O_CREAT|O_WRONLY"
    assert counted_classes("socket", (16, 3)) == "AF_NETLINK SOCK_RAW"
    assert counted_classes("clone3", (0x10000000,)) == "CLONE_NEWUSER"
    assert counted_classes("capset", (1 << 8 | 1 << 12, 1 << 7)) == "CAP_NET_ADMIN|CAP_SETPCAP CAP_BPF"
    assert counted_classes("capset", (0, 0)) == ""
    assert counted_classes("read", (0, 0)) == ""
    assert [error_name(number) for number in (2, 512, 515, 4000)] == ["ENOENT", "EINTR", "errno 515", "errno 4000"]
