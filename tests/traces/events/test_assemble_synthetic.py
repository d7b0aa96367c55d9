# SPDX-License-Identifier: GPL-2.0-or-later
"""Events joined from all their records, with lines written by hand."""

from __future__ import annotations

import pytest

from policytool.model.context import SecurityContext
from policytool.model.event import EventKey, UnreadKind
from policytool.traces.events.joiner import MAX_OPEN, MAX_RECORDS
from tests.traces.reading import avc, decision, event, read, record, unread_kinds

SYSCALL = (
    "arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7f a2=0 a3=0 items=1 ppid=1 pid=7 auid=0 uid=0 "
    'tty=(none) ses=1 comm="blued" exe="/usr/sbin/blued" subj=system_u:system_r:blue_t:s0 key="k"'
)


def test_one_event_of_all_its_records() -> None:
    got = event(
        avc('pid=7 comm="blued" name="c" dev="vda" ino=12'),
        record("SYSCALL", SYSCALL),
        record("CWD", ' cwd="/var/lib"'),
        record("PATH", 'item=0 name="b/" inode=11 dev=fe:00 mode=040755 obj=a_u:b_r:dir_t:s0 nametype=PARENT'),
        record("PATH", 'item=1 name="b/./c" inode=12 dev=fe:00 mode=0100644 obj=a_u:b_r:c_t:s0 nametype=NORMAL'),
        record("EXECVE", 'argc=3 a0="blued" a1=612062 a2="-v"'),
        record("PROCTITLE", "proctitle=626C756564002D7600"),
        record("SOCKADDR", "saddr=01002F72756E2F6200000000"),
    )
    assert got.key == EventKey("", 1700000000123, 45)
    assert got.records == 8
    assert got.syscall is not None
    assert (got.syscall.name, got.syscall.arch, got.syscall.success, got.syscall.exit) == (
        "openat",
        "x86_64",
        False,
        -13,
    )
    assert (got.syscall.pid, got.syscall.ppid, got.syscall.args) == (7, 1, (0xFFFFFF9C, 0x7F, 0, 0))
    assert (got.syscall.comm, got.syscall.exe, got.syscall.key) == ("blued", "/usr/sbin/blued", "k")
    assert got.syscall.subject == SecurityContext("system_u", "system_r", "blue_t", "s0")
    assert [(path.item, path.name, path.nametype) for path in got.paths] == [
        (0, "/var/lib/b", "PARENT"),
        (1, "/var/lib/b/c", "NORMAL"),
    ]
    assert (got.paths[1].inode, got.paths[1].dev, got.paths[1].mode) == (12, "fe:00", 0o100644)
    assert got.decisions[0].path == "/var/lib/b/c"


@pytest.mark.parametrize("separator", ["\x1d", ""])
def test_enrichment_with_and_without_its_separator(separator: str) -> None:
    body = SYSCALL.replace(' key="k"', "") + separator + 'ARCH=x86_64 SYSCALL=openat2 AUID="root"'
    got = event(record("SYSCALL", body)).syscall
    assert got is not None
    assert (got.name, got.subject) == ("openat2", SecurityContext("system_u", "system_r", "blue_t", "s0"))
    path = event(record("PATH", f'item=0 name="a" obj=a_u:b_r:c_t:s0 inode=1{separator}OUID="root"')).paths[0]
    assert path.inode == 1


def test_numbers_of_other_architectures() -> None:
    body = SYSCALL.replace("c000003e syscall=257", "c00000b7 syscall=56")
    arm = event(record("SYSCALL", body)).syscall
    odd = event(record("SYSCALL", SYSCALL.replace("c000003e", "c0001234"))).syscall
    assert arm is not None
    assert odd is not None
    assert (arm.arch, arm.name) == ("aarch64", "openat")
    assert (odd.arch, odd.name) == ("c0001234", "257")


def test_the_key_has_the_node_in_it() -> None:
    events, unread = read("node=one " + avc(), "node=two " + avc(), avc())
    assert unread == []
    assert [event.key.node for event in events] == ["one", "two", ""]


def test_interleaved_records_find_their_event_and_the_order_stays() -> None:
    other = "1700000000.124:46"
    events, _ = read(
        avc(), record("SYSCALL", SYSCALL, other), record("SYSCALL", SYSCALL), record("CWD", 'cwd="/"', other)
    )
    assert [(event.key.serial, event.records) for event in events] == [(45, 2), (46, 2)]


def test_an_event_ends_when_enough_others_began_or_it_has_too_many_records() -> None:
    events, _ = read(*[avc()] * (MAX_RECORDS + 2))
    assert [event.records for event in events] == [MAX_RECORDS, 2]
    others = [record("CRED_DISP", "x", f"1700000001.000:{serial}") for serial in range(100, 100 + MAX_OPEN)]
    events, _ = read(avc(), *others, avc())
    assert [event.records for event in events if event.key.serial == 45] == [1, 1]


def test_a_zero_time_is_a_time() -> None:
    assert event(avc().replace("1700000000.123:45", "0.0:319")).key == EventKey("", 0, 319)


PATHS = (
    record("CWD", 'cwd="/w"'),
    record("PATH", 'item=0 name="/w" inode=1 dev=00:35 nametype=PARENT'),
    record("PATH", 'item=1 name="new" inode=2 dev=00:35 nametype=CREATE'),
)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ('path="/a//b" dev="vda" ino=2', "/a/b"),
        ('name="w" dev="vda" ino=1', ""),
        ('name="new" dev="vda" ino=2', "/w/new"),
        ('name="new" dev="0:53" ino=2', "/w/new"),
        ('name="new" dev="0:54" ino=2', ""),
        ('name="other" dev="vda" ino=2', ""),
        ('name="new" dev="vda" ino=9', ""),
        ('dev="vda" ino=2', "/w/new"),
        ('name="new"', "/w/new"),
        ('name="/dev/x"', "/dev/x"),
        ('name="/" dev="tmpfs" ino=77', ""),
        ('name="y" dev="vda" ino=77', ""),
    ],
)
def test_the_path_of_a_decision(about: str, expected: str) -> None:
    assert decision(avc(f'pid=7 comm="x" {about}'), *PATHS).path == expected


@pytest.mark.parametrize(
    ("perms", "about", "path", "folder"),
    [
        ("search", 'name="w" dev="vda" ino=1', "/w", ""),
        ("search", 'name="w" dev="0:54" ino=1', "", ""),
        ("search", 'name="new" dev="vda" ino=1', "", ""),
        ("add_name", 'name="new"', "/w/new", "/w"),
        ("add_name search", 'name="new"', "/w/new", "/w"),
        ("search", 'name="new"', "/w", ""),
        ("search", 'name="gone" dev="vda" ino=3', "/w", ""),
        ("remove_name search", 'name="gone" dev="vda" ino=3', "/w/gone", "/w"),
        ("write add_name", 'name="w" dev="vda" ino=1', "/w/", "/w"),
        ("rmdir", 'name="gone" dev="vda" ino=3', "/w/gone", ""),
    ],
)
def test_a_folder_that_is_asked_for_an_entry(perms: str, about: str, path: str, folder: str) -> None:
    gone = record("PATH", 'item=2 name="gone" inode=3 dev=00:35 nametype=DELETE')
    got = decision(avc(f'pid=7 comm="x" {about}', "tclass=dir", f"{{ {perms} }}"), *PATHS, gone)
    assert (got.path, got.folder) == (path, folder)


@pytest.mark.parametrize(("first", "path"), [("ffffff9c", "/w/new"), ("7", "")])
def test_a_relative_path_is_that_of_the_folder_that_the_call_was_given(first: str, path: str) -> None:
    call = record("SYSCALL", SYSCALL.replace("a0=ffffff9c", f"a0={first}"))
    assert decision(avc('pid=7 comm="x" name="new" dev="vda" ino=2'), call, *PATHS).path == path


def test_the_separate_path_record_of_old_kernels() -> None:
    assert decision(avc(), record("AVC_PATH", ' path="/etc/blue"')).path == "/etc/blue"


def test_selinux_errors_with_their_fields() -> None:
    got = event(
        record("SELINUX_ERR", 'op=security_compute_sid invalid_context="a:b:c" scontext=a:b:c tclass=process'),
        record("SELINUX_ERR", "security_validate_transition:  denied for oldcontext=a:b:c"),
    )
    assert [error.op for error in got.errors] == ["security_compute_sid", "security_validate_transition"]
    assert got.errors[0].fields == (("invalid_context", "a:b:c"), ("scontext", "a:b:c"), ("tclass", "process"))


def test_records_cut_short_are_reported() -> None:
    assert unread_kinds(record("SYSCALL", "arch=c000")) == [UnreadKind.TRUNCATED]
    assert unread_kinds(record("PATH", "ite")) == [UnreadKind.TRUNCATED]


@pytest.mark.parametrize("op", ["load_policy", "setenforce"])
def test_a_notice_of_a_program_is_no_refusal(op: str) -> None:
    text = f"pid=980 uid=0 subj=u:r:red_t:s0 msg='avc:  op={op} lsm=selinux seqno=8 res=1 exe=\"/x\" sauid=0'"
    assert event(record("USER_SELINUX_ERR", text)).errors == ()
    assert [error.op for error in event(record("SELINUX_ERR", f"op={op}")).errors] == [op]
