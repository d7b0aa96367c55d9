# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.surface.beside_rules import BesideRules, beside_rules
from tests.policy.tiny import BASE, POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    source = POLICIES / "decide_causes.cil"
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("beside"), source, neverallow=False))


def test_roles_bounds_and_exemptions(policy: CompiledPolicy) -> None:
    asker = beside_rules(policy, "asker")
    assert (asker.roles, asker.users, asker.permissive) == (("first",), ("narrow", "wide"), True)
    assert beside_rules(policy, "bounded").bound_by == "parent"
    assert beside_rules(policy, "parent").bounds == ("bounded",)
    assert ("bounds", "bounded") in beside_rules(policy, "parent").rows()


def test_only_what_is_there_is_shown() -> None:
    nothing = BesideRules((), (), (), (), (), permissive=False, bound_by="", bounds=())
    assert nothing.rows() == []


@pytest.mark.base
def test_on_the_base() -> None:
    policy = CompiledPolicy(BASE)
    virtd = beside_rules(policy, "virtd_t")
    assert "virtd_exec_t" in virtd.entry_points
    assert "system_r" in virtd.roles
    assert virtd.exemptions == ("can_change_object_identity", "can_change_process_identity")
    assert virtd.ranges == ()
    assert "acpid_t initrc_exec_t:process s0" in beside_rules(policy, "acpid_t").ranges
