# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from policytool.toolchain.cache import Cache, digest, open_cache


def write(folder: Path) -> None:
    (folder / "a").write_text(str(os.getpid()))
    time.sleep(0.05)  # so that the others are in the middle of it too
    (folder / "b").write_text(str(os.getpid()))


def fill_once(root: Path) -> None:
    folder = Cache(root).fill("kind", "key", write)
    assert (folder / "a").read_text() == (folder / "b").read_text()


def test_processes_that_make_the_same_entry_get_one_whole_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill_once, args=(tmp_path,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert [path.name for path in (tmp_path / "kind").iterdir()] == ["key"]


def test_interrupted_write_leaves_no_entry(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "a").write_text("half")
        raise KeyboardInterrupt

    cache = Cache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        cache.fill("kind", "key", interrupted)
    assert cache.find("kind", "key") is None
    assert list((tmp_path / "kind").iterdir()) == []


def test_finished_entry_is_not_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first = cache.fill("kind", "key", write)

    def never(folder: Path) -> None:
        raise AssertionError(folder)

    assert cache.fill("kind", "key", never) == first


def test_killed_writers_leavings_are_removed_after_a_day(tmp_path: Path) -> None:
    aside = tmp_path / "kind" / ".aside-dead"
    aside.mkdir(parents=True)
    os.utime(aside, (0, 0))
    Cache(tmp_path).fill("kind", "key", write)
    assert not aside.exists()


def test_old_entries_above_the_number_kept_are_removed(tmp_path: Path) -> None:
    for number in range(70):
        old = tmp_path / "kind" / f"{number:02}"
        old.mkdir(parents=True)
        os.utime(old, (number, number))
    Cache(tmp_path).fill("kind", "key", write)
    names = sorted(path.name for path in (tmp_path / "kind").iterdir())
    assert names == [*(f"{number:02}" for number in range(7, 70)), "key"]


def test_unwritable_cache_becomes_a_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    cache = open_cache()
    assert not cache.root.is_relative_to(tmp_path)
    assert (cache.fill("kind", digest("a"), write) / "b").exists()


def test_relative_xdg_cache_home_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_cache().root.is_relative_to(tmp_path / ".cache" / "policytool")


def test_digest_tells_where_a_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
