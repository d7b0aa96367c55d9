# SPDX-License-Identifier: GPL-2.0-or-later
"""Permissions taken away until it is known which are needed; the machine is played, by the policy it boots with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from policytool.errors import UsageError
from policytool.lab import ablate as module
from policytool.lab.ablate import Ablation, Permission, ablate, read_ablation
from policytool.lab.image import Image, Told
from policytool.lab.machine_policy import LabPolicy
from policytool.lab.session import Session
from policytool.lab.status import Status
from policytool.lab.vm import Lost, LostVmError
from policytool.model.access import AccessKey
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.toolchain.base import Base
from tests.synthetic import vector

CIL = """\
(type labd_t)
(roletype system_r labd_t)
(typeattributeset domain (labd_t))
(allow labd_t self (capability (chown net_admin sys_admin)))
(allow labd_t self (process (signal execmem)))
(allow labd_t etc_t (file (read)))
"""

# What each step asks for; it fails without the first.
STEPS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("a-work", "start"): ("", "chown", "net_admin"),
    ("a-work", "mount"): ("sys_admin",),
    ("b-work", "start"): ("", "chown", "sys_admin"),
}


class Played:
    """Plays the machine: asks the policy it boots with."""

    def __init__(self) -> None:
        self.boots: list[list[str]] = []
        self.lost = 0

    def boot(
        self, image: Image, policy: LabPolicy, payload: Mapping[str, Path], folder: Path, told: Told, **_: object
    ) -> Session:
        if self.lost:
            self.lost -= 1
            raise LostVmError(Lost.HANG, "hangs")
        assert "policytool step" in payload["steps"].read_text()
        assert payload["steps-plain"].read_text() == "steps"
        scripts = [name.removesuffix(".sh") for name in payload if name.endswith(".sh")]
        self.boots.append(scripts)
        status, log = Status(), []
        with Decider(CompiledPolicy(policy.linked.policy)) as decider:
            for (scenario, step), perms in STEPS.items():
                if scenario not in scripts:
                    continue
                log += [f"text=policytool scenario {scenario}", f"text=policytool step labd {step}"]
                allowed = {perm: decider.decide(vector(*KEY, perm)).allowed for perm in perms if perm}
                log += [
                    f"avc:  denied  {{ {perm} }} for  pid=1 comm=labd scontext=system_u:system_r:labd_t:s0 "
                    "tcontext=system_u:system_r:labd_t:s0 tclass=capability permissive=0"
                    for perm, ok in allowed.items()
                    if not ok
                ]
                ok = allowed.get(perms[0], True)
                status.read(f"SCENARIO {scenario}")
                status.read(f"STEP labd {step} {'ok' if ok else 'FAIL'}")
                if not ok:
                    status.read("OUT not permitted")
        audit_log = folder / "audit.log"
        audit_log.write_text(
            "".join(
                f"type={'AVC' if 'avc:' in line else 'USER'} msg=audit(1700000000.000:{number}): {line}\n"
                for number, line in enumerate(log)
            )
        )
        status.notes = {"lost-before": "0", "lost-after": "0"}
        return Session(status, audit_log, folder, 1.0)


KEY = ("labd_t", "labd_t", "capability")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, virt_base: Base) -> Played:
    machine = Played()
    monkeypatch.setattr(module, "boot", machine.boot)
    monkeypatch.setattr(module, "image_base", lambda image: virt_base)
    return machine


def tried(
    tmp_path: Path,
    wanted: frozenset[AccessKey] | None = None,
    scripts: Sequence[str] = ("a-work.sh", "b-work.sh"),
    before: Ablation | None = None,
) -> Ablation:
    kept: list[Ablation] = []
    modules = tmp_path / "modules"
    modules.mkdir(exist_ok=True)
    (modules / "labd.cil").write_text(CIL)
    payload = {}
    for name in (*scripts, "steps"):
        payload[name] = tmp_path / name
        payload[name].write_text(name)
    state = tmp_path / "state"
    return ablate(Image(tmp_path, "key"), [modules], payload, wanted, before, state, kept.append, lambda line: None)


@pytest.mark.base
def test_what_no_step_needs_is_told_from_what_one_does(played: Played, tmp_path: Path) -> None:
    done = tried(tmp_path)
    assert [(row["perm"], row["verdict"], row["step"], row["asked"]) for row in done["permissions"]] == [
        ("chown", "spare", [], True),
        ("net_admin", "spare", [], True),
        ("sys_admin", "needed", ["a-work", "labd", "mount"], False),
        ("execmem", "spare", [], False),
    ]
    assert done["permissions"][2]["said"] == ["not permitted"]
    assert done["permissions"][0]["batches"] == ["all of a", "all of b"]
    # b needs no second boot: what a needs is not taken away any more.
    assert done["boots"] == {"all of a": 2, "all of b": 1}


@pytest.mark.base
def test_what_is_done_is_not_done_again_and_a_lost_machine_is_tried_once_more(
    played: Played, tmp_path: Path
) -> None:
    played.lost = 1
    first = tried(tmp_path)
    boots = len(played.boots)
    assert tried(tmp_path) == first
    assert len(played.boots) == boots
    next((tmp_path / "state").glob("all-of-b-*.json")).write_text("{")
    assert tried(tmp_path) == first
    assert played.boots[boots:] == [["b-work"]]


@pytest.mark.base
def test_what_a_run_beside_this_one_found_is_known(played: Played, tmp_path: Path) -> None:
    first = tried(tmp_path, scripts=("a-work.sh",))
    assert {row["perm"]: row["verdict"] for row in first["permissions"]}["sys_admin"] == "needed"
    boots = len(played.boots)
    second = tried(tmp_path, scripts=("b-work.sh",))
    assert [(row["perm"], row["verdict"], row["step"]) for row in second["permissions"]][2] == (
        "sys_admin",
        "needed",
        ["a-work", "labd", "mount"],
    )
    assert len(played.boots) == boots + 1


@pytest.mark.base
def test_a_result_is_gone_on_from_where_the_trials_are_lost(played: Played, tmp_path: Path) -> None:
    first = tried(tmp_path)
    shutil.rmtree(tmp_path / "state")
    boots = len(played.boots)
    again = read_ablation(json.dumps(first))
    assert tried(tmp_path, before=again) == first
    assert len(played.boots) == boots
    # Of a result for one of two batches, the other one is tried, without what the first is known to need.
    shutil.rmtree(tmp_path / "state")
    half = tried(tmp_path, scripts=("a-work.sh",))
    shutil.rmtree(tmp_path / "state")
    boots = len(played.boots)
    whole = tried(tmp_path, before=half)
    assert played.boots[boots:] == [["b-work"]]
    assert whole["permissions"] == first["permissions"]
    # Of other scenarios it says nothing.
    shutil.rmtree(tmp_path / "state")
    boots = len(played.boots)
    other: Ablation = {**first, "hashes": {**first["hashes"], "image": "another"}}
    assert tried(tmp_path, before=other) == first
    assert len(played.boots) > boots


@pytest.mark.base
def test_what_is_not_in_doubt_any_more_stays_as_it_was_found(played: Played, tmp_path: Path) -> None:
    first = tried(tmp_path)
    gone: Permission = {**first["permissions"][0], "perm": "fsetid"}
    earlier: Ablation = {**first, "permissions": [gone, *first["permissions"]], "boots": {"c-work": 3}}
    again = tried(tmp_path, before=earlier)
    chown, *others = first["permissions"]
    assert again["permissions"] == [chown, gone, *others]
    assert again["boots"] == {"c-work": 3, **first["boots"]}
    one = tried(tmp_path, frozenset({("labd_t", "etc_t", "file", "read")}), before=first)
    assert [row["perm"] for row in one["permissions"]] == ["read", "chown", "net_admin", "sys_admin", "execmem"]


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 2, "boots": {}}'])
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"boots|Expecting"):
        read_ablation(text)


@pytest.mark.base
def test_only_what_is_asked_for(played: Played, tmp_path: Path) -> None:
    done = tried(tmp_path, frozenset({("labd_t", "etc_t", "file", "read")}))
    assert [(row["target"], row["verdict"]) for row in done["permissions"]] == [("etc_t", "spare")]
    with pytest.raises(UsageError, match="no rule of the modules grants labd_t etc_t:file write"):
        tried(tmp_path, frozenset({("labd_t", "etc_t", "file", "write")}))
