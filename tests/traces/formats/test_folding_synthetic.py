# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that were folded or torn apart, with lines written by hand, and every way to wrap one of them."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.event import UnreadKind
from tests.traces.reading import CONTEXTS, avc, decision, event, read, record

RAW = avc('pid=1234 comm="blued" name="a-b.conf" dev="vda" ino=123', "tclass=unix_stream_socket permissive=1")
USER = record(
    "USER_AVC",
    "pid=295 uid=100 auid=4294967295 ses=4294967295 subj=system_u:system_r:system_dbusd_t:s0 msg='avc:  "
    f"denied  {{ send_msg }} for msgtype=method_call spid=370 tpid=1 {CONTEXTS} tclass=dbus permissive=0"
    ' exe="/usr/bin/dbus-daemon"'
    " sauid=100 hostname=? addr=? terminal=?'",
)
BARE = RAW[RAW.index("avc:") :]
INTERPRETED = f"type=AVC msg=audit(10/20/2023 11:15:41.492:2202) : {BARE}".replace('"blued"', "blued").replace(
    '"a-b.conf"', "a-b.conf"
)
RECORDS = [
    RAW,
    USER,
    BARE,
    INTERPRETED,
    f"audit[12]: AVC {BARE}",
    f"[  12.345678] audit: type=1400 audit(1.2:3): {BARE}",
]


@pytest.mark.parametrize("text", RECORDS)
@pytest.mark.parametrize("mark", ["", "    ", "> ", "\t"])
@pytest.mark.parametrize("width", range(45, 140, 5))
def test_folded_between_words(text: str, mark: str, width: int) -> None:
    whole = decision(text)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    got = decision(*(mark + line for line in lines))
    assert (got.perms, got.source, got.target, got.tclass) == (
        whole.perms,
        whole.source,
        whole.target,
        whole.tclass,
    )
    assert (got.permissive, got.comm, got.name) == (whole.permissive, whole.comm, whole.name)


@pytest.mark.parametrize("text", RECORDS)
@pytest.mark.parametrize("strip", [True, False])
def test_torn_within_words(text: str, strip: bool) -> None:
    whole = decision(text)
    lost = 0
    for width in range(40, 140):
        lines = [text[start : start + width] for start in range(0, len(text), width)]
        events, unread = read(*(line.strip() if strip else line for line in lines))
        found = [decision for event in events for decision in event.decisions]
        if not found:
            assert unread
            lost += 1
            continue
        (got,) = found
        assert (got.perms, got.source, got.target) == (whole.perms, whole.source, whole.target)
        assert (got.tclass, got.permissive) == (whole.tclass, whole.permissive)
    # Some tears cannot be mended, as those of a prefix.
    assert lost <= 3


@pytest.mark.parametrize(
    ("first", "second", "perms"),
    [
        ("{ re", "ad }", ("read",)),
        ("{ read", "write }", ("read", "write")),
        ("{ relabel", "from }", ("relabelfrom",)),
        ("{ execute", "_no_trans }", ("execute_no_trans",)),
        ("{", "read }", ("read",)),
        ("{ read", "}", ("read",)),
    ],
)
def test_torn_permissions_are_mended_by_their_names(first: str, second: str, perms: tuple[str, ...]) -> None:
    before, after = avc().split("{ read }")
    assert decision(before + first, second + after).perms == perms


def test_a_permission_that_might_be_one_or_two_is_not_guessed() -> None:
    before, after = avc().split("{ read }")
    events, unread = read(f"{before}{{ one", f"two }}{after}")
    assert [decision for event in events for decision in event.decisions] == []
    assert UnreadKind.TRUNCATED in {place.kind for place in unread}


@pytest.mark.parametrize(
    ("first", "second", "tclass"),
    [
        ("tclass=fi", "le permissive=1", "file"),
        ("tclass=file", "system permissive=1", "filesystem"),
        ("tclass=fi", "le", "file"),
        ("tcla", "ss=file", "file"),
        ("tclass=", "file", "file"),
        ("tclass", "=file", "file"),
        ("tclass=file per", "missive=1", "file"),
        ("tclass=myclass", "permissive=1", "myclass"),
    ],
)
def test_torn_classes(first: str, second: str, tclass: str) -> None:
    assert decision(avc(tail=first), second).tclass == tclass


@pytest.mark.parametrize(
    "prose", ["Signed-off-by: somebody", "le chat", "system", "This is how.", "x=1", "pid of it"]
)
def test_prose_after_a_record_is_not_part_of_it(prose: str) -> None:
    for tail in ("tclass=dir permissive=1", "tclass=dir"):
        events, unread = read(avc(tail=tail), prose)
        assert [event.decisions[0].tclass for event in events] == ["dir"]
        assert [place.kind for place in unread] == [UnreadKind.NOT_A_RECORD]


def test_a_record_continues_no_other_record() -> None:
    first = avc()[: avc().index("tcontext")]
    for second in (avc().replace(":45)", ":46)"), BARE, f"audit[12]: AVC {BARE}", INTERPRETED, USER):
        events, unread = read(first, second)
        assert [len(event.decisions) for event in events if event.decisions] == [1]
        assert [place.kind for place in unread] == [UnreadKind.TRUNCATED]


@pytest.mark.parametrize("between", ["", "----", "some text"])
def test_what_is_between_ends_a_record(between: str) -> None:
    cut = avc().index("tcontext")
    events, unread = read(avc()[:cut], between, avc()[cut:])
    assert [decision for event in events for decision in event.decisions] == []
    assert UnreadKind.TRUNCATED in {place.kind for place in unread}


def test_headers_alone_on_their_line() -> None:
    header, body = RAW.split("avc:")
    assert decision(header, f"avc:{body}").tclass == "unix_stream_socket"
    assert decision("type=AVC", RAW.removeprefix("type=AVC ")).tclass == "unix_stream_socket"
    cut = USER.index("msg='")
    assert decision(USER[:cut].rstrip(), USER[cut:]).tclass == "dbus"
    cut = USER.index("usd_t")
    assert decision(USER[:cut], USER[cut:]).tclass == "dbus"


def test_folded_calls() -> None:
    got = event(
        record("SYSCALL", "arch=c000003e syscall=257 success=no exit=-13 a0=1 a1=2 a2=3 a3=4 items=1 ppid=1 pid=7"),
        'auid=0 uid=0 gid=0 comm="blued"',
        'exe="/usr/sbin/blued" key=(null)',
    ).syscall
    assert got is not None
    assert (got.name, got.comm, got.exe) == ("openat", "blued", "/usr/sbin/blued")


def test_a_place_is_that_of_the_first_line() -> None:
    cut = avc().index("tcontext")
    events, _ = read("some text", avc()[:cut], avc()[cut:], avc())
    assert [event.decisions[0].location.line for event in events for _ in event.decisions][:1] == [2]


@given(
    st.lists(st.tuples(st.sampled_from(RECORDS), st.integers(0, 400), st.integers(0, 400)), max_size=4), st.data()
)
def test_pieces_of_records_never_make_another_one(cuts: list[tuple[str, int, int]], data: st.DataObject) -> None:
    # Whole records, or such as are cut short, in any order, glued or on lines of their own.
    true = {
        (truth.perms, truth.source, truth.target, truth.tclass) for text in RECORDS for truth in [decision(text)]
    }
    text = "".join(
        text[: len(text) if end > 300 else end] + data.draw(st.sampled_from(["\n", " ", "", "\n\n"]))
        for text, end, _ in cuts
    )
    events, _ = read(*text.split("\n"))
    assert {
        (decision.perms, decision.source, decision.target, decision.tclass)
        for event in events
        for decision in event.decisions
    } <= true


def test_a_call_of_strace_continues_no_record() -> None:
    events, unread = read("type=PATH msg=audit(1.2:3): item=0 nametype=", "12 0.000001 close(3) = 0 ino=")
    assert [event.syscall.name for event in events if event.syscall] == ["close"]
    assert unread == []


def test_a_record_of_auditd_continues_none() -> None:
    events, unread = read("type=USER_AVC msg=audit(1.2:3): pid=1 msg='avcc:  denied", USER)
    assert [len(event.decisions) for event in events] == [0, 1]
    assert [found.location.line for found in unread] == [1]
