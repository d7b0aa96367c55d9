# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.link import Linked, link
from policytool.workflow.linked_policy import base_policy, linked_policy


@pytest.fixture
def linked(small_base: Base, tmp_path: Path) -> Linked:
    found = link(small_base, {})
    assert isinstance(found, Linked)
    shutil.copy(found.policy, tmp_path / "policy")
    return Linked(tmp_path / "policy", found.file_contexts)


@pytest.mark.base
def test_rules_are_kept_and_are_the_same(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = CompiledPolicy(linked.policy)
    first = linked_policy(linked)
    assert list(first.rules()) == list(plain.rules())
    assert sorted(path.name for path in linked.policy.parent.iterdir()) == ["policy", "rules"]
    monkeypatch.setattr("policytool.policy.compiled.read_rules", lambda policy: pytest.fail("they are kept"))
    again = linked_policy(linked)
    assert list(again.rules()) == list(plain.rules())
    assert again.type_rules == plain.type_rules
    assert again.conditions == plain.conditions
    turned = {name: not on for name, on in plain.booleans.items()}
    assert under_one(linked_policy(linked, turned)) == [not enabled for enabled in under_one(plain)]


def under_one(policy: CompiledPolicy) -> list[bool]:
    """Return which rules are in force, of those under a single boolean."""
    return [rule.enabled for rule in policy.rules() if rule.condition and len(rule.condition.booleans) == 1]


@pytest.mark.base
def test_what_is_no_table_is_read_anew(linked: Linked) -> None:
    kept = linked.policy.with_name("rules")
    kept.write_bytes(b"{}\n")
    assert any(linked_policy(linked).rules({TeRuleType.ALLOW}))
    assert len(kept.read_bytes()) > 1000


@pytest.mark.base
def test_a_cache_that_cannot_be_written_is_no_failure(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert any(linked_policy(linked).rules({TeRuleType.ALLOW}))
    assert not linked.policy.with_name("rules").exists()


@pytest.mark.base
def test_nothing_is_written_beside_a_compiled_base(linked: Linked) -> None:
    base = find_base(linked.policy)
    assert base.compiled
    assert any(base_policy(base).rules({TeRuleType.ALLOW}))
    assert [path.name for path in linked.policy.parent.iterdir()] == ["policy"]
