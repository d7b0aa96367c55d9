# SPDX-License-Identifier: GPL-2.0-or-later
"""Records without a stamp: the journal's text and object managers that log themselves; lines written by hand."""

from __future__ import annotations

import pytest

from policytool.model.event import UnreadKind
from policytool.traces.events.record import UNSTAMPED
from tests.traces.reading import CONTEXTS, avc, decision, event, read

BODY = f'avc:  denied  {{ read }} for  pid=7 comm="blued" {CONTEXTS} tclass=file permissive=1'
JOURNAL = "Oct 20 11:15:41 host audit[1112]: "


def test_each_is_an_event_of_its_own() -> None:
    events, unread = read(BODY, BODY.replace("read", "write"), f"{JOURNAL}AVC {BODY}")
    assert unread == []
    assert [(event.key.serial - UNSTAMPED, event.decisions[0].perms) for event in events] == [
        (1, ("read",)),
        (2, ("write",)),
        (3, ("read",)),
    ]


def test_the_journal_has_every_kind_of_record() -> None:
    events, unread = read(
        f"{JOURNAL}SYSCALL arch=c000003e syscall=257 success=no exit=-13 a0=1 a1=2 a2=3 a3=4 exe=/usr/sbin/blued",
        f"{JOURNAL}PROCTITLE proctitle=626C7565",
        f"{JOURNAL}SERVICE_START pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=x res=success'",
        f"{JOURNAL}SELINUX_ERR op=security_compute_sid invalid_context=a:b:c",
        f"{JOURNAL}USER_AVC pid=1 uid=0 msg='{BODY} exe=\"/usr/lib/systemd/systemd\" sauid=0 terminal=?'",
        "Oct 20 11:15:41 host audit: BPF prog-id=12 op=LOAD",
    )
    assert unread == []
    assert [event.records for event in events] == [1] * 6
    events.sort(key=lambda event: event.key.serial)
    assert events[0].syscall is not None
    assert events[0].syscall.name == "openat"
    assert [error.op for error in events[3].errors] == ["security_compute_sid"]
    assert events[4].decisions[0].exe == "/usr/lib/systemd/systemd"


@pytest.mark.parametrize("tag", ["systemd[1]: selinux: ", "systemd[1]: SELinux: ", "dbus-daemon[601]: "])
def test_object_managers_without_an_audit_system(tag: str) -> None:
    got = decision(
        f"Oct 20 11:15:41 host {tag}avc:  denied  {{ status }} for auid=n/a uid=0 gid=0 "
        f'path="/usr/lib/systemd/system/x.service" cmdline="systemctl status x" {CONTEXTS} tclass=system'
        " permissive=0"
    )
    assert (got.perms, got.tclass, got.permissive) == (("status",), "system", False)
    assert got.path == "/usr/lib/systemd/system/x.service"


def test_a_whole_record_behind_one_without_a_stamp_is_one_of_its_own() -> None:
    events, unread = read(f"{JOURNAL}CWD cwd=/w {avc()}")
    assert unread == []
    assert sorted(len(event.decisions) for event in events) == [0, 1]


def test_what_a_program_wrote_is_no_record_of_its_own() -> None:
    events, unread = read(f"{JOURNAL}USER_AVC pid=1 msg='{BODY} exe=/x {avc()}'")
    assert events == []
    assert [one.kind for one in unread] == [UnreadKind.MALFORMED]


def test_the_end_of_a_user_space_record_whose_beginning_is_lost() -> None:
    got = decision(
        f"subj=a:b:c msg='avc:  denied  {{ send_msg }} for spid=3 {CONTEXTS} tclass=dbus exe=\"/x\" sauid=1'"
    )
    assert (got.pid, got.exe) == (3, "/x")


def test_interpreted_values() -> None:
    line = f"type=AVC avc:  denied  {{ read }} for  comm=CPU 0/KVM path=/memfd:a b (deleted) {CONTEXTS} tclass=file"
    assert (decision(line).comm, decision(line).path) == ("CPU 0/KVM", "/memfd:a b")


def test_old_setroubleshoot_sorts_the_fields() -> None:
    got = decision(
        'Raw Audit Messages            :avc: denied { search } for comm="httpd" dev=hda5 egid=48 exe="/usr/sbin/h"'
        ' name="tmp" pid=3 scontext=system_u:system_r:httpd_t:s0 sgid=48 subj=system_u:system_r:httpd_t:s0 suid=48'
        " tclass=dir tcontext=system_u:object_r:tmp_t:s0 tty=(none) uid=48"
    )
    assert (got.source.type_, got.target.type_, got.tclass, got.comm) == ("httpd_t", "tmp_t", "dir", "httpd")


def test_a_report_of_setroubleshoot() -> None:
    events, unread = read(
        "SELinux is preventing /usr/sbin/blued from read access on the file x.",
        "",
        "Raw Audit Messages",
        f"type=AVC msg=audit(1349368459.3:1204): {BODY}",
        "",
        "",
        "type=SYSCALL msg=audit(1349368459.3:1204): arch=x86_64 syscall=open success=no exit=EACCES a0=7f a1=0 a2=1"
        " a3=0 items=0 ppid=1 pid=7 comm=blued exe=/usr/sbin/blued subj=a:b:c key=(null)",
        "",
        "Hash: blued,blue_t,red_t,file,read",
    )
    (event,) = events
    # It writes no zeros before the milliseconds.
    assert event.key.timestamp == 1349368459003
    assert event.syscall is not None
    assert (event.syscall.name, event.syscall.exe, event.decisions[0].perms) == (
        "open",
        "/usr/sbin/blued",
        ("read",),
    )
    assert [place.kind for place in unread] == [UnreadKind.NOT_A_RECORD] * 3


def test_a_stamp_that_cannot_be_read_is_reported_and_the_decision_is_used() -> None:
    events, unread = read(
        f"type=AVC msg=audit(...): {BODY}", f"type=AVC msg=audit(gestern 11:15:41.492:7) : {BODY}"
    )
    assert [(event.key.timestamp, event.decisions[0].perms) for event in events] == [(0, ("read",)), (0, ("read",))]
    assert [place.kind for place in unread] == [UnreadKind.BAD_STAMP] * 2


def test_hypervisor_messages() -> None:
    line = (
        "(XEN) avc:  denied  { pause } for domid=0 target=1 scontext=s:r:dom0_t tcontext=s:r:domU_t tclass=domain"
    )
    assert event(line).decisions[0].tclass == "domain"
