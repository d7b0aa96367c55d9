# SPDX-License-Identifier: GPL-2.0-or-later
"""Records as editors, terminals and web pages save them, written by hand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.traces.events.cleaning import cleaned
from tests.traces.reading import avc, decision

PLAIN = avc('pid=7 comm="blued" name="x" dev="vda" ino=1')
LOGGED = f"Oct 20 11:15:41 host audit[1]: AVC {PLAIN[PLAIN.index('avc:') :]}"


@pytest.mark.parametrize("text", [PLAIN, LOGGED])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("^", "\ufeff"),
        ("^", "\u200b"),
        ("avc:", "\x1b[01;31m\x1b[Kavc:\x1b[m\x1b[K"),
        ("denied", "^[[31mdenied^[[0m"),
        ("blued", "\x1b[7mblued\x1b[27m"),
        ("^", "\x1b[0;1;39m"),
        ("$", "\x1b[0m"),
        (" ", "\u00a0"),
        ("  ", " \u2009"),
    ],
)
def test_what_was_added_is_taken_away(text: str, old: str, new: str) -> None:
    changed = re.sub(old, lambda _: new, text)
    assert changed != text
    assert decision(changed) == decision(text)


def test_spaces_of_latin_1() -> None:
    assert decision(PLAIN.replace("  ", " \u00a0").encode("latin-1")) == decision(PLAIN)


def test_a_table() -> None:
    assert decision(PLAIN.replace(" ", "\t")) == decision(PLAIN)


@given(st.binary().filter(lambda line: b"\t" not in line))
def test_ascii_without_escapes_stays(line: bytes) -> None:
    plain = bytes(byte for byte in line if 0x20 <= byte < 0x7F).replace(b"^[[", b"")
    assert cleaned(plain) is plain
