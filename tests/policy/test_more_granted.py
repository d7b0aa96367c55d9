# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

from policytool.policy.allowed_perms import AllowedPerms
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.more_granted import more_granted
from tests.policy.tiny import POLICIES, compile_cil

RULES = """
(typeattribute readers)
(typeattributeset readers (a_t b_t))
(allow readers home_t (file (read)))
(allow c_t home_t (file (open)))
(boolean open_files false)
"""


def made(folder: Path, more: str) -> CompiledPolicy:
    folder.mkdir()
    (folder / "more.cil").write_text(RULES + more)
    return CompiledPolicy(compile_cil(folder, POLICIES / "proposals.cil", folder / "more.cil"))


def test_what_is_granted_more(tmp_path: Path) -> None:
    before = made(tmp_path / "before", "")
    assert more_granted(before, before) == frozenset()
    after = made(
        tmp_path / "after",
        """
        (typeattributeset readers (d_t))
        (allow a_t home_t (file (read)))
        (allow c_t home_t (file (open read)))
        (booleanif open_files (true (allow e_t home_t (file (write)))))
        (allow b_t domain (process (transition)))
        """,
    )
    found = more_granted(before, after)
    assert {access for access in found if access[2] == "file"} == {
        ("d_t", "home_t", "file", "read"),
        ("c_t", "home_t", "file", "read"),
        ("e_t", "home_t", "file", "write"),
    }
    assert ("b_t", "f_t", "process", "transition") in found
    assert more_granted(after, before) == frozenset()


def test_rules_are_asked_with_attributes(tmp_path: Path) -> None:
    allowed = AllowedPerms(
        made(tmp_path / "one", "(booleanif open_files (true (allow e_t home_t (file (write)))))")
    )
    assert allowed.perms("a_t", "home_t", "file") == {"read"}
    assert allowed.perms("c_t", "home_t", "file") == {"open"}
    assert allowed.perms("e_t", "home_t", "file") == frozenset(), "the boolean is off"
