# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.lab.denials import count_denials, expected_denials, sort_out, touching
from policytool.model.access import AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext


def vector(source: str, target: str, result: Result, permissive: bool | None, count: int = 1) -> AccessVector:
    use = Use("t", "/usr/bin/x", "open", "/p")
    subject, object_ = (SecurityContext.parse(f"system_u:system_r:{type_}:s0") for type_ in (source, target))
    return AccessVector(
        subject, object_, "file", "read", result, permissive, Evidence(count, 0, 0, ((use, count),))
    )


def test_a_denial_counts_on_either_side_whatever_permissive_says() -> None:
    seen = [
        vector("ours_t", "etc_t", Result.DENIED, False, 2),
        vector("ours_t", "etc_t", Result.DENIED, True, 3),
        vector("init_t", "ours_t", Result.DENIED, True),
        vector("ours_t", "proc_t", Result.GRANTED, None),
        vector("init_t", "etc_t", Result.DENIED, False),
    ]
    every = count_denials(seen)
    found = touching(every, {"ours_t", "svirt_t"})
    assert [(denial.source, denial.target, denial.count) for denial in found] == [
        ("init_t", "ours_t", 1),
        ("ours_t", "etc_t", 5),
    ]
    assert found[1].uses == (Use("t", "/usr/bin/x", "open", "/p"),)
    assert touching(every, {"svirt_t"}) == ()
    assert [(denial.source, denial.target) for denial in set(every) - set(found)] == [("init_t", "etc_t")]


def test_before_the_first_scenario_init_runs_the_helpers() -> None:
    helper = vector("udev_t", "udev_t", Result.DENIED, False)
    own = vector("ours_t", "udev_t", Result.DENIED, False, 2)
    stranger = vector("cron_t", "etc_t", Result.DENIED, False)
    parts = [("boot", [helper, own]), ("zz-switch", [own, stranger])]
    denials, others = sort_out(parts, {"ours_t"}, {"ours_t", "udev_t"}, {})
    assert [(denial.source, denial.count) for denial in denials] == [("ours_t", 4)]
    assert [denial.source for denial in others] == ["cron_t", "udev_t"]
    denials, _ = sort_out([("zz-switch", [helper])], {"ours_t"}, {"ours_t", "udev_t"}, {})
    assert [denial.source for denial in denials] == ["udev_t"]


def test_what_the_modules_leave_without_a_cure_is_marked_also_beside_a_rule() -> None:
    relabel = ("ours_t", "home_t", "file", "relabelto")
    told = {Cure.ALLOW: "", Cure.CONSTRAINT: "constrain file …", Cure.REFUSED: "a neverallow rule"}
    keys = {Cure.REFUSED: ("ours_t", "etc_t", "file", "read")}
    accesses = tuple(
        ExplainedAccess(keys.get(cure, relabel), cure, reason, Evidence(1, 0, 0, ()))
        for cure, reason in told.items()
    )
    reasons = expected_denials([ModuleEvidence("ours", "ours_t", accesses)])
    assert reasons == {relabel: "constrain file …", keys[Cure.REFUSED]: "a neverallow rule"}
    seen = [vector("ours_t", target, Result.DENIED, False) for target in ("etc_t", "proc_t")]
    assert [denial.refused for denial in count_denials(seen, reasons)] == ["a neverallow rule", ""]
