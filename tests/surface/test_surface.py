# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.policy.compiled import CompiledPolicy
from policytool.report.document import diff_document, row_document
from policytool.surface.domain_transitions import DomainTransition
from policytool.surface.side_by_side import GrantChange, compare, diff
from policytool.surface.surface import (
    PrivilegeSurface,
    surfaces_of,
)
from tests.policy.tiny import BASE, POLICIES, compile_cil

FLOOR = {
    ("etc_t", "file", "read"),
    ("daemon_exec_t", "file", "read"),
    ("helper_exec_t", "file", "read"),
    ("daemon_t", "process", "signal"),
}
OWN = {
    ("etc_t", "file", "write"),
    ("secret_t", "file", "write"),
    ("daemon_t", "capability", "sys_admin"),
    ("daemon_t", "capability", "chown"),
    ("daemon_t", "cap_userns", "sys_admin"),
    ("helper_exec_t", "file", "execute"),
    ("fixed_disk_device_t", "blk_file", "read"),
    ("helper_t", "process", "transition"),
}
EXECMEM = ("daemon_t", "process", "execmem")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    source = POLICIES / "surface_domains.cil"
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("surface"), source))


@pytest.fixture(scope="module")
def surfaces(policy: CompiledPolicy) -> Mapping[str, PrivilegeSurface]:
    return surfaces_of(policy, ("other_t", "daemon_t"))


def test_every_triple_and_no_other(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    daemon = surfaces["daemon_t"]
    assert set(daemon.stored) == FLOOR | OWN
    assert set(daemon.every) == FLOOR | OWN | {EXECMEM}
    assert (len(daemon.stored), len(daemon.every)) == (12, 13)
    assert (daemon.rules + 1, daemon.permissive) == (daemon.every_rules, False)


def test_floor_is_what_attributes_give(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    assert set(surfaces["daemon_t"].floor) == FLOOR


def test_capabilities_and_types(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    daemon = surfaces["daemon_t"]
    assert daemon.capabilities == (
        ("cap_userns", "sys_admin"),
        ("capability", "chown"),
        ("capability", "sys_admin"),
    )
    assert daemon.object_types == (
        "daemon_exec_t",
        "daemon_t",
        "etc_t",
        "fixed_disk_device_t",
        "helper_exec_t",
        "helper_t",
        "secret_t",
    )


def test_transitions_need_a_program_that_both_sides_allow(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    assert surfaces["daemon_t"].transitions == (
        DomainTransition("helper_t", ("helper_exec_t",), ("helper_exec_t",)),
    )
    jump, helper = DomainTransition("jump_t", ()), DomainTransition("helper_t", ("daemon_exec_t", "helper_exec_t"))
    assert surfaces["other_t"].transitions == (helper, jump)
    assert jump.dynamic
    assert not helper.dynamic


def test_dangers_name_permissions_and_targets(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    found = {danger.name: danger for danger in surfaces["daemon_t"].dangers}
    assert list(found) == ["sys_admin", "write_security", "raw_disk_read"]
    assert found["write_security"].perms == (("file", "write"),)
    assert found["write_security"].examples == ("secret_t",)
    assert found["sys_admin"].targets == 1
    assert all(danger.why for danger in found.values())
    assert [danger.name for danger in surfaces["other_t"].dangers] == ["unlabeled"]
    assert surfaces["other_t"].permissive


def test_an_alias_is_its_type(policy: CompiledPolicy, surfaces: Mapping[str, PrivilegeSurface]) -> None:
    assert surfaces_of(policy, ["old_t"])["old_t"] == surfaces["daemon_t"]


def test_no_such_domain(policy: CompiledPolicy) -> None:
    with pytest.raises(InputError, match="no type nope_t"):
        surfaces_of(policy, ["nope_t"])


def test_rows_are_in_order_and_measured_against_the_baseline(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    daemon, other = surfaces["daemon_t"], surfaces["other_t"]
    rows = compare((daemon, other), daemon)
    assert [row.domain for row in rows] == ["daemon_t", "other_t"]
    assert rows[0].share == 1.0
    assert row_document(rows[0]) == {
        "domain": "daemon_t",
        "triples": {"stored": 12, "every": 13, "floor": 4},
        "share": 1.0,
        "floor_share": 0.333333,
        "rules": daemon.rules,
        "object_types": 7,
        "capabilities": 2,
        "transitions": 1,
        "dangers": ["sys_admin", "write_security", "raw_disk_read"],
        "permissive": False,
    }


def test_difference_of_two_policies(tmp_path_factory: pytest.TempPathFactory, policy: CompiledPolicy) -> None:
    directory = tmp_path_factory.mktemp("grown")
    text = (POLICIES / "surface_domains.cil").read_text()
    # A type that sorts first moves the bits of all the others.
    text += "(type aaa_t)(allow daemon_t aaa_t (file (read)))(allow daemon_t etc_t (file (execute)))"
    text = text.replace("(allow daemon_t secret_t (file (write)))", "").replace(
        "(boolean use_memory false", "(boolean use_memory true"
    )
    (directory / "grown.cil").write_text(text)
    before = surfaces_of(policy, ["daemon_t"])["daemon_t"]
    grown = CompiledPolicy(compile_cil(directory, directory / "grown.cil"))
    after = surfaces_of(grown, ["daemon_t"])["daemon_t"]
    change = diff(before, after)
    assert change.changes == (
        GrantChange("aaa_t", "file", ("read",), ()),
        GrantChange("daemon_t", "process", ("execmem",), ()),
        GrantChange("etc_t", "file", ("execute",), ()),
        GrantChange("secret_t", "file", (), ("write",)),
    )
    assert (change.added, change.removed, change.grew, change.dangers) == (3, 1, True, ("execmem",))
    assert diff_document(change)["changes"][0] == {  # type: ignore[index]
        "target": "aaa_t",
        "class": "file",
        "added": ["read"],
        "removed": [],
    }
    back = diff(after, before)
    assert (back.added, back.removed) == (1, 3)


def test_difference_of_two_domains_takes_each_itself_for_the_same(surfaces: Mapping[str, PrivilegeSurface]) -> None:
    change = diff(surfaces["daemon_t"], surfaces["other_t"])
    assert GrantChange("other_t", "capability", (), ("chown", "sys_admin")) in change.changes
    assert "signal" not in {
        perm for item in change.changes if item.target == "other_t" for perm in (*item.added, *item.removed)
    }


def test_attributes_of_the_module_itself_are_no_floor(tmp_path: Path, policy: CompiledPolicy) -> None:
    source = tmp_path / "factored.cil"
    ours = "(typeattribute ours)(typeattributeset ours (daemon_t other_t))(allow ours etc_t (file (execute)))"
    source.write_text((POLICIES / "surface_domains.cil").read_text() + ours)
    factored = CompiledPolicy(compile_cil(tmp_path, source))
    execute = ("etc_t", "file", "execute")
    assert set(surfaces_of(factored, ["daemon_t"])["daemon_t"].floor) == FLOOR | {execute}
    with_base = surfaces_of(factored, ("daemon_t",), policy)["daemon_t"]
    assert set(with_base.floor) == FLOOR
    assert execute in with_base.stored


@pytest.fixture(scope="module")
def base() -> CompiledPolicy:
    return CompiledPolicy(BASE)


def naive_count(domain: str, *, all_rules: bool) -> int:
    """Count with setools' own tool and sets of tuples, sharing no code with what is tested."""
    import setools

    policy = setools.SELinuxPolicy(str(BASE))
    query = setools.TERuleQuery(policy, ruletype=["allow"], source=domain, source_indirect=True)
    triples = set()
    for rule in query.results():
        if all_rules or not hasattr(rule, "conditional") or rule.enabled():
            for target in rule.target.expand():
                triples |= {(str(target), str(rule.tclass), perm) for perm in rule.perms}
    return len(triples)


@pytest.mark.base
def test_virtd_as_counted_naively(base: CompiledPolicy) -> None:
    virtd = surfaces_of(base, ["virtd_t"])["virtd_t"]
    assert len(virtd.every) == naive_count("virtd_t", all_rules=True)
    assert len(virtd.stored) == naive_count("virtd_t", all_rules=False)
    assert 22_000 < len(virtd.stored) < len(virtd.every) < 24_000
    assert {"lvm_t", "dnsmasq_t", "svirt_t"} <= {transition.target for transition in virtd.transitions}
    assert {"raw_disk_write", "sys_admin"} <= {danger.name for danger in virtd.dangers}


@pytest.mark.base
def test_sesearch_has_as_many_rules(base: CompiledPolicy) -> None:
    found = subprocess.run(
        ["/usr/bin/sesearch", "-A", "-s", "virtlogd_t", str(BASE)], capture_output=True, text=True, check=True
    )
    lines = [line for line in found.stdout.splitlines() if line.startswith("allow ")]
    assert surfaces_of(base, ["virtlogd_t"])["virtlogd_t"].every_rules == len(lines)


@pytest.mark.base
def test_the_unconfined_domain_is_counted_without_making_its_triples(base: CompiledPolicy) -> None:
    found = surfaces_of(base, ("unconfined_t", "virtd_t", "virtlogd_t", "init_t"))
    assert 1_200_000 < len(found["unconfined_t"].every) < 1_400_000
    assert found["virtlogd_t"].capabilities == ()
    assert not diff(found["unconfined_t"], found["unconfined_t"]).grew
