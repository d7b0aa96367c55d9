# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import bz2
import shutil
from pathlib import Path

import pytest

from policytool.errors import InputError, MissingToolError
from policytool.toolchain import base as base_module
from policytool.toolchain.base import Base, base_cil, find_base
from policytool.toolchain.cache import Cache


@pytest.mark.base
def test_distribution_base_is_identified(base: Base) -> None:
    assert base.identity.name == "default"
    assert base.identity.version
    assert {"base", "virt"} <= base.names
    assert base.identity == find_base().identity


@pytest.mark.base
def test_base_is_converted_once(base: Base) -> None:
    first = base_cil(base)
    assert [path.stem for path in first] == sorted(base.names)

    def progress(step: str, done: int, total: int) -> None:
        raise AssertionError(step)

    assert base_cil(base, progress=progress) == first


def test_missing_base_names_both_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_module, "_FOLDERS", ())
    with pytest.raises(MissingToolError, match=r"selinux-policy-default.*selinux-policy-targeted"):
        find_base()


def test_folder_of_cil_compressed_or_not(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "one.cil").write_text("(type one_t)\n")
    (folder / "two.cil.bz2").write_bytes(bz2.compress(b"(type two_t)\n"))
    found = find_base(folder)
    assert (found.identity.name, found.identity.version) == ("mine", "")
    steps: list[int] = []
    files = base_cil(
        found, progress=lambda _step, done, _total: steps.append(done), cache=Cache(tmp_path / "cache")
    )
    assert [(path.stem, path.read_text()) for path in files] == [
        ("one", "(type one_t)\n"),
        ("two", "(type two_t)\n"),
    ]
    assert sorted(steps) == [1, 2]


def test_module_store_highest_priority_and_disabled(tmp_path: Path) -> None:
    store = tmp_path / "targeted" / "active" / "modules"
    for priority, name, text in (
        ("100", "one", "low"),
        ("400", "one", "high"),
        ("100", "two", ""),
        ("100", "off", ""),
    ):
        (store / priority / name).mkdir(parents=True)
        (store / priority / name / "cil").write_text(text)
    (store / "disabled").mkdir()
    (store / "disabled" / "off").touch()
    found = find_base(store)
    assert found.identity.name == "targeted"
    assert [(module.name, module.path.parent.parent.name) for module in found.modules] == [
        ("one", "400"),
        ("two", "100"),
    ]


def test_content_is_the_identity(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.cil").write_text("x")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert find_base(tmp_path / "a").identity.sha256 == find_base(tmp_path / "b").identity.sha256
    (tmp_path / "b" / "one.cil").write_text("y")
    assert find_base(tmp_path / "a").identity.sha256 != find_base(tmp_path / "b").identity.sha256


def test_folder_without_modules_and_file_without_policy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no module"):
        find_base(tmp_path)
    (tmp_path / "file").write_text("text")
    with pytest.raises(InputError, match="neither"):
        find_base(tmp_path / "file")
    with pytest.raises(InputError, match="cannot read"):
        find_base(tmp_path / "absent")


def test_damaged_module_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.pp.bz2").write_bytes(b"BZh91AY&SYbroken")
    with pytest.raises(InputError, match=r"one\.pp\.bz2 is not a whole bzip2 file"):
        base_cil(find_base(tmp_path), cache=Cache(tmp_path / "cache"))
