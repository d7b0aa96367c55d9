# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.xperms import XpermRules
from tests.policy.tiny import POLICIES, compile_cil
from tests.synthetic import vector


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> XpermRules:
    source = POLICIES / "replay_xperms.cil"
    return XpermRules(CompiledPolicy(compile_cil(tmp_path_factory.mktemp("xperms"), source)))


@pytest.mark.parametrize(
    ("source", "target", "commands", "outside"),
    [
        ("a_t", "dev_t", {0x5401}, set()),
        ("a_t", "dev_t", {0x5401, 0x9999}, {0x9999}),
        ("a_t", "dev_t", {0x5500, 0x55FF, 0x5600}, {0x5600}),
        ("a_t", "free_t", {0x9999}, set()),
        ("b_t", "dev_t", {0x5401}, set()),
        ("a_t", "dev_t", set(), set()),
    ],
)
def test_commands_outside(
    rules: XpermRules, source: str, target: str, commands: set[int], outside: set[int]
) -> None:
    seen = vector(source, target, "chr_file", "ioctl", xperms=frozenset(commands))
    assert rules.outside(seen) == outside
