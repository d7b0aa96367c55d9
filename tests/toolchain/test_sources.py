# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files are a module's, and which it calls that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.toolchain.sources import find_sources, interfaces_beside


@pytest.fixture
def above(tmp_path: Path) -> Path:
    for name, text in {
        "caller/caller.te": "policy_module(caller, 1.0)\nmanners_domain(a_t)\n\toptional_manners_x(a_t)\n",
        "manners/manners.if": "interface(`manners_domain',`')\n",
        "other/other.if": "interface(`other_x',`')\n",
        "optional/optional.if": "interface(`optional_manners_x',`')\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_an_interface_that_is_called_is_looked_for_beside_the_module(
    above: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, _ = find_sources([above / "caller"])
    names = [Path(file.path).stem for file in interfaces_beside(sources)]
    assert names == ["manners", "optional"]
    # From within the folder as well, and by the file's name.
    monkeypatch.chdir(above / "caller")
    for place in (Path(), Path("caller.te")):
        sources, _ = find_sources([place])
        assert [Path(file.path).stem for file in interfaces_beside(sources)] == names


def test_an_interface_may_lie_in_the_folder_of_the_module(above: Path) -> None:
    here = above / "caller" / "manners.if"
    here.write_text("interface(`manners_domain',`')\n")
    sources, _ = find_sources([above / "caller"])
    assert interfaces_beside(sources)[0].path == str(here)


def test_what_the_headers_have_is_not_taken_from_a_checkout(above: Path) -> None:
    headers = above / "headers"
    (headers / "system").mkdir(parents=True)
    (headers / "system" / "manners.if").touch()
    sources, _ = find_sources([above / "caller"])
    assert [Path(file.path).stem for file in interfaces_beside(sources, headers)] == ["optional"]


def test_a_module_that_is_there_itself_is_not_read_twice(above: Path) -> None:
    (above / "manners" / "manners.te").write_text("policy_module(manners, 1.0)\n")
    sources, _ = find_sources([above / "caller", above / "manners"])
    assert [Path(file.path).stem for file in interfaces_beside(sources)] == ["optional"]
