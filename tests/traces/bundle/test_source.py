# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from policytool.errors import InputError, MissingToolError
from policytool.traces.bundle import source, unpack
from policytool.traces.bundle.source import read_lines

TEXT = b"one\ntwo\n\nthree"
LINES = [b"one", b"two", b"", b"three"]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_compression_is_told_by_the_content(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    (tmp_path / "log.txt").write_bytes(compress(TEXT))
    assert list(read_lines(str(tmp_path / "log.txt"))) == LINES


def test_standard_input_may_be_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(gzip.compress(TEXT))))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(read_lines("-")) == LINES


@pytest.mark.parametrize("block", [1, 2, 3, 5, 100])
def test_blocks_do_not_cut_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(source, "BLOCK", block)
    (tmp_path / "log").write_bytes(TEXT)
    assert list(read_lines(str(tmp_path / "log"))) == LINES


def test_an_endless_line_is_cut_and_the_next_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 4)
    monkeypatch.setattr(source, "MAX_LINE", 10)
    (tmp_path / "log").write_bytes(b"x" * 100 + b"\nnext\n")
    assert list(read_lines(str(tmp_path / "log"))) == [b"x" * 10, b"next"]


def test_progress_counts_the_bytes_as_stored(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    (tmp_path / "log.gz").write_bytes(packed)
    seen: list[int] = []
    list(read_lines(str(tmp_path / "log.gz"), seen.append))
    assert seen[-1] == len(packed)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_damaged_and_missing_logs_are_named(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    (tmp_path / "log").write_bytes(compress(TEXT * 1000)[:-9])
    with pytest.raises(InputError, match="log: cannot be read to its end"):
        list(read_lines(str(tmp_path / "log")))
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="cannot be opened"):
            list(read_lines(str(path)))


def test_zstd_in_several_frames(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(zstandard.compress(TEXT + b"\n") + zstandard.compress(TEXT * 100_000))
    assert list(read_lines(str(tmp_path / "log")))[:5] == [*LINES, b"one"]


def test_damaged_zstd(tmp_path: Path) -> None:
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(TEXT * 1000))
    packed[-1] ^= 1
    (tmp_path / "log").write_bytes(packed)
    with pytest.raises(InputError, match="log: cannot be read to its end"):
        list(read_lines(str(tmp_path / "log")))


def test_zstd_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (tmp_path / "log").write_bytes(b"\x28\xb5\x2f\xfd....")
    with pytest.raises(MissingToolError, match="zstandard"):
        list(read_lines(str(tmp_path / "log")))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("padding", [0, 4, 65_536])
def test_compressed_files_may_follow_one_another(tmp_path: Path, compress: object, padding: int) -> None:
    assert callable(compress)
    (tmp_path / "log").write_bytes(compress(b"one\n") + bytes(padding) + compress(b"two"))
    assert list(read_lines(str(tmp_path / "log"))) == [b"one", b"two"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_what_follows_compressed_data_is_not_passed_over(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    (tmp_path / "log").write_bytes(compress(TEXT) + b"type=AVC ...")
    with pytest.raises(InputError, match="log: cannot be read to its end"):
        list(read_lines(str(tmp_path / "log")))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: object
) -> None:
    assert callable(compress)
    (tmp_path / "bomb").write_bytes(compress(bytes(1 << 22)))
    (tmp_path / "small").write_bytes(compress(b"a" * 5000))
    (tmp_path / "large").write_bytes(compress(b"".join(b"%d" % (index * index) for index in range(4000))))
    monkeypatch.setattr(unpack, "RATIO_FROM", 10_000)
    monkeypatch.setattr(unpack, "MAX_RATIO", 100)
    monkeypatch.setattr(source, "BLOCK", 1000)
    assert list(read_lines(str(tmp_path / "small"))) == [b"a" * 5000]
    assert list(read_lines(str(tmp_path / "large")))
    with pytest.raises(InputError, match="bomb: unpacks to more than 100 times its size"):
        list(read_lines(str(tmp_path / "bomb")))
    monkeypatch.setattr(unpack, "MAX_UNPACKED", 1 << 14)
    with pytest.raises(InputError, match="large: unpacks to more than"):
        list(read_lines(str(tmp_path / "large")))


def test_a_window_that_takes_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_bytes(lzma.compress(TEXT, preset=9))
    monkeypatch.setattr(unpack, "MAX_WINDOW", 1 << 20)
    with pytest.raises(InputError, match=r"[Mm]emory"):
        list(read_lines(str(tmp_path / "log")))
