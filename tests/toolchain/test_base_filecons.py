# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest

from policytool.check.file_contexts import Filecon
from policytool.toolchain import base_filecons
from policytool.toolchain.cache import Cache

ENTRY = '(filecon "/srv/greeter(/.*)?" any (system_u object_r greeter_t ((s0) (s0))))'


def test_contexts_are_read_once_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path / "greeter.cil"
    base.write_text(f"(type greeter_t)\n{ENTRY}\n")
    cache = Cache(tmp_path / "cache")
    told = (Filecon("/srv/greeter(/.*)?", "any", "system_u:object_r:greeter_t:s0"),)
    assert base_filecons.base_filecons([base], cache) == told
    with monkeypatch.context() as patched:
        patched.delattr(base_filecons, "filecons")
        assert base_filecons.base_filecons([base], cache) == told
    base.write_text('(filecon "/srv/greeter" dir ())\n')
    os.utime(base, ns=(1, 1))
    assert base_filecons.base_filecons([base], cache) == (Filecon("/srv/greeter", "dir", ""),)
