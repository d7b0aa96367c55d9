# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects without a path, told by where they were seen; the lines are synthetic."""

from __future__ import annotations

import pytest

from policytool.model.identity import Place
from policytool.model.observation import Observations
from policytool.traces.events.devices import may_be_same
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.sightings import Table
from policytool.traces.tally.tally import Tally
from policytool.traces.tally.telling import told
from tests.traces.reading import CONTEXTS


def event(second: int, *records: str) -> list[str]:
    stamp = f"17000000{second:02}.100:{second}"
    return [f"type={kind} msg=audit({stamp}): {body}" for kind, _, body in (r.partition(" ") for r in records)]


def avc(perms: str, about: str, tclass: str = "file") -> str:
    return f'AVC avc:  denied  {{ {perms} }} for  pid=7 comm="a" {about} {CONTEXTS} tclass={tclass} permissive=1'


def path(name: str, inode: int, nametype: str = "NORMAL", dev: str = "fe:01", mode: str = "0100644") -> str:
    return f'PATH item=0 name="{name}" inode={inode} dev={dev} mode={mode} nametype={nametype}'


def seen(*lines: list[str]) -> Observations:
    tally = Tally("synthetic", complete=True)
    tally_blocks(["\n".join(line for lines_of in lines for line in lines_of).encode()], "synthetic", tally)
    return told(tally.observations())


def paths(perm: str, *lines: list[str]) -> set[str]:
    found = seen(*lines)
    return {use.path for vector in found.vectors if vector.perm == perm for use, _ in vector.evidence.uses}


ASKED = event(50, avc("setattr", 'name="x" dev="vda1" ino=5'))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([event(1, avc("read", 'path="/a/x" dev="vda1" ino=5'))], "/a/x"),
        ([event(1, avc("getattr", 'path="/z" dev="vda1" ino=9'), path("/a/x", 5))], "/a/x"),
        ([event(60, avc("read", 'path="/a/x" dev="vda1" ino=5'))], "/a/x"),
        # another device, by its name or by its numbers
        ([event(1, avc("read", 'path="/a/x" dev="vdb1" ino=5'))], ""),
        ([event(1, avc("getattr", 'path="/z" dev="vda1" ino=9'), path("/a/x", 5, dev="fe:11"))], ""),
        # another name, another class, two paths
        ([event(1, avc("read", 'path="/a/y" dev="vda1" ino=5'))], ""),
        ([event(1, avc("read", 'path="/a/x" dev="vda1" ino=5', "dir"))], ""),
        ([event(1, avc("read", f'path="/{top}/x" dev="vda1" ino=5')) for top in "ab"], ""),
        # one directory with two names
        ([event(1, avc("read", f'path="{top}/x" dev="vda1" ino=5')) for top in ("/run", "/var/run")], "/run/x"),
        # removed before, removed after, and made again
        ([event(1, avc("unlink", 'name="x" dev="vda1" ino=5'), path("/a/x", 5, "DELETE"))], ""),
        ([event(60, avc("unlink", 'name="x" dev="vda1" ino=5'), path("/a/x", 5, "DELETE"))], "/a/x"),
        (
            [
                event(1, avc("unlink", 'name="x" dev="vda1" ino=5'), path("/a/x", 5, "DELETE")),
                event(2, avc("create", 'name="x"'), path("/a/x", 5, "CREATE")),
            ],
            "/a/x",
        ),
        # moved to another folder: it is there from then on
        (
            [
                event(
                    1,
                    avc("rename", 'name="x" dev="vda1" ino=5'),
                    path("/a/x", 5, "DELETE"),
                    path("/b/x", 5, "CREATE"),
                )
            ],
            "/b/x",
        ),
    ],
)  # fmt: skip
def test_an_object_without_a_path(lines: list[list[str]], expected: str) -> None:
    assert paths("setattr", ASKED, *lines) == {expected}


def test_a_folder_is_told_by_the_way_to_the_paths_of_its_events() -> None:
    searched = avc("search", 'name="lib" dev="vda1" ino=11', "dir")
    assert paths("search", event(1, searched, path("/var/lib/x", 5))) == {"/var/lib"}
    assert paths("search", event(1, searched, path("/var/lib/lib/x", 5))) == {""}
    assert paths("search", event(1, searched, path("/var/lib/x", 5)), event(2, searched, path("/a/lib/x", 6))) == {
        ""
    }


def test_an_entry_is_told_by_the_folder_that_the_event_writes_to() -> None:
    made = event(
        1,
        avc("write", 'name="d" dev="vda1" ino=11', "dir"),
        avc("add_name", 'name="new"', "dir"),
        avc("create", 'name="new"'),
    )
    folder = event(2, avc("read", 'path="/a/d" dev="vda1" ino=11', "dir"))
    assert paths("add_name", made) == {""}
    assert paths("add_name", made, folder) == {"/a/d/new"}
    assert paths("write", made, folder) == {"/a/d"}


def test_the_table_is_bounded_and_the_same_for_any_order() -> None:
    places = [Place(inode, "vda1", "", f"/x{inode}/{other}") for inode in range(1, 40) for other in range(2)]
    expected = None
    for order in (places, places[::-1], places[1::2] + places[::2]):
        table = Table(most=21)
        for place in order:
            table.add([(place, False)], 1, 2)
        found = table.sightings("t")
        assert {sighting.place.inode for sighting in found.seen} == set(range(1, 11)), "whole inodes only"
        assert found.below == (("t", 11),)
        assert expected in (None, found)
        expected = found


@pytest.mark.parametrize(
    ("dev", "numbers", "expected"),
    [
        ("vda1", "fe:01", True), ("vda1", "fe:11", False), ("vdb1", "fe:11", True), ("sda1", "08:01", True),
        ("sda1", "fd:01", False), ("dm-0", "fd:00", True), ("dm-0", "fd:01", False), ("tmpfs", "00:17", True),
        ("tmpfs", "fe:01", False), ("sda2", "00:1f", True), ("0:53", "00:35", True), ("0:54", "00:35", False),
        ("root", "fe:00", True), ("", "fe:00", True), ("vda1", "", True), ("nvme0n1p2", "103:02", True),
    ],
)  # fmt: skip
def test_devices(dev: str, numbers: str, expected: bool) -> None:
    assert may_be_same(dev, numbers) is expected
