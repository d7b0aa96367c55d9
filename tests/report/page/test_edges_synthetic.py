# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.access import Evidence, Use
from policytool.model.cure import Cure
from policytool.report.page.edges import ObjectGroup, TypeOwners, edges_of

OWNERS = TypeOwners({"a_t": frozenset({"a_conf_t"})}, frozenset({"sibling_t"}), ("base",), frozenset({"proc_t"}))


def access(
    target: str, tclass: str, perm: str, cure: Cure = Cure.ALLOW, *uses: tuple[Use, int], source: str = "a_t"
) -> ExplainedAccess:
    return ExplainedAccess((source, target, tclass, perm), cure, "", Evidence(3, 0, 0, uses))


def test_whose_an_object_is() -> None:
    rows = [
        access("a_conf_t", "file", "read"),
        access("a_t", "process", "fork"),
        access("a_t", "capability", "chown"),
        access("etc_t", "file", "read"),
        access("proc_t", "file", "read"),
        access("sibling_t", "fifo_file", "write"),
        access("a_t", "fd", "use", source="init_t"),
    ]
    found = {(edge.source, edge.target, edge.tclass): edge.whose for edge in edges_of(evidence(*rows), OWNERS)}
    assert found == {
        ("a_t", "a_conf_t", "file"): ObjectGroup.OWN,
        ("a_t", "a_t", "process"): ObjectGroup.OWN,
        ("a_t", "a_t", "capability"): ObjectGroup.KERNEL,
        ("a_t", "etc_t", "file"): ObjectGroup.SYSTEM,
        ("a_t", "proc_t", "file"): ObjectGroup.KERNEL,
        ("a_t", "sibling_t", "fifo_file"): ObjectGroup.FAMILY,
        ("init_t", "a_t", "fd"): ObjectGroup.OTHERS,
    }


def test_an_edge_is_of_one_cure_and_has_all_permissions_of_it() -> None:
    use = Use("trace", "/usr/sbin/a", "openat", "/etc/x")
    rows = [
        access("etc_t", "file", "read", Cure.ALLOW, (use, 2)),
        access("etc_t", "file", "open", Cure.ALLOW, (use, 3), (Use("trace", "/usr/sbin/a", "stat", "/etc/y"), 1)),
        access("etc_t", "file", "execmod", Cure.REFUSED),
    ]
    allowed, refused = edges_of(evidence(*rows), OWNERS)
    assert allowed.perms == (("open", 3), ("read", 3))
    assert [count for _, count in allowed.uses] == [3, 1]
    assert (refused.cure, refused.perms) == (Cure.REFUSED, (("execmod", 3),))
    assert [allowed.number, refused.number] == [0, 1]
    assert allowed.label == "etc_t:file"


def evidence(*rows: ExplainedAccess) -> ModuleEvidence:
    return ModuleEvidence("a", "a_t", rows)
