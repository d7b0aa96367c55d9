# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands before records in real logs, with lines written by hand."""

from __future__ import annotations

import pytest

from policytool.model.event import UnreadKind
from policytool.traces.events.record import UNSTAMPED
from tests.traces.reading import CONTEXTS, event, read

BODY = (
    f'avc:  denied  {{ read }} for  pid=7 comm="blued" name="x" dev="vda" ino=1 {CONTEXTS} tclass=file permissive=1'
)
STAMP = "audit(1700000000.123:45): "
CALL = f"type=SYSCALL msg={STAMP}arch=c000003e syscall=257 success=no exit=-13 exe=/x"

PREFIXES = [
    ("", None, ""),
    ("    ", None, ""),
    ("> ", None, ""),
    (">> | ", None, ""),
    ("# ", None, ""),
    ("  * ", None, ""),
    ("4. ", None, ""),
    ("   12\t", None, ""),
    ("[   12.345678] ", 12345, ""),
    ("[   12.345678][    T1] ", 12345, ""),
    ("<5>[   12.345678] ", 12345, ""),
    ("kern  :notice: [   12.345678] ", 12345, ""),
    ("[Fri Oct 20 11:15:41 2023] ", 1697800541000, ""),
    ("2023-10-20 11:15:41 ", 1697800541000, ""),
    ("2023-10-20T11:15:41,492123+02:00 ", 1697793341492, ""),
    ("Oct 20 11:15:41 host kernel: ", 25269341000, "host"),
    ("Oct  2 11:15:41 host kernel: [   12.345678] ", 23714141000, "host"),
    ("<5>Oct 20 11:15:41 host kernel: ", 25269341000, "host"),
    ("2023-10-20T11:15:41.492123+02:00 host.example kernel: ", 1697793341492, "host.example"),
    ("<13>1 2023-10-20T11:15:41.492Z host kernel - - - ", 1697800541492, "host"),
    ('<13>1 2023-10-20T11:15:41.492Z host kernel 12 ID [a@1 b="c"] ', 1697800541492, "host"),
    ("1697800541.492123 host kernel: ", 1697800541492, "host"),
    ("Fri 2023-10-20 11:15:41 UTC host kernel: ", 1697800541000, "host"),
    ("host kernel: ", None, "host"),
    ("10-20 11:15:41.492   123   123 W traced  : ", None, ""),
    ("W/traced ( 123): ", None, ""),
    ("/var/log/messages:12:Oct 20 11:15:41 host kernel: ", 25269341000, "host"),
    ("report-7.txt:", None, ""),
    ("&gt; ", None, ""),
]


@pytest.mark.parametrize(("prefix", "moment", "host"), PREFIXES)
@pytest.mark.parametrize("head", ["audit: type=1400 ", "type=1400 ", "type=AVC msg=", "audit: type=AVC msg="])
def test_a_record_with_its_stamp(prefix: str, moment: int | None, host: str, head: str) -> None:
    got = event(prefix + head + STAMP + BODY)
    assert (got.key.node, got.key.timestamp, got.key.serial) == (host, 1700000000123, 45)
    assert [(decision.perms, decision.comm) for decision in got.decisions] == [(("read",), "blued")]


@pytest.mark.parametrize(("prefix", "moment", "host"), PREFIXES)
@pytest.mark.parametrize("head", ["audit: ", "audit[1112]: AVC ", ""])
def test_a_record_without_a_stamp(prefix: str, moment: int | None, host: str, head: str) -> None:
    got = event(prefix + head + BODY)
    assert (got.key.node, got.key.timestamp, got.key.serial) == (host, moment or 0, UNSTAMPED + 1)
    assert [(decision.perms, decision.comm) for decision in got.decisions] == [(("read",), "blued")]


@pytest.mark.parametrize(
    "tag", ["audispd: node=there ", "audisp-syslog[1649]: node=there ", "tag_audit_log: node=there "]
)
def test_the_node_of_a_record_counts_more_than_the_host_of_its_line(tag: str) -> None:
    assert event(f"Oct 20 11:15:41 host {tag}type=AVC msg={STAMP}{BODY}").key.node == "there"


def test_records_of_one_event_are_joined_across_prefixes() -> None:
    got = event(f"Oct 20 11:15:41 h audispd: type=AVC msg={STAMP}{BODY}", f"Oct 20 11:15:42 h audispd: {CALL}")
    assert got.syscall is not None
    assert (got.records, got.syscall.exe) == (2, "/x")


@pytest.mark.parametrize(
    "line",
    [
        f'log = "type=AVC msg={STAMP}{BODY}\\n"'.replace('comm="blued"', 'comm=\\"blued\\"').replace(
            '"x" ', '\\"x\\" '
        ),
        f"auditLine := `audit: type=1400 {STAMP}{BODY}`,",
        f"- raw: 'type=AVC msg={STAMP}{BODY}'",
        f"**type=AVC** *msg={STAMP}{BODY}*",
        f"type AVC msg={STAMP}{BODY}",
        f"type=AVC msg-{STAMP}{BODY}",
        f"&gt; type=AVC msg={STAMP}{BODY}".replace('"', "&quot;"),
    ],
)
def test_literals_markup_and_slips_of_hands(line: str) -> None:
    assert [(decision.perms, decision.comm, decision.tclass) for decision in event(line).decisions] == [
        (("read",), "blued", "file")
    ]


@pytest.mark.parametrize(
    "prefix",
    [
        "user said: ",
        "Oct 20 11:15:41 host sshd[12]: Invalid user ",
        "Oct 20 11:15:41 host sshd[12]: error: ",
        "Oct 20 11:15:41 host sshd[12]: x:",
        "Oct 20 11:15:41 host sshd[12]: > ",
        # A driver prints a name that a device chose.
        "[   12.345678] input: ",
        "[   12.345678] usb 1-1: Product: ",
        "Oct 20 11:15:41 host kernel: [   12.345678] input: ",
        "10-20 11:15:41.492   123   123 W main: user: ",
        "10-20 11:15:41.492   123   123 W main: user ",
        "Invalid user kernel: ",
        "the kernel says ",
    ],
)
@pytest.mark.parametrize("head", [f"type=1400 {STAMP}", f"type=AVC msg={STAMP}", ""])
def test_a_record_within_other_text_is_not_believed(prefix: str, head: str) -> None:
    events, unread = read(prefix + head + BODY)
    assert events == []
    assert [place.kind for place in unread] == [UnreadKind.WITHIN_TEXT]
