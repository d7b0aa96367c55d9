# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

from policytool.toolchain.cache import Cache
from policytool.toolchain.headers import find_headers
from policytool.toolchain.run import run


def test_a_setting_without_a_value_ends_at_its_line(tmp_path: Path) -> None:
    """Debian's build.conf: the setting after an empty one counts, and its words are no macros."""
    folder = tmp_path / "include"
    for part in ("support", "kernel"):
        (folder / part).mkdir(parents=True)
    (folder / "support" / "synthetic.spt").write_text("define(`synthetic',`expanded')\n")
    (folder / "kernel" / "synthetic.if").write_text("")
    (folder / "build.conf").write_text("TYPE ?= mcs\nCUSTOM_BUILDOPT ?= \noverride UBAC := y\n  SYSTEMD = y \n")
    headers = find_headers(folder, Cache(tmp_path / "cache"))
    text = b"UBAC y override synthetic ifdef(`enable_ubac',`ubac') ifdef(`init_systemd',`systemd')"
    assert run(["m4", "-R", headers.source, "-"], input=text).text == "UBAC y override expanded ubac systemd"
    assert headers.mls
