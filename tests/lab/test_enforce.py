# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from policytool.cli.lab import enforcement_text
from policytool.lab.denials import Denial
from policytool.lab.enforce import Enforcement
from policytool.lab.filtered import FilteredCall
from policytool.lab.machine_policy import LabPolicy
from policytool.lab.session import Session
from policytool.lab.status import Status, Step
from policytool.toolchain.link import Linked

OTHER = Denial("auditctl_t", "initrc_t", "fd", "use", 3)
OF_LXC = Denial("virtd_lxc_t", "proc_t", "file", "read", 2)


def enforcement(denials: tuple[Denial, ...], others: tuple[Denial, ...]) -> Enforcement:
    status = Status(notes={"lost-before": "0", "lost-after": "0"})
    nowhere = Path("/nonexistent")
    return Enforcement(
        steps=(Step("s", "virtlxcd", "start", True), Step("s", "libvirt_lxc", "console", True)),
        denials=denials,
        others=others,
        domains=("virtd_lxc_t", "virtlxcd_t"),
        domain_of={"virtlxcd": "virtlxcd_t", "libvirt_lxc": "virtd_lxc_t"},
        policy=LabPolicy(Linked(nowhere, nowhere), {}, entered=frozenset({"lvm_t"}), further=frozenset({"kmod_t"})),
        session=Session(status, nowhere, nowhere, 1.0),
        errors=(),
        hashes={},
    )


def test_denials_of_domains_that_no_tested_one_enters_are_listed_apart_and_are_no_finding() -> None:
    done = enforcement((), (OTHER,))
    assert done.clean
    document = done.document()
    assert document["denials"] == []
    assert document["others"] == [
        {
            "source": "auditctl_t",
            "target": "initrc_t",
            "tclass": "fd",
            "perm": "use",
            "count": 3,
            "refused": None,
            "programs": [],
            "paths": [],
        }
    ]
    assert (document["entered"], document["further"]) == (["lvm_t"], ["kmod_t"])
    text = enforcement_text(done)
    assert "no finding: 1 distinct denials of domains that no tested one enters (auditctl_t)" in text
    assert "0 distinct denials, 0 refused on purpose" in text
    many = tuple(replace(OTHER, source=f"d{number}_t") for number in range(7))
    assert "(d0_t, d1_t, d2_t, d3_t, d4_t, …)" in enforcement_text(enforcement((), many))
    assert "no finding" not in enforcement_text(enforcement((), ()))


def test_a_daemon_is_counted_by_the_domain_of_its_programs() -> None:
    done = enforcement((OF_LXC,), ())
    assert not done.clean
    assert done.rows() == [("virtlxcd", 1, 0, 0), ("libvirt_lxc", 1, 0, 1)]
    # A step of a daemon that nobody knows counts no denial, and hides no domain.
    strange = replace(done, steps=(Step("s", "virtd_lxc", "start", True),))
    assert strange.rows() == [("virtd_lxc", 1, 0, 0), ("virtd_lxc_t", 0, 0, 1), ("virtlxcd_t", 0, 0, 0)]


def test_a_call_that_a_filter_refuses_is_a_denial_of_its_domain() -> None:
    call = FilteredCall("virtlxcd_t", "/usr/sbin/virtlxcd", "socket", 4)
    done = replace(enforcement((), ()), filtered=(call,))
    assert not done.clean
    assert done.rows() == [("virtlxcd", 1, 0, 1), ("libvirt_lxc", 1, 0, 0)]
    assert done.document()["filtered"] == [
        {"domain": "virtlxcd_t", "program": "/usr/sbin/virtlxcd", "call": "socket", "count": 4}
    ]
    (line,) = (line for line in enforcement_text(done).splitlines() if "socket" in line)
    assert line.split() == ["virtlxcd_t", "/usr/sbin/virtlxcd", "socket", "4"]
