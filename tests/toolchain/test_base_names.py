# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest

from policytool.check.known_names import KnownNames
from policytool.toolchain import base_names
from policytool.toolchain.base_names import known_names
from policytool.toolchain.cache import Cache


def test_names_are_read_once_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, headers = tmp_path / "greeter.cil", tmp_path / "headers"
    base.write_text("(type greeter_t)\n(typeattribute greeters)\n")
    (headers / "apps").mkdir(parents=True)
    interfaces = headers / "apps" / "greeter.if"
    interfaces.write_text("interface(`greeter_read',`')\n")
    cache = Cache(tmp_path / "cache")
    told = KnownNames({"greeter_t": "greeter", "greeters": "greeter"}, {"greeter_read": "greeter"})
    assert known_names([base], headers, cache) == told
    with monkeypatch.context() as patched:
        patched.delattr(base_names, "interface_modules")
        assert known_names([base], headers, cache) == told
    interfaces.write_text("interface(`greeter_write',`')\n")
    os.utime(interfaces, ns=(1, 1))
    assert known_names([base], headers, cache).interfaces == {"greeter_write": "greeter"}
