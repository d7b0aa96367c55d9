# SPDX-License-Identifier: GPL-2.0-or-later
"""Several records on one line, with lines written by hand: each for itself, and never a third."""

from __future__ import annotations

import pytest

from policytool.model.event import UnreadKind
from tests.traces.reading import CONTEXTS, avc, read, record

FIRST = avc()
SECOND = (
    avc('pid=8 comm="redd"', "tclass=dir permissive=0", "{ write }")
    .replace(":45)", ":46)")
    .replace("blue_t", "green_t")
)
BOTH = [(("read",), "blue_t", "file"), (("write",), "green_t", "dir")]


def shapes(text: str) -> tuple[list[tuple[tuple[str, ...], str, str]], list[UnreadKind]]:
    events, unread = read(text)
    found = [
        (decision.perms, decision.source.type_, decision.tclass) for event in events for decision in event.decisions
    ]
    return found, [place.kind for place in unread]


def bare(text: str) -> str:
    return text[text.index("avc:") :]


def kernel(text: str) -> str:
    return "audit: type=1400 " + text[text.index("audit(") :]


@pytest.mark.parametrize("glue", ["", " ", "   "])
@pytest.mark.parametrize("form", [str, bare, kernel, lambda text: "node=n " + text])
def test_two_records_are_two(glue: str, form: object) -> None:
    assert callable(form)
    assert shapes(f"{form(FIRST)}{glue}{form(SECOND)}") == (BOTH, [])


@pytest.mark.parametrize("prefix", ["[   12.345678] audit: ", "Oct 20 11:15:41 host kernel: audit: "])
def test_two_lines_of_a_log_with_its_prefix(prefix: str) -> None:
    first, second = (prefix + kernel(text).removeprefix("audit: ") for text in (FIRST, SECOND))
    assert shapes(f"{first} {second}") == (BOTH, [])
    assert shapes(first.replace(" permissive=1", "") + second) == (BOTH, [])


@pytest.mark.parametrize("form", [str, bare, kernel])
def test_the_first_is_cut_short(form: object) -> None:
    assert callable(form)
    for end in ("tcontext", "scontext", "comm="):
        first = form(FIRST)[: form(FIRST).index(end)]
        assert shapes(first + form(SECOND)) == (BOTH[1:], [UnreadKind.TRUNCATED])


@pytest.mark.parametrize(
    "line",
    [
        f"{FIRST} {bare(SECOND)}",
        FIRST + bare(SECOND).removeprefix("avc:  "),
        FIRST[: FIRST.index("scontext")] + bare(SECOND).removeprefix("avc:  denied"),
        FIRST[: FIRST.index("scontext")] + SECOND[SECOND.index("pid=") :],
        FIRST[: FIRST.index("blued") + 2] + " " + bare(SECOND),
        f"{FIRST} {CONTEXTS} tclass=dir",
        FIRST.replace("pid=7", "pid=7 pid=8"),
    ],
)
def test_where_it_cannot_be_told_nothing_is_believed(line: str) -> None:
    found, unread = shapes(line)
    assert found == []
    assert unread == [UnreadKind.MALFORMED]


def test_a_class_that_ran_into_the_next_record_is_no_class() -> None:
    first = FIRST.replace(" permissive=1", "")
    for rest in ("avc:  de", "type", "localhost kernel: type=1400 audit(1", "Oct 20 11:15"):
        assert shapes(first + rest)[0] == []
        assert shapes(first + rest)[1] == [UnreadKind.MALFORMED]
    assert shapes(first[:-2]) == ([], [UnreadKind.TRUNCATED])
    assert shapes(first.replace("tclass=file", "tclass=sock_typ")) == ([], [UnreadKind.MALFORMED])
    assert shapes(first.replace("tclass=file", "tclass=greeting")) == ([(("read",), "blue_t", "greeting")], [])


def test_what_programs_wrote_is_not_taken_apart() -> None:
    user = record("USER_CMD", f"pid=1 uid=0 msg='cmd=\"{SECOND}\" res=success'")
    assert shapes(user) == ([], [UnreadKind.MALFORMED])
    manager = f'avc:  denied  {{ status }} for cmdline="x\' {bare(SECOND)}" {CONTEXTS} tclass=service'
    assert shapes(manager)[0] == []


def interpreted(about: str) -> str:
    """Return two interpreted records on one line, the first with the fields ABOUT."""
    first, second = (
        f"type=AVC msg=audit(20.10.2023 11:15:41.492:{n}) : {bare(text)}".replace('"', "")
        for n, text in ((1, FIRST), (2, SECOND))
    )
    return f"{first.replace('comm=blued', about)} {second}"


@pytest.mark.parametrize("about", ["name=x", "path=/x", "exe=/x", f"path=/{'x' * 255}", "comm=x name=y dev=vda"])
def test_interpreted_records_are_not_taken_apart_where_a_name_may_hold_both(about: str) -> None:
    # The end of the record, and the beginning of what looks like another.
    assert shapes(interpreted(about)) == ([], [UnreadKind.MALFORMED])


@pytest.mark.parametrize("about", ["comm=blued", f"name={'x' * 255}", 'comm=x path="/x"', "name=x dev=a/b"])
def test_interpreted_records_are_taken_apart_where_no_name_is_as_long(about: str) -> None:
    assert shapes(interpreted(about)) == (BOTH, [])


def test_a_record_made_of_two_is_refused() -> None:
    line = record(
        "AVC",
        'avc:  denied  { create } for  pid=7 comm="blued" name="veth0" dev="veth1" '
        'scontext="system_u:system_r:blue_t:s0" tcontext="system_u:system_r:red_t:s0" tclass="veth" permissive=0',
    )
    assert shapes(line) == ([], [UnreadKind.MALFORMED])
