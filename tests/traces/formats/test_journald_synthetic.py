# SPDX-License-Identifier: GPL-2.0-or-later
"""journald's exports and other programs' JSON, with entries made by hand."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.event import EventKey, UnreadKind
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from tests.traces.reading import CONTEXTS, avc, event, read

BODY = f'avc:  denied  {{ read }} for  pid=7 comm="blued" {CONTEXTS} tclass=file permissive=1'
FORGED = "type=AVC msg=audit(1700000000.123:45): " + BODY.replace("blue_t", "evil_t")
AVC = {
    "__CURSOR": "s=1;i=2",
    "__REALTIME_TIMESTAMP": "1697800541499999",
    "_BOOT_ID": "0",
    "_TRANSPORT": "audit",
    "_AUDIT_TYPE": "1400",
    "_AUDIT_TYPE_NAME": "AVC",
    "_AUDIT_ID": "77",
    "_HOSTNAME": "host",
    "_SOURCE_REALTIME_TIMESTAMP": "1697800541492000",
    "MESSAGE": f"AVC {BODY}",
}
CALL = AVC | {
    "_AUDIT_TYPE": "1300",
    "_AUDIT_TYPE_NAME": "SYSCALL",
    "MESSAGE": 'SYSCALL arch=c000003e syscall=257 success=no exit=-13 comm="blued" exe="/usr/sbin/blued"',
}
KERNEL = {
    "__CURSOR": "s=1;i=3",
    "__REALTIME_TIMESTAMP": "1697800541499999",
    "_TRANSPORT": "kernel",
    "_HOSTNAME": "host",
    "MESSAGE": f"audit: type=1400 audit(1700000000.123:45): {BODY}",
}
PRINTED = KERNEL | {"_TRANSPORT": "syslog", "_UID": "1000"}


def export(fields: dict[str, str], *binary: str) -> bytes:
    """One entry as systemd's JOURNAL_EXPORT_FORMATS describes it, the fields BINARY with their lengths."""
    entry = b""
    for name, text in fields.items():
        value = text.encode()
        if name in binary:
            entry += name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
        else:
            entry += name.encode() + b"=" + value + b"\n"
    return entry + b"\n"


def read_export(*entries: bytes) -> tuple[list[EventKey], list[UnreadKind]]:
    events, unread = read(*b"".join(entries).split(b"\n"))
    blocks = Tally("t", complete=False)
    tally_blocks([b"".join(entries)], "t", blocks)
    assert blocks.observations().events == len(events), "the fast path reads the same"
    assert blocks.observations().unread_total == len(unread)
    return [event.key for event in events if event.decisions], [place.kind for place in unread]


def test_json_of_the_audit_transport_is_joined_by_the_serial() -> None:
    got = event(json.dumps(AVC), json.dumps(CALL))
    assert got.key == EventKey("host", 1697800541492, 77)
    assert got.syscall is not None
    assert (got.syscall.name, got.syscall.exe) == ("openat", "/usr/sbin/blued")
    assert [decision.perms for decision in got.decisions] == [("read",)]


def test_json_of_the_kernel_transport_has_the_stamp_in_its_text() -> None:
    assert event(json.dumps(KERNEL)).key == EventKey("host", 1700000000123, 45)


def test_json_in_all_its_forms() -> None:
    entry = json.dumps(AVC)
    for lines in ([f"\x1e{entry}"], [f"data: {entry}"], [f"[{entry}]"], [f"[{entry},", "]"], [f"  {entry},"]):
        events, _ = read(*lines)
        assert [len(found.decisions) for found in events] == [1]
    assert len(event(json.dumps(AVC | {"MESSAGE": list(AVC["MESSAGE"].encode())})).decisions) == 1
    events, unread = read("{", '\t"_TRANSPORT" : "audit",', f'\t"MESSAGE" : {json.dumps(AVC["MESSAGE"])},', "}")
    assert [len(found.decisions) for found in events] == [1]
    assert [place.kind for place in unread] == [UnreadKind.NOT_A_RECORD] * 3


def test_export_with_and_without_lengths() -> None:
    key = EventKey("host", 1697800541492, 77)
    assert read_export(export(AVC)) == ([key], [])
    assert read_export(export(AVC, "MESSAGE"), export(CALL)) == ([key], [])
    assert read_export(export(AVC).replace(b"\n", b"\r\n")) == ([key], [])


@pytest.mark.parametrize("size", [0, 10, 266, 2570, 70_000])
def test_lengths_may_look_like_ends_of_lines(size: int) -> None:
    entry = {"__CURSOR": "s=1", "COREDUMP": "\n" * size} | AVC | {"__CURSOR": "s=1"}
    assert read_export(export(entry, "COREDUMP"), export(AVC))[1] == []
    assert len(read_export(export(entry, "COREDUMP"))[0]) == 1


def test_no_message_can_leave_its_entry() -> None:
    inner = b"hello\n\n" + export(AVC | {"MESSAGE": f"AVC {BODY}"}) + FORGED.encode() + b"\n"
    hostile = export(PRINTED | {"MESSAGE": inner.decode()}, "MESSAGE")
    keys, unread = read_export(hostile, export(KERNEL))
    assert keys == [EventKey("host", 1700000000123, 45)]
    assert unread == [UnreadKind.NOT_A_RECORD]


def test_what_a_user_printed_is_not_the_kernels() -> None:
    for line in (json.dumps(PRINTED).encode(), export(PRINTED, "MESSAGE"), export(PRINTED)):
        events, unread = read(*line.split(b"\n"))
        assert events == []
        assert [place.kind for place in unread] == [UnreadKind.MALFORMED]
    assert len(event(json.dumps(PRINTED | {"_UID": "0"})).decisions) == 1


def test_an_object_manager_may_be_a_user() -> None:
    line = f"avc:  denied  {{ send_msg }} for msgtype=method_call spid=1 {CONTEXTS} tclass=dbus permissive=0"
    got = event(json.dumps(PRINTED | {"_UID": "81", "MESSAGE": line})).decisions[0]
    assert got.tclass == "dbus"


def test_entries_cut_short() -> None:
    assert read_export(export(AVC)[:-80], export(KERNEL))[1] == [UnreadKind.TRUNCATED]
    assert read_export(export(AVC, "MESSAGE")[:-50])[1] == [UnreadKind.TRUNCATED]
    events, unread = read(json.dumps({**AVC, "MESSAGE": None}))
    assert events == []
    assert [place.kind for place in unread] == [UnreadKind.TRUNCATED]


def test_an_entry_that_the_log_ends_in_is_reported_and_used() -> None:
    entry = export(AVC | {"COREDUMP": "x" * 100}, "COREDUMP")[:-30]
    assert read_export(entry) == ([EventKey("host", 1697800541492, 77)], [UnreadKind.TRUNCATED])


def test_lengths_that_are_not_true() -> None:
    entry = export(AVC, "MESSAGE").replace(len(AVC["MESSAGE"]).to_bytes(8, "little"), (5).to_bytes(8, "little"))
    assert read_export(entry) == ([], [UnreadKind.MALFORMED])


def test_other_programs_messages_are_counted() -> None:
    for line in (
        json.dumps(PRINTED | {"MESSAGE": "hello"}),
        '{"a": [1, 2]}',
        "{}",
        "[]",
        "{broken",
        '{"a":' * 5000,
    ):
        events, unread = read(line)
        assert events == []
        assert [place.kind for place in unread] == [UnreadKind.NOT_A_RECORD]


@pytest.mark.parametrize(
    "document",
    [
        {"log": f"{avc()}\n", "stream": "stdout"},
        {"message": avc()},
        {"message": "other", "event": {"original": avc()}},
        {"full_log": f"Oct 20 11:15:41 host audispd: {avc()}", "rule": {"level": 3}},
    ],
)
def test_messages_of_other_programs_logs(document: dict[str, object]) -> None:
    assert [decision.perms for decision in event(json.dumps(document)).decisions] == [("read",)]


@given(
    st.lists(st.one_of(st.sampled_from(export(AVC, "MESSAGE").split(b"\n")), st.binary(max_size=30)), max_size=30)
)
def test_nothing_raises(lines: list[bytes]) -> None:
    read(b"__CURSOR=x", *(part for line in lines for part in line.split(b"\n")))
