# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of tiny policies, through the real compiler: the second has a restriction less, and no allow rule more."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.surface.loosened import loosened
from tests.policy.tiny import compile_cil

TIGHT = """
(mls true)
(class file (read ioctl))
(class process (transition))
(classorder (unordered file process))
(sid kernel)
(sid security)
(sid unlabeled)
(sidorder (kernel security unlabeled))
(sensitivity s0)
(sensitivityorder (s0))
(category c0)
(category c1)
(categoryorder (c0 c1))
(sensitivitycategory s0 (range c0 c1))
(user u)
(user v)
(role r)
(role q)
(userrole u r)
(userrole v r)
(userlevel u (s0))
(userlevel v (s0))
(userrange u ((s0) (s0 (c0))))
(userrange v ((s0) (s0 (c0))))
(type a_t)
(type b_t)
(type parent_t)
(typeattribute exempt)
(typeattributeset exempt parent_t)
(roletype r a_t)
(roletype r b_t)
(roletype r parent_t)
(sidcontext kernel (u r a_t ((s0) (s0))))
(sidcontext security (u r a_t ((s0) (s0))))
(sidcontext unlabeled (u r a_t ((s0) (s0))))
(constrain (file (read)) (or (eq u1 u2) (eq t1 exempt)))
(allow a_t b_t (file (read ioctl)))
(allow parent_t b_t (file (read ioctl)))
(allow parent_t parent_t (file (read)))
(allowx a_t b_t (ioctl file (0x5401)))
(typebounds parent_t b_t)
"""


def policy(folder: Path, text: str) -> CompiledPolicy:
    folder.mkdir()
    (folder / "policy.cil").write_text(text)
    return CompiledPolicy(compile_cil(folder, folder / "policy.cil"))


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    return policy(tmp_path_factory.mktemp("tight") / "policy", TIGHT)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("(roletype r b_t)", "(roletype r b_t)(roletype q b_t)", "role q may have the type b_t"),
        ("(userrole v r)", "(userrole v r)(userrole v q)", "user v may have the role q"),
        ("(userrange v ((s0) (s0 (c0))))", "(userrange v ((s0) (s0 (c0 c1))))", "user v has the range s0-s0:c0.c1"),
        ("(roletype r a_t)", "(roletype r a_t)(roleallow r q)", "role r may change to role q"),
        ("(typebounds parent_t b_t)", "", "type b_t is no longer bounded by parent_t"),
        ("exempt parent_t", "exempt (parent_t a_t)", "a constraint names a_t now: constrain file"),
        ("(allowx a_t b_t (ioctl file (0x5401)))", "", "a_t b_t:file ioctl is no longer narrowed by allowxperm"),
        ("(file (0x5401))", "(file (0x5401))", ""),
        ("ioctl file (0x5401)", "ioctl file ((range 0x5401 0x5403))", "2 commands more: 0x5402, 0x5403"),
        ("(file (read ioctl)))\n(allowx a_t b_t (ioctl file (0x5401)))", "(file (read)))", ""),
        ("(type b_t)", "(type b_t)(type new_t)(roletype q new_t)", ""),
    ],
)
def test_a_restriction_less_is_told(tight: CompiledPolicy, tmp_path: Path, old: str, new: str, said: str) -> None:
    after = policy(tmp_path / "policy", TIGHT.replace(old, new, 1))
    found = loosened(tight, after)
    assert bool(found) == bool(said)
    assert all(said in text for text in found)
    tightened = loosened(after, tight)
    assert not tightened or said.startswith("a constraint")
