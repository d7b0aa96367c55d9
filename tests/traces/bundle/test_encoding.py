# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs that were saved in UTF-16: written by hand (synthetic)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.traces.bundle.bundle import read_trace
from policytool.traces.bundle.encoding import Recoded, encoding_of
from policytool.traces.bundle.source import plain_size
from tests.traces.reading import avc


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"), ("utf-16-le", b""), ("utf-16-be", b"")],
)
def test_a_log_in_utf_16(tmp_path: Path, encoding: str, mark: bytes) -> None:
    plain, saved = tmp_path / "plain.log", tmp_path / "saved.log"
    text = "".join(avc(f'pid={number} comm="blued"') + "\r\n" for number in range(2000))
    plain.write_bytes(text.encode())
    saved.write_bytes(mark + text.encode(encoding))
    read = read_trace(str(saved))
    assert read.unread_counts == ()
    assert read.sightings == read_trace(str(plain)).sightings
    # No part of it can be read alone.
    assert plain_size(str(saved)) is None


@given(st.text(), st.sampled_from(["utf-16-le", "utf-16-be"]), st.integers(1, 9))
def test_every_character_comes_through(text: str, encoding: str, size: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    stream = Recoded(io.BytesIO(text.encode(encoding)), encoding)
    assert b"".join(iter(lambda: stream.read(size), b"")).decode() == text


@given(st.binary(max_size=6).filter(lambda start: 0 not in start[:6]))
def test_bytes_without_zeros_are_read_as_they_are(start: bytes) -> None:
    assert encoding_of(start) in (None, "utf-16-le" if start[:2] == b"\xff\xfe" else "utf-16-be")
    assert start[:2] in (b"\xff\xfe", b"\xfe\xff") or encoding_of(start) is None
