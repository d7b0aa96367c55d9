# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.cli.growing import GrowingFile, GrowingLines
from policytool.traces.bundle.source import MAX_LINE


class Pieces:
    """A log whose bytes come in given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = list(pieces)

    def take(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    @property
    def ended(self) -> bool:
        return not self._pieces

    def close(self) -> None:
        raise AssertionError("not the reader's to close")


@pytest.fixture
def opened() -> Iterator[Callable[[Path], GrowingFile]]:
    """Open growing files, and close them after the test."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(GrowingFile(path)))


def lines_of(log: Pieces) -> list[bytes]:
    lines = GrowingLines(log, lambda _: None)
    found: list[bytes] = []
    while not lines.ended:
        found += lines.until_pause()
    assert lines.given == len(found)
    return found


@given(st.lists(st.binary(max_size=6, min_size=1).map(lambda raw: raw.replace(b"x", b"\n")), max_size=9))
def test_lines_are_the_same_however_the_bytes_come(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    assert lines_of(Pieces(pieces)) == (expected if expected[-1] else expected[:-1])


def test_a_line_without_an_end_is_cut_and_takes_no_memory() -> None:
    pieces = [b"a" * MAX_LINE] * 3 + [b"a\nlast\n"]
    assert lines_of(Pieces(pieces)) == [b"a" * MAX_LINE, b"last"]


def test_a_pause_ends_a_run_and_the_next_one_goes_on(tmp_path: Path, opened: Callable[[Path], GrowingFile]) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    waits: list[float] = []
    lines = GrowingLines(opened(path), waits.append)
    assert list(lines.until_pause()) == [b"one"]
    with path.open("ab") as more:
        more.write(b"o\n")
    assert list(lines.until_pause()) == [b"two"]
    assert len(waits) == 2


def test_a_file_that_was_cut_and_is_longer_again_is_read_from_its_start(
    tmp_path: Path, opened: Callable[[Path], GrowingFile]
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\nold\n")
    lines = GrowingLines(opened(path), lambda _: None)
    assert list(lines.until_pause()) == [b"old", b"old"]
    with path.open("r+b") as cut:
        cut.truncate(0)
        cut.write(b"new\nnew\nnew\n")
    assert list(lines.until_pause()) == [b"new", b"new", b"new"]


def test_what_was_written_to_a_file_before_it_was_renamed_comes_first(
    tmp_path: Path, opened: Callable[[Path], GrowingFile]
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\n")
    lines = GrowingLines(opened(path), lambda _: None)
    assert list(lines.until_pause()) == [b"one"]
    with path.open("ab") as more:
        more.write(b"two\nthr")
    path.rename(tmp_path / "log.1")
    assert list(lines.until_pause()) == [b"two"], "no new file yet"
    path.write_bytes(b"four\n")
    found: list[bytes] = []
    for _ in range(3):
        found += lines.until_pause()
    assert found == [b"thr", b"four"]


def test_no_file_stays_open_that_is_not_read(tmp_path: Path, opened: Callable[[Path], GrowingFile]) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x\n")
    log = opened(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        path.unlink()
        path.write_bytes(b"yy\n")
        for _ in range(3):
            log.take()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
