# SPDX-License-Identifier: GPL-2.0-or-later
"""Every trap of the avc: message, with a line written by hand."""

from __future__ import annotations

import pytest

from policytool.model.access import Result
from policytool.model.context import SecurityContext
from policytool.model.event import UnreadKind
from tests.traces.reading import CONTEXTS, avc, decision, event, read, record, unread_kinds


def test_all_fields_of_a_plain_denial() -> None:
    got = decision(avc('pid=7 comm="blued" name="a" dev="vda" ino=12', "tclass=dir permissive=0", "{ read open }"))
    assert (got.result, got.perms, got.tclass, got.permissive) == (Result.DENIED, ("read", "open"), "dir", False)
    assert (got.pid, got.comm, got.name, got.dev, got.inode) == (7, "blued", "a", "vda", 12)
    assert got.source == SecurityContext("system_u", "system_r", "blue_t", "s0")
    assert got.target == SecurityContext("system_u", "object_r", "red_t", "s0")
    assert str(got.location) == "synthetic.log:1"


def test_granted_is_not_denied_and_has_no_permissive() -> None:
    got = decision(avc(tail="tclass=file").replace("denied", "granted"))
    assert (got.result, got.permissive) == (Result.GRANTED, None)


@pytest.mark.parametrize("perms", ["{read}", "{ read}", "{  read  }"])
def test_permissions_with_and_without_spaces(perms: str) -> None:
    assert decision(avc(perms=perms)).perms == ("read",)


def test_null_is_a_decision_about_no_permission() -> None:
    assert decision(avc(perms=" null")).perms == ()


def test_a_permission_without_a_name_is_reported_and_never_becomes_one() -> None:
    events, unread = read(avc(perms="{ read 0x800000 }"))
    assert events[0].decisions[0].perms == ("read",)
    assert [place.kind for place in unread] == [UnreadKind.MALFORMED]
    events, _ = read(avc(perms="{ 0x800000 }"))
    assert events[0].decisions == ()


def test_stray_colon_after_the_class() -> None:
    assert decision(avc(tail="tclass=dbus: permissive=1")).tclass == "dbus"


def test_the_class_before_the_target_as_old_kernels_wrote_it() -> None:
    source, target = CONTEXTS.split()
    line = record("AVC", f"avc:  denied  {{ read }} for  comm=a {source} tclass=file {target}")
    assert (decision(line).tclass, decision(line).target.type_) == ("file", "red_t")


def test_contexts_without_a_level() -> None:
    assert decision(avc().replace(":s0", "")).source.range_ == ""


def test_ranges() -> None:
    assert decision(avc().replace("blue_t:s0", "blue_t:s0-s0:c0.c1023")).source.range_ == "s0-s0:c0.c1023"


@pytest.mark.parametrize("srawcon", ['"a_u:b_r:c_t:s0"', "612062", "a_u:b_r:c_t"])
def test_raw_contexts_come_after_permissive(srawcon: str) -> None:
    got = decision(avc(tail=f"tclass=file permissive=1 srawcon={srawcon} trawcon={srawcon}"))
    assert (got.permissive, got.tclass, got.source.type_) == (True, "file", "blue_t")


@pytest.mark.parametrize(
    ("command", "value"), [("ioctlcmd=0x5401", 0x5401), ("ioctlcmd=890b", 0x890B), ("nl-msgtype=22", 22)]
)
def test_extended_permissions(command: str, value: int) -> None:
    assert decision(avc(f'pid=7 comm="x" path="/dev/a" {command}')).xperm == value


def test_hexadecimal_text_and_the_mark_of_an_unlinked_file() -> None:
    got = decision(avc("pid=7 comm=6120622F63 path=2F6D656D66643A78202864656C6574656429 dev=tmpfs ino=1"))
    assert (got.comm, got.path) == ("a b/c", "/memfd:x")


def test_name_with_an_equal_sign_and_comm_with_a_space() -> None:
    got = decision(avc('pid=7 comm="CPU 0/KVM" name="a=b" dev="0:53" ino=1'))
    assert (got.comm, got.name, got.dev) == ("CPU 0/KVM", "a=b", "0:53")


@pytest.mark.parametrize("path", ["socket:[25167]", "pipe:[1]", "anon_inode:[io_uring]"])
def test_what_is_no_path_is_not_one(path: str) -> None:
    assert decision(avc(f'pid=7 comm="x" path="{path}" dev="sockfs" ino=1')).path == ""


def test_contexts_in_a_file_name_do_not_replace_the_true_ones() -> None:
    fake = "scontext=u:r:evil_t:s0 tcontext=u:r:evil_t:s0 tclass=file"
    assert decision(avc(f'pid=7 comm="x" name="{fake}"')).source.type_ == "blue_t"


def test_user_space_decision_with_enrichment_after_the_quote() -> None:
    inner = f"avc:  denied  {{ send_msg }} for msgtype=method_call member=Hello spid=370 {CONTEXTS} tclass=dbus"
    got = decision(
        record(
            "USER_AVC",
            f'pid=295 uid=100 subj=a:b:c msg=\'{inner} permissive=1  exe="/usr/bin/dbus-daemon" sauid=100 '
            'hostname=? addr=? terminal=?\'\x1dUID="messagebus" AUID="unset"',
        )
    )
    assert (got.perms, got.tclass, got.permissive) == (("send_msg",), "dbus", True)
    assert (got.pid, got.exe) == (370, "/usr/bin/dbus-daemon")


@pytest.mark.parametrize("separator", ["\x1d", ""])
def test_enrichment_glued_behind_the_quote(separator: str) -> None:
    inner = f"avc:  denied  {{ send_msg }} for spid=370 {CONTEXTS} tclass=dbus permissive=0"
    got = decision(
        record("USER_AVC", f'pid=295 msg=\'{inner} exe="/x" sauid=100 terminal=?\'{separator}UID="a" AUID="b"')
    )
    assert (got.tclass, got.permissive, got.exe) == ("dbus", False, "/x")


def test_enrichment_glued_behind_a_result() -> None:
    events, unread = read(record("MAC_STATUS", 'enforcing=0 auid=0 ses=1 res=1AUID="root"', "1.001:1"), avc())
    assert unread == []
    assert [len(event.decisions) for event in events] == [0, 1]


def test_an_anonymous_inode_with_its_class() -> None:
    got = decision(avc('pid=7 comm="x" anonclass=[io_uring]', "tclass=anon_inode permissive=1", "{ create }"))
    assert (got.tclass, got.perms, got.path) == ("anon_inode", ("create",), "")


def test_user_space_notice_is_no_decision() -> None:
    line = record("USER_AVC", "pid=1 uid=0 msg='avc:  received policyload notice (seqno=2)  exe=\"/x\"'")
    assert event(line).decisions == ()


def test_apparmor_writes_the_same_type_and_is_skipped_knowingly() -> None:
    line = record("AVC", 'apparmor="DENIED" operation="ptrace" profile="docker-default" pid=5 comm="x"')
    assert event(line).decisions == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (avc()[:-40], UnreadKind.TRUNCATED),
        (avc().replace("tclass", "tcla ss"), UnreadKind.TRUNCATED),
        (avc()[: avc().index("scontext")], UnreadKind.TRUNCATED),
        ("type=AVC msg=audit(17000", UnreadKind.TRUNCATED),
        ("type=AVC msg=audit(...): avc:  denied", UnreadKind.BAD_STAMP),
        ("type=AVC msg=audit(1337845201): no milliseconds", UnreadKind.BAD_STAMP),
        (avc().replace("system_u:system_r:blue_t:s0", "ssid=12"), UnreadKind.BAD_CONTEXT),
        (avc().replace("blue_t", "bl;ue"), UnreadKind.BAD_CONTEXT),
        (avc(tail="tclass=fi/le"), UnreadKind.MALFORMED),
        ("some text", UnreadKind.NOT_A_RECORD),
        (f"user said: type=1400 audit(1.2:3): avc:  denied  {{ a }} for {CONTEXTS}", UnreadKind.WITHIN_TEXT),
    ],
)
def test_what_cannot_be_believed_is_counted_and_not_used(line: str, kind: UnreadKind) -> None:
    events, unread = read(line)
    assert [decision for event in events for decision in event.decisions] == []
    assert [place.kind for place in unread] == [kind]


def test_two_records_on_one_line_are_not_merged() -> None:
    second = avc(tail="tclass=dir permissive=0", perms="{ write }").replace(":45)", ":46)")
    events, unread = read(f"{avc()} {second}")
    assert unread == []
    assert [(event.key.serial, event.decisions[0].perms, event.decisions[0].tclass) for event in events] == [
        (45, ("read",), "file"),
        (46, ("write",), "dir"),
    ]


def test_glued_without_a_space_and_cut_short() -> None:
    first = avc()
    assert unread_kinds(first[: first.index("tcontext")] + avc()) == [UnreadKind.TRUNCATED]


def test_a_record_forged_in_a_command_line_is_not_believed() -> None:
    forged = avc().replace("blue_t", "evil_t")
    line = record(
        "USER_AVC", f"pid=1 msg='avc:  denied  {{ status }} for cmdline=\"x {forged}\" {CONTEXTS} tclass=service'"
    )
    events, unread = read(line)
    assert events == []
    assert [place.kind for place in unread] == [UnreadKind.MALFORMED]


@pytest.mark.parametrize(
    ("field", "tclass", "number"),
    [
        ("ioctlcmd=0x5401", "chr_file", 0x5401),
        ("ioctlcmd=TCGETS", "chr_file", 0x5401),
        ("nl-msgtype=22", "netlink_route_socket", 22),
        ("nl-msgtype=RTM_GETADDR", "netlink_route_socket", 22),
        ("ioctlcmd=NO_SUCH_COMMAND", "chr_file", None),
    ],
)
def test_commands_by_number_and_by_name(field: str, tclass: str, number: int | None) -> None:
    assert decision(avc(f"pid=7 comm=blued {field}", f"tclass={tclass} permissive=1", "{ ioctl }")).xperm == number


@pytest.mark.parametrize(
    ("what", "perms", "path"),
    [
        ('pid=7 comm="blued" src=8888', "{ name_bind }", "port 8888"),
        ('pid=7 comm="blued" dest=3000', "{ name_connect }", "port 3000"),
        # node_bind is about the address; a port of another direction is not the object's.
        ('pid=7 comm="blued" src=8888', "{ node_bind }", ""),
        ('pid=7 comm="blued" src=8888', "{ name_connect }", ""),
        ('pid=7 comm="blued" src=8888;x', "{ name_bind }", ""),
    ],
)
def test_a_port_stands_where_a_path_would(what: str, perms: str, path: str) -> None:
    assert decision(avc(what, "tclass=tcp_socket permissive=1", perms)).path == path
