# SPDX-License-Identifier: GPL-2.0-or-later
"""The distribution's file contexts, through libselinux; and paths as file contexts have them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.module import FileKind
from policytool.model.paths import canonical_names, escaped, is_telling, literal_start
from policytool.toolchain.base import Base
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked, link


@pytest.fixture(scope="module")
def labels(base: Base) -> FileContextLabels:
    linked = link(base, {}, neverallow=False)
    assert isinstance(linked, Linked)
    return FileContextLabels(linked.file_contexts)


@pytest.mark.base
def test_labels_by_kind_and_by_name(labels: FileContextLabels) -> None:
    asked = ["/etc/libvirt/secrets", "/run/libvirt/network/x", "/run/nobody", "/proc/1"]
    assert labels.types(asked, FileKind.DIR) == {
        "/etc/libvirt/secrets": "virt_etc_rw_t",
        "/run/libvirt/network/x": "dnsmasq_runtime_t",
        "/run/nobody": "",
        "/proc/1": "",
    }
    assert labels.types(["/etc/libvirt/x"], FileKind.FILE) == {"/etc/libvirt/x": "virt_etc_t"}


@pytest.mark.base
def test_more_paths_than_one_command_takes(labels: FileContextLabels) -> None:
    paths = [f"/etc/family/{number}" for number in range(1200)]
    assert set(labels.types(paths, FileKind.FILE).values()) == {"etc_t"}


@pytest.mark.base
def test_what_is_named_below_a_path(labels: FileContextLabels) -> None:
    assert {"svirt_runtime_t", "virt_common_runtime_t"} <= labels.below("/run/libvirt")
    assert labels.below("/run/libvirt/qemu") == frozenset()
    assert labels.canonical("/var/run/libvirt") == "/run/libvirt"
    assert "/run/libvirt(/.*)?" in labels.patterns


@pytest.mark.parametrize(
    ("pattern", "start"),
    [
        ("/run/libvirt(/.*)?", "/run/libvirt"),
        (r"/etc/x\.conf", "/etc/x.conf"),
        ("/usr/s?bin/x", "/usr/"),
        ("/etc/[^/]*", "/etc/"),
        ("/", "/"),
        ("", ""),
        ("\\", ""),
    ],
)
def test_literal_start(pattern: str, start: str) -> None:
    assert literal_start(pattern) == start


@given(st.text(min_size=1, max_size=30))
def test_an_escaped_path_matches_itself_alone(path: str) -> None:
    assert re.compile(escaped(path), re.DOTALL).fullmatch(path)
    assert not re.fullmatch(escaped(path), path + "x")


def test_the_name_that_file_contexts_have_for_a_folder_of_two() -> None:
    new = canonical_names(["/run/a", "/run/b", "/var/lock/x"])
    two = ("/var/run/x", "/run/lock/x", "/var/run/lock/x", "/var/runner")
    assert [new(path) for path in two] == ["/run/x", "/var/lock/x", "/var/lock/x", "/var/runner"]
    assert canonical_names(["/var/run/a", "/var/lock/b"])("/run/x") == "/var/run/x"
    assert canonical_names(["/var/run/a", "/var/lock/b"])("/run/lock/x") == "/var/lock/x"


@pytest.mark.parametrize(
    ("path", "telling"), [("/etc/x", True), ("etc", False), ("/a/../b", False), ("/" * 50, False)]
)
def test_paths_that_tell_where(path: str, telling: bool) -> None:
    assert is_telling(path) is telling
