# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder above a path that an event was searched in, found by its name alone."""

from __future__ import annotations

import pytest

from policytool.model.event import PathItem
from policytool.model.identity import Place
from policytool.traces.events.naming import name_objects
from policytool.traces.tally.decision import Known
from policytool.traces.tally.plain_avc import plain_groups, read_plain


def _searched(name: str, inode: int) -> Known:
    """A search of the folder called NAME, as a record tells it."""
    body = (
        f'avc:  denied  {{ search }} for  pid=1 comm="a" name="{name}" dev="vda" ino={inode} '
        "scontext=u:r:a_t:s0 tcontext=u:r:b_t:s0 tclass=dir permissive=1"
    )
    groups = plain_groups(body.encode())
    found = None if groups is None else read_plain(groups)
    assert found is not None
    return found


def _concluded(name: str, path: str) -> list[str]:
    """Return where a folder called NAME is concluded to be from PATH, of another object of the event."""
    item = PathItem(0, path, "NORMAL", 9, "fe:00", 0o100644)
    _, places = name_objects((_searched(name, 5),), (item,), "")
    return [place.path for place, _ in places if not place.sure]


@pytest.mark.parametrize(
    ("name", "path", "folder"),
    [
        ("lib", "/var/lib/x/f", "/var/lib"),
        ("var", "/var/lib/x/f", "/var"),
        ("x", "/var/lib/x/f", "/var/lib/x"),
        ("a", "/aa/a/aaa/f", "/aa/a"),
    ],
)
def test_a_folder_at_any_depth_is_found(name: str, path: str, folder: str) -> None:
    assert _concluded(name, path) == [folder]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("f", "/var/lib/f"),  # the object itself
        ("a", "/a/b/a/f"),
        ("a", "/a/a/f"),
        ("b", "/a/bb/f"),
        ("lib/x", "/var/lib/x/f"),
        ("/", "/var/lib/f"),
        ("a", "/a" * 60_000 + "/f"),  # all its folders together have 3.6 GB
    ],
)
def test_what_is_not_one_folder_is_not_concluded(name: str, path: str) -> None:
    assert _concluded(name, path) == []


def test_an_object_with_a_path_is_placed_without_anything_else_of_its_event() -> None:
    body = (
        b'avc:  denied  { unlink } for  pid=1 comm="a" path="/x/f" dev="vda" ino=5 '
        b"scontext=u:r:a_t:s0 tcontext=u:r:b_t:s0 tclass=file permissive=1"
    )
    groups = plain_groups(body)
    decision = None if groups is None else read_plain(groups)
    assert decision is not None
    item = PathItem(0, "/y", "NORMAL", 9, "fe:00", 0o100644)
    alone = name_objects((decision,), (), "")
    with_others = name_objects((decision,), (item,), "")
    place = Place(5, "vda", "", "/x/f", "", "file")
    assert alone[1] == ((place, True),)
    assert alone[0] == with_others[0]
    assert (place, True) in with_others[1]
