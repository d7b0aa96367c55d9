# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from tests.policy.tiny import BASE, POLICIES, compile_cil


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    source = POLICIES / "decide_causes.cil"
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("compiled"), source, neverallow=False))


def test_header(policy: CompiledPolicy) -> None:
    assert (policy.version, policy.handle_unknown, policy.mls) == (33, "allow", True)


def test_types(policy: CompiledPolicy) -> None:
    assert policy.types == {"asker", "object", "helper", "parent", "bounded", "sleeper"}
    assert policy.aliases == {"alias": "object"}
    assert policy.permissive == {"asker"}
    assert policy.typebounds == {"bounded": "parent"}


def test_names_and_attributes(policy: CompiledPolicy) -> None:
    assert policy.expand("thing") == {"object", "helper"}
    assert policy.expand("alias") == {"object"}
    assert policy.expand("nope") == frozenset()
    assert policy.attributes_of("helper") == {"domain", "thing"}
    assert policy.attributes_of("alias") == {"thing"}
    assert policy.attributes_of("parent") == frozenset()
    assert policy.resolve("alias") == "object"
    assert policy.resolve("thing") is None


def test_classes_with_the_permissions_of_their_common(policy: CompiledPolicy) -> None:
    assert policy.classes["file"] == {"read", "ioctl", "write", "execute", "entrypoint"}
    assert policy.classes["process"] == {"transition", "ptrace", "signal"}


def test_roles_and_users(policy: CompiledPolicy) -> None:
    assert policy.roles["second"] == {"helper"}
    assert policy.roles["object_r"] == policy.types
    assert policy.users == {"wide": {"first", "second"}, "narrow": {"first"}}


def test_booleans_and_initial_sids(policy: CompiledPolicy) -> None:
    assert policy.booleans == {"use_execute": False, "use_more": False}
    assert str(policy.initial_sids["kernel"]) == "wide:first:asker:s0"


def test_rules(policy: CompiledPolicy) -> None:
    rules = {
        (r.source, r.target, r.tclass, tuple(sorted(r.perms)))
        for r in policy.rules({TeRuleType.ALLOW}, lambda source, _target, tclass: tclass == "process")
    }
    assert rules == {
        ("asker", "asker", "process", ("ptrace", "signal")),
        ("asker", "helper", "process", ("transition",)),
        ("helper", "helper", "process", ("signal",)),
        ("sleeper", "sleeper", "process", ("signal",)),
    }


def test_conditional_rules(policy: CompiledPolicy) -> None:
    rules = {rule.source: rule for rule in policy.rules({TeRuleType.ALLOW}) if rule.condition}
    asker, sleeper = rules["asker"], rules["sleeper"]
    assert asker.condition is not None
    assert (asker.condition.expression, asker.condition.block, asker.enabled) == (
        "use_more || use_execute",
        True,
        False,
    )
    assert asker.condition.booleans == {"use_execute", "use_more"}
    assert sleeper.condition is not None
    assert (sleeper.condition.block, sleeper.enabled) == (False, True)


def test_extended_permissions(policy: CompiledPolicy) -> None:
    (rule,) = policy.rules({TeRuleType.ALLOWXPERM})
    assert rule.perm == "ioctl"
    assert rule.xperms == {0x10, 0x11, 0x12}
    assert not rule.perms


def test_every_access_rule_is_yielded_by_default(policy: CompiledPolicy) -> None:
    kinds = {rule.ruletype for rule in policy.rules()}
    assert kinds == {TeRuleType.ALLOW, TeRuleType.DONTAUDIT, TeRuleType.ALLOWXPERM}


def test_transition_with_a_name_comes_first(policy: CompiledPolicy) -> None:
    assert policy.transition("asker", "alias", "file") == "helper"
    assert policy.transition("asker", "object", "file", "name") == "parent"
    assert policy.transition("asker", "object", "file", "other") == "helper"
    assert policy.transition("asker", "object", "process") is None


def test_range_fault(policy: CompiledPolicy) -> None:
    assert policy.range_fault("wide", "first", "s0-s0:c0.c1") == ""
    assert policy.range_fault("narrow", "first", "s0-s0:c0") == "user narrow may not have range s0-s0:c0"
    assert policy.range_fault("narrow", "object_r", "s0-s0:c0") == ""
    assert policy.range_fault("wide", "first", "s0:c1-s0:c0") == "range s0:c1-s0:c0 is not valid"
    assert policy.range_fault("wide", "first", "") == "no range"


def test_ranges_compare_by_their_levels_whatever_the_categories(policy: CompiledPolicy) -> None:
    same = policy.ranges.compare("s0:c0", "s0:c0")
    assert policy.ranges.compare("s0:c1", "s0:c1") == same
    others = [policy.ranges.compare("s0:c0", other) for other in ("s0", "s0:c1", "s0:c0,c1", "s0-s0:c0")]
    assert len({same, *others}) == 5


def test_rules_are_read_once(policy: CompiledPolicy) -> None:
    again = CompiledPolicy(policy.path)
    assert again.transition("asker", "object", "process") is None
    assert list(again.rules()) == list(policy.rules())
    del again._policy  # whoever reads it anew fails
    assert list(again.rules()) == list(policy.rules())
    assert again.type_rules == policy.type_rules
    allowed = [rule for rule in again.rules() if rule.ruletype is TeRuleType.ALLOW]
    assert allowed
    assert list(again.rules({TeRuleType.ALLOW})) == allowed


@pytest.mark.parametrize("content", [b"", b"policy_module(x, 1.0)", b"\x8c\xff\x7c\xf9" * 9])
def test_what_is_not_a_policy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.33"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"policy\.33 is not a binary policy"):
        CompiledPolicy(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        CompiledPolicy(tmp_path / "none")


@pytest.mark.base
def test_the_base() -> None:
    policy = CompiledPolicy(BASE)
    assert len(policy.types) > 3000
    assert "virtd_t" in policy.attributes["domain"]
    assert "capability2" in policy.classes
    assert policy.initial_sids["unlabeled"].type_ == "unlabeled_t"
    assert policy.transition("init_t", "virtd_exec_t", "process") == "virtd_t"
    assert policy.transition("lvm_t", "var_lock_t", "dir", "lvm") == "lvm_lock_t"
    assert policy.transition("lvm_t", "var_lock_t", "dir") is None


@pytest.mark.base
def test_port_types_with_their_ports() -> None:
    ports = CompiledPolicy(BASE).ports
    assert set(ports["ntop_port_t"]) == {("tcp", 3000, 3001), ("udp", 3000, 3001)}
    assert ("tcp", 443, 443) in ports["http_port_t"]
