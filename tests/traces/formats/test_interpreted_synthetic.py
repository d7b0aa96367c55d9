# SPDX-License-Identifier: GPL-2.0-or-later
"""`ausearch -i` and kernel lines, written by hand."""

from __future__ import annotations

import pytest

from policytool.model.event import EventKey, UnreadKind
from tests.traces.reading import CONTEXTS, avc, decision, event, read, unread_kinds

STAMP = "10/20/2023 11:15:41.492:2202"
MILLISECONDS = 1697800541492


def line(kind: str, body: str, stamp: str = STAMP) -> str:
    return f"type={kind} msg=audit({stamp}) : {body}"


@pytest.mark.parametrize("date", ["10/20/2023", "20.10.2023", "10/20/23", "2023-10-20", "20/10/2023", "20.10.23"])
def test_dates_are_read_in_every_order_as_utc(date: str) -> None:
    got = event(
        line(
            "AVC",
            f"avc:  denied  {{ read }} for  pid=7 comm=a {CONTEXTS} tclass=file",
            STAMP.replace("10/20/2023", date),
        )
    )
    assert got.key == EventKey("", MILLISECONDS, 2202)


@pytest.mark.parametrize("date", ["31/31/2023", "Fri 20 Oct", "20-10-2023x", "01/01/1969"])
def test_other_dates_are_reported(date: str) -> None:
    assert unread_kinds(line("AVC", "avc:  denied", STAMP.replace("10/20/2023", date))) == [UnreadKind.BAD_STAMP]


def test_a_whole_interpreted_event() -> None:
    got = event(
        "----",
        "time->Fri Oct 20 11:15:41 2023",
        line("PROCTITLE", "proctitle=/usr/sbin/virtqemud --timeout 120"),
        line(
            "PATH",
            "item=0 name=/etc/my file inode=12 dev=fd:00 mode=file,644 obj=a_u:b_r:c_t:s0 nametype=NORMAL",
        ),
        line("CWD", "cwd=/"),
        line("SOCKADDR", "saddr={ saddr_fam=local path=/run/x }"),
        line("EXECVE", "argc=2 a0=/bin/sh a1=-c x y"),
        line(
            "SYSCALL",
            "arch=x86_64 syscall=openat success=no exit=EACCES(Permission denied) a0=0x9 a1=0x7f "
            "a2=O_RDONLY a3=0x0 items=1 ppid=1 pid=7 auid=unset uid=root tty=(none) ses=unset "
            "comm=CPU 0/KVM exe=/usr/sbin/a b "
            "subj=system_u:system_r:blue_t:s0 key=(null)",
        ),
        line(
            "AVC",
            'avc:  denied  { read } for  pid=7 comm=CPU 0/KVM name=my file dev="vda" ino=12 '
            f"{CONTEXTS} tclass=file permissive=0",
        ),
    )
    assert got.records == 7
    assert got.syscall is not None
    assert (got.syscall.name, got.syscall.arch, got.syscall.success, got.syscall.exit) == (
        "openat",
        "x86_64",
        False,
        -13,
    )
    assert (got.syscall.comm, got.syscall.exe) == ("CPU 0/KVM", "/usr/sbin/a b")
    assert (got.paths[0].name, got.paths[0].mode) == ("/etc/my file", 0o644)
    (decision,) = got.decisions
    assert (decision.comm, decision.name, decision.dev, decision.inode, decision.path) == (
        "CPU 0/KVM",
        "my file",
        "vda",
        12,
        "/etc/my file",
    )


def test_interpreted_text_is_never_hexadecimal() -> None:
    assert (
        decision(line("AVC", f"avc:  denied  {{ read }} for  pid=7 comm=CAFE {CONTEXTS} tclass=file")).comm
        == "CAFE"
    )


def test_a_capability_has_a_name() -> None:
    got = decision(
        line("AVC", f"avc:  denied  {{ bpf }} for  pid=7 comm=a b capability=bpf {CONTEXTS} tclass=capability2")
    )
    assert (got.comm, got.perms) == ("a b", ("bpf",))


def test_a_record_forged_in_a_file_name_is_not_believed() -> None:
    inner = line("AVC", f"avc:  denied  {{ write }} for {CONTEXTS} tclass=file")
    events, unread = read(line("AVC", f"avc:  denied  {{ read }} for  pid=7 name=x {inner} {CONTEXTS} tclass=file"))
    assert events == []
    assert [place.kind for place in unread] == [UnreadKind.MALFORMED]


@pytest.mark.parametrize(
    "prefix",
    [
        "type=1400 ",
        "audit: type=1400 ",
        "[   12.345678] audit: type=1400 ",
        "kernel: audit: type=1400 ",
        "Oct 20 11:15:41 host kernel: [   12.345678] audit: type=1400 ",
        "Oct  2 11:15:41 host audit[12]: type=AVC msg=",
        "",
    ],
)
def test_kernel_lines(prefix: str) -> None:
    got = event(prefix + avc().removeprefix("type=AVC msg="))
    assert (got.key.serial, got.decisions[0].perms) == (45, ("read",))


def test_a_log_may_mix_formats() -> None:
    events, unread = read(
        avc(),
        "audit: type=1400 " + avc().removeprefix("type=AVC msg=").replace(":45)", ":46)"),
        line("CWD", "cwd=/"),
    )
    assert [event.key.serial for event in events] == [45, 46, 2202]
    assert unread == []
