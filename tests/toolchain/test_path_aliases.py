# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policytool.toolchain.base import Base, base_cil, find_base
from policytool.toolchain.build import build
from policytool.toolchain.path_aliases import path_aliases
from policytool.toolchain.setfiles import labels

pytestmark = pytest.mark.base


@pytest.fixture(scope="module")
def aliased_base(small_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("aliased")
    for path in base_cil(small_base):
        shutil.copy(path, folder)
    (folder / "file_contexts.subs_dist").write_text("# comment\n/old /new # why\n\nodd\n")
    return find_base(folder)


def test_the_file_beside_a_base_counts(aliased_base: Base) -> None:
    assert path_aliases(aliased_base) == {"/old": "/new"}


def test_a_pattern_under_another_name_is_told_and_libselinux_agrees(aliased_base: Base, tmp_path: Path) -> None:
    (tmp_path / "m.cil").write_text(
        "(type m_t)(roletype object_r m_t)(typeattributeset file_type (m_t))\n"
        '(filecon "/old/x" file (system_u object_r m_t ((s0) (s0))))\n'
        '(filecon "/new/y" file (system_u object_r m_t ((s0) (s0))))\n'
    )
    built = build([tmp_path], aliased_base)
    assert [(finding.id, finding.line) for finding in built.findings] == [("W-filecon-unreachable", 2)]
    assert built.linked is not None
    got = labels(built.linked.file_contexts, "file", ["/old/x", "/old/y", "/new/x", "/new/y"])
    assert {path for path, context in got.items() if "m_t" in context} == {"/old/y", "/new/y"}
