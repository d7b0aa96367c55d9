# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import posixpath
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.traces.events.record_paths import begin_in_cwd, path_of_decision, tidy

_PARTS = st.lists(st.sampled_from(["", ".", "..", "a", "b c", "x.y"]), max_size=6)


@pytest.mark.parametrize(
    ("path", "cwd", "wanted"),
    [
        ("/etc/motd", "", "/etc/motd"),
        ("/etc//x/../motd/", "", "/etc/motd"),
        ("motd", "/etc", "/etc/motd"),
        ("./../motd", "/etc/x", "/etc/motd"),
        ("..", "/", "/"),
        # Nobody knows where it begins.
        ("motd", "", "motd"),
        ("motd", "relative", "motd"),
        ("", "/etc", ""),
    ],
)
def test_a_path_is_absolute_where_that_can_be_told(path: str, cwd: str, wanted: str) -> None:
    assert tidy(path, cwd) == wanted


@given(_PARTS, _PARTS)
def test_tidy_is_what_the_library_says_and_once_is_enough(path: list[str], cwd: list[str]) -> None:
    folder = "/" + "/".join(cwd)
    found = tidy("/".join(path), folder)
    assert tidy(found, folder) == found
    if found:
        assert found == "/" + posixpath.normpath(posixpath.join(folder, "/".join(path))).lstrip("/")


def test_a_decisions_own_path_comes_before_that_of_its_avc_path_record() -> None:
    assert path_of_decision("/a/./b", "/c") == "/a/b"
    assert path_of_decision("", "/c") == "/c"
    # Old kernels write names of sockets and pipes there.
    assert path_of_decision("", "pipe:[1]") == ""


@pytest.mark.parametrize(
    ("call", "args", "wanted"),
    [
        ("open", (5, 0, 0, 0), True),
        ("openat", (0xFFFFFF9C, 0, 0, 0), True),
        ("openat", (0xFFFFFFFFFFFFFF9C, 0, 0, 0), True),
        ("openat", (5, 0, 0, 0), False),
        ("openat", (), True),
        ("renameat", (0xFFFFFF9C, 0, 5, 0), False),
        ("renameat", (0xFFFFFF9C, 0, 0xFFFFFF9C, 0), True),
        ("symlinkat", (5, 0xFFFFFF9C, 0, 0), True),
    ],
)
def test_whether_a_relative_path_begins_in_the_current_folder(call: str, args: Sequence[int], wanted: bool) -> None:
    assert begin_in_cwd(call, lambda: args) is wanted


def test_the_arguments_are_not_asked_for_in_vain() -> None:
    def refuse() -> Sequence[int]:
        raise AssertionError("asked")

    assert begin_in_cwd("open", refuse)
