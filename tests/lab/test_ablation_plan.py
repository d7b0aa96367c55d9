# SPDX-License-Identifier: GPL-2.0-or-later
"""What is taken away in which scenarios; evidence and scenarios are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.lab.ablation_plan import Planned, plan
from policytool.model.access import AccessKey, Evidence, Use

LENGTH = {"a-long": 3, "a-short": 1, "b-work": 2}


def key(perm: str) -> AccessKey:
    return "labd_t", "labd_t", "capability", perm


@pytest.fixture
def payload(tmp_path: Path) -> dict[str, Path]:
    files = {"steps": "", "guest.xml": "<domain/>"}
    files |= {f"{name}.sh": "step labd x true\n" * count for name, count in LENGTH.items()}
    files["a-short.sh"] += "virsh create /mnt/guest.xml\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in files}


def evidence(**scenarios: tuple[str, ...]) -> list[ModuleEvidence]:
    """Return one in which each permission was asked for in its SCENARIOS."""
    rows = [
        ExplainedAccess(
            key(perm),
            Cure.ALLOW,
            "",
            Evidence(1, 0, 0, tuple((Use(name, "/usr/sbin/labd", "x", "/y"), 1) for name in names)),
        )
        for perm, names in scenarios.items()
    ]
    return [ModuleEvidence("labd", "labd_t", tuple(rows))]


def shape(planned: tuple[Planned, ...]) -> list[tuple[str, set[str], list[str]]]:
    return [
        (part.name, {name for name in part.payload if name.endswith(".sh")}, sorted(key[3] for key in part.doubted))
        for part in planned
    ]


def test_each_permission_is_tried_in_the_shortest_scenario_that_asked_for_it(payload: dict[str, Path]) -> None:
    seen = evidence(chown=("a-long", "a-short", "boot"), kill=("a-long", "b-work"), setuid=("a-long",))
    # Where a scenario is run anyway, all that it asked for is in doubt in it.
    found = plan([key("chown"), key("kill"), key("setuid")], seen, payload)
    assert shape(found) == [
        ("a-short", {"a-short.sh"}, ["chown"]),
        ("b-work", {"b-work.sh"}, ["kill"]),
        ("a-long", {"a-long.sh"}, ["chown", "kill", "setuid"]),
    ]
    assert found[0].payload.keys() == {"a-short.sh", "steps", "guest.xml"}
    assert found[1].payload.keys() == {"b-work.sh", "steps"}


def test_each_program_and_system_call_that_asked_is_tried(payload: dict[str, Path]) -> None:
    uses = (
        (Use("a-long", "/usr/sbin/labd", "ioctl", "/y"), 1),
        (Use("a-short", "/usr/sbin/labd", "bpf", ""), 2),
        (Use("b-work", "/usr/sbin/helper", "bpf", ""), 2),
    )
    rows = (ExplainedAccess(key("net_admin"), Cure.ALLOW, "", Evidence(5, 0, 0, uses)),)
    found = plan([key("net_admin")], [ModuleEvidence("labd", "labd_t", rows)], payload)
    assert shape(found) == [(name, {f"{name}.sh"}, ["net_admin"]) for name in ("a-short", "b-work", "a-long")]


def test_what_no_scenario_is_known_to_ask_for_is_tried_in_all(payload: dict[str, Path]) -> None:
    found = plan([key("chown"), key("kill")], evidence(chown=("a-short",), kill=("gone",)), payload)
    assert shape(found) == [
        ("a-short", {"a-short.sh"}, ["chown"]),
        ("all of b", {"b-work.sh"}, ["kill"]),
        ("all of a", {"a-long.sh", "a-short.sh"}, ["kill"]),
    ]


def test_everywhere_comes_after_where_it_was_asked_for(payload: dict[str, Path]) -> None:
    found = plan([key("chown")], evidence(chown=("b-work",)), payload, everywhere=True)
    assert [(part.name, len(part.doubted)) for part in found] == [("b-work", 1), ("all of b", 1), ("all of a", 1)]
