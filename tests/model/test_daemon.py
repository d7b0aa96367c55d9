# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.daemons import load_daemons
from policytool.errors import InputError
from policytool.model.daemon import Daemon, DaemonError


def test_the_shipped_daemons_are_those_of_libvirt() -> None:
    daemons = load_daemons()
    assert {daemon.name for daemon in daemons} == {
        "virtqemud", "virtnetworkd", "virtstoraged", "virtnodedevd", "virtsecretd", "virtnwfilterd",
        "virtinterfaced", "virtlxcd", "virtxend", "virtvboxd", "virtproxyd", "virtlogd", "virtlockd",
        "libvirtd", "libvirt_lxc",
    }  # fmt: skip
    for daemon in daemons:
        assert daemon.executables
        assert daemon.summary.startswith(daemon.name)


def test_names_follow_from_the_name() -> None:
    daemon = Daemon.from_mapping({"name": "greeterd"})
    assert (daemon.domain, daemon.exec_type, daemon.unit) == ("greeterd_t", "greeterd_exec_t", "greeterd.service")


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"name": "Bad Name"},
        {"name": "dnl"},
        {"name": "a", "domain": "x; allow"},
        {"name": "a", "executables": ["relative"]},
        {"name": "a", "executables": ["/has space"]},
        {"name": "a", "executables": "/not/a/list"},
        {"name": "a", "replaced_by": "b"},
        {"name": "a", "replaced_by": ["Bad Name"]},
        {"name": "a", "speed": 3},
        {"name": 3},
    ],
)
def test_a_wrong_description_says_so(table: dict[str, object]) -> None:
    with pytest.raises(DaemonError):
        Daemon.from_mapping(table)


def test_users_add_daemons_and_replace_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "greeterd.toml").write_text('name = "greeterd"\n')
    (tmp_path / "virtqemud.toml").write_text('name = "virtqemud"\nsummary = "mine"\n')
    found = {daemon.name: daemon for daemon in load_daemons(tmp_path)}
    assert found["greeterd"].domain == "greeterd_t"
    assert found["virtqemud"].summary == "mine"


@pytest.mark.parametrize("text", ["name = ", 'name = "x"\ndomain = "virtqemud_t"\n', "\xff"])
def test_a_bad_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"x\.toml|both claim"):
        load_daemons(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        load_daemons(tmp_path / "missing")
