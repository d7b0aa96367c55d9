# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.toolchain.base import Base, find_base
from policytool.toolchain.exempted import exempted

SYNTHETIC = """\
(typeattributeset mine_typeattr_1 (not (readers writer_t ) ))
(typeattributeset mine_typeattr_2 (and (domain ) (not (readers ) )))
(typeattributeset mine_typeattr_3 (and (domain ) (helpers ) ))
"""


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("mine_typeattr_1", ("readers", "writer_t")),
        ("mine_typeattr_2", ("readers",)),
        ("mine_typeattr_3", ()),
        ("mine_typeattr", ()),
        ("other_typeattr_1", ()),
        ("domain", ()),
    ],
)
def test_names_below_a_not_are_taken_out(tmp_path: Path, name: str, names: tuple[str, ...]) -> None:
    (tmp_path / "mine.cil").write_text(SYNTHETIC)
    assert exempted(find_base(tmp_path), name) == names


@pytest.mark.base
def test_the_distributions_base_exempts_those_that_read_raw_disks(base: Base) -> None:
    found = [exempted(base, f"base_typeattr_{number}") for number in range(1, 40)]
    assert any("fixed_disk_raw_read" in names for names in found)
