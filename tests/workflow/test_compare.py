# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policytool.errors import InputError, UsageError
from policytool.toolchain.base import find_base
from policytool.workflow.compare import MONOLITH, UNCONFINED, compare_policies
from tests.policy.tiny import POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("compare"), POLICIES / "proposals.cil")


def test_on_a_base_without_virtd_t_its_most_powerful_domain_is_the_baseline(policy: Path) -> None:
    result = compare_policies([policy], find_base(policy), UNCONFINED, ["b_t"])
    assert [(row.short, row.row.domain) for row in result.rows] == [
        ("policy.33", "b_t"),
        ("unconfined in the base", "free_t"),
    ]
    assert result.baseline == "unconfined in the base"
    with pytest.raises(InputError, match="the base has no virtd_t to compare with; choose another --baseline"):
        compare_policies([policy], find_base(policy), MONOLITH, ["b_t"])
    with pytest.raises(UsageError, match="name them with -d TYPE"):
        compare_policies([policy], find_base(policy), UNCONFINED)


def test_a_base_whose_own_virtd_t_is_unconfined_is_its_own_baseline(policy: Path, tmp_path: Path) -> None:
    text = (POLICIES / "proposals.cil").read_text().replace("free_t", "virtd_t")
    (tmp_path / "fedora.cil").write_text(text)
    base = find_base(compile_cil(tmp_path, tmp_path / "fedora.cil"))
    result = compare_policies([base.path], base, UNCONFINED, ["b_t"])
    assert [row.row.domain for row in result.rows] == ["b_t", "virtd_t"]
    assert result.rows[-1].row.share == 1.0


def test_without_an_unconfined_domain_nothing_is_made_up(tmp_path: Path) -> None:
    text = (POLICIES / "proposals.cil").read_text().replace("(allow free_t self", "(dontaudit free_t self")
    (tmp_path / "strict.cil").write_text(text)
    base = find_base(compile_cil(tmp_path, tmp_path / "strict.cil"))
    with pytest.raises(InputError, match="none is unconfined; choose --baseline"):
        compare_policies([base.path], base, UNCONFINED, ["b_t"])


def test_a_policy_is_named_by_as_much_of_its_path_as_tells_it_apart(policy: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "before" / "policy.33", tmp_path / "after" / "policy.33", tmp_path / "third.33"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        shutil.copy(policy, path)
    result = compare_policies(paths, find_base(policy), UNCONFINED, ["b_t"])
    assert [row.short for row in result.rows[:3]] == ["before/policy.33", "after/policy.33", "third.33"]
    assert [row.policy for row in result.rows[:3]] == [str(path) for path in paths]
    assert not result.grew
