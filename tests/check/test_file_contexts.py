# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policytool.check.file_contexts import Filecon, compare_filecons, filecons, sample_paths, unreachable
from policytool.check.findings import ModuleSource, SourceFile


def test_filecons_with_range_without_and_none() -> None:
    cil = (
        "(type a_t)\n"
        '(filecon "/a" file (system_u object_r a_t ((s0) (s0))))\n'
        '(filecon "/b(/.*)?" any (system_u object_r b_t ((s0) (s15))))\n'
        '(filecon "/c" any ())\n(filecon "/d" dir (u r t low_high))\n'
    )
    assert filecons(cil) == (
        Filecon("/a", "file", "system_u:object_r:a_t:s0", 2),
        Filecon("/b(/.*)?", "any", "system_u:object_r:b_t:s0-s15", 3),
        Filecon("/c", "any", "", 4),
        Filecon("/d", "dir", "u:r:t:low_high", 5),
    )


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("/usr/sbin/x", ("/usr/sbin/x",)),
        ("/usr/s?bin/x", ("/usr/bin/x", "/usr/sbin/x")),
        (r"/etc/x\.conf", ("/etc/x.conf",)),
        ("/etc/x.conf", ("/etc/x.conf",)),
        ("/etc/x.*", ()),
        ("/var/lib/x(/.*)?", ("/var/lib/x",)),
        ("/run/[^/]+/x", ()),
        ("/(usr|opt)/x", ()),
    ],
)
def test_sample_paths(pattern: str, paths: tuple[str, ...]) -> None:
    assert sample_paths(pattern) == paths


@given(st.text(alphabet="/ab.?\\*", max_size=12))
@example("\\\\?")
@example("\\/??")
@example("\\/?\\/")
def test_every_sample_is_a_match(pattern: str) -> None:
    try:
        compiled = re.compile(pattern)
    except re.error:
        return
    assert all(compiled.fullmatch(path) for path in sample_paths(pattern))


def test_contradiction_and_repetition() -> None:
    source = ModuleSource("m", cil=SourceFile("m.cil", ""))
    own = (Filecon("/a", "file", "u:r:a:s0", 1), Filecon("/b", "file", "u:r:b:s0", 2), Filecon("/b", "dir", "", 3))
    base = (Filecon("/a", "file", "u:r:x:s0"), Filecon("/b", "file", "u:r:b:s0"))
    assert [(finding.id, finding.line) for finding in compare_filecons(source, own, base)] == [
        ("E-filecon", 1),
        ("W-filecon-repeated", 2),
    ]


@pytest.mark.parametrize(
    ("pattern", "message", "hint"),
    [
        ("/var/run/x(/.*)?", "/var/run is looked up as /run", "write /run/x(/.*)?"),
        ("/lib64/x/.*", "/lib64 is looked up as /usr/lib", "write /usr/lib/x/.*"),
        ("/lib/systemd/x", "/lib/systemd is looked up as /usr/lib/systemd", "write /usr/lib/systemd/x"),
        ("/var/run", "/var/run is looked up as /run", "write /run"),
        ("opt/x", "a path is absolute", "write /opt/x"),
        ("/opt/x/", "no path ends with a slash", "write /opt/x"),
        ("/opt/x/?", "", ""),
        ("/var/running", "", ""),
        ("/run/x", "", ""),
        ("HOME_DIR/x", "", ""),
        ("(/.*)?/x", "", ""),
        ("/", "", ""),
    ],
)
def test_what_no_path_can_match(pattern: str, message: str, hint: str) -> None:
    aliases = {"/var/run": "/run", "/lib64": "/usr/lib", "/lib": "/usr/lib", "/lib/systemd": "/usr/lib/systemd"}
    source = ModuleSource("m", cil=SourceFile("m.cil", ""))
    found = list(unreachable(source, Filecon(pattern, "any", "u:r:a_t:s0", 3), aliases))
    assert bool(found) == bool(message)
    for finding in found:
        assert (finding.id, finding.line, finding.hint) == ("W-filecon-unreachable", 3, hint)
        assert message in finding.message
