# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.errors import MissingToolError
from policytool.lab.apt import Source, debian_sources, parse_list, parse_sources, sources_list

DEB822 = """\
# a comment
Types: deb deb-src
URIs: https://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: https://mirror.invalid/debian-security
 https://other.invalid/debian-security
Suites: bookworm-security
Components: main
Enabled: yes

Types: deb
URIs: https://off.invalid/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: https://sources.invalid/debian
Suites: bookworm
Components: main
"""


def test_deb822_gives_each_uri_with_each_suite() -> None:
    assert [(source.uri, source.suite) for source in parse_sources(DEB822)] == [
        ("https://mirror.invalid/debian", "bookworm"),
        ("https://mirror.invalid/debian", "bookworm-updates"),
        ("https://mirror.invalid/debian-security", "bookworm-security"),
        ("https://other.invalid/debian-security", "bookworm-security"),
    ]


def test_one_line_sources_with_and_without_options() -> None:
    text = (
        "deb [arch=amd64 signed-by=/k] http://m.invalid/d bookworm main # c\n"
        "#deb http://x a b\n"
        "deb-src http://m.invalid/d bookworm main\n"
    )
    assert list(parse_list(text)) == [Source("http://m.invalid/d", "bookworm", ("main",))]


def test_only_debian_12_with_main_is_taken(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "other.list").write_text("deb http://x.invalid/apt tool-bookworm main\n")
    (tmp_path / "sources.list.d" / "off.sources.disabled").write_text(DEB822.replace("mirror", "gone"))
    found = debian_sources(tmp_path)
    assert {source.suite for source in found} == {"bookworm", "bookworm-updates", "bookworm-security"}
    assert all("gone" not in source.uri for source in found)
    text = sources_list(found)
    assert text.count("deb-src ") == text.count("deb ") == len(found)


def test_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://m.invalid/d trixie main\n")
    with pytest.raises(MissingToolError, match="bookworm main"):
        debian_sources(tmp_path)
