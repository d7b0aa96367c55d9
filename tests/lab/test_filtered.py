# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.lab.filtered import FilteredCall, filtered_calls

# Synthetic, in the form of audit_seccomp (kernel/auditsc.c).
LINE = (
    b"type=SECCOMP msg=audit(1700000000.123:%d): auid=4294967295 uid=0 gid=0 ses=4294967295 "
    b'subj=system_u:system_r:%s:s0 pid=393 comm="greeterd" exe=%s sig=31 arch=%s syscall=%s compat=0 '
    b"ip=0x7f3c5b0d7c37 code=0x80000000"
)
PROGRAM = b'"/usr/sbin/greeterd"'


def line(
    serial: int,
    domain: bytes = b"greeter_t",
    exe: bytes = PROGRAM,
    arch: bytes = b"c000003e",
    call: bytes = b"41",
) -> bytes:
    return LINE % (serial, domain, exe, arch, call)


def test_each_call_that_a_filter_refuses_is_named_and_counted() -> None:
    log = [
        line(1),
        line(2),
        line(3, call=b"435"),
        line(4, exe=b"2F6F70742F61206221"),
        line(5, arch=b"40000003", call=b"5"),
        line(6, domain=b"other_t"),
        b"type=USER_SECCOMP msg=audit(1.1:7): nothing",
        b'type=AVC msg=audit(1700000000.123:8): avc:  denied  { read } for  pid=1 comm="type=SECCOMP"',
    ]
    assert filtered_calls(log, {"greeter_t"}) == (
        FilteredCall("greeter_t", "/opt/a b!", "socket", 1),
        FilteredCall("greeter_t", "/usr/sbin/greeterd", "5", 1),
        FilteredCall("greeter_t", "/usr/sbin/greeterd", "clone3", 1),
        FilteredCall("greeter_t", "/usr/sbin/greeterd", "socket", 2),
    )


def test_a_record_without_a_context_is_of_nobody() -> None:
    assert filtered_calls([line(1).replace(b"subj=system_u:system_r:greeter_t:s0", b"subj=?")], {"greeter_t"}) == ()
