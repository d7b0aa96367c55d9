# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof in batches: joined, and resumed. The machine itself is played here; `make lab-verify` runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.lab import verify as module
from policytool.lab.enforce import Document
from policytool.lab.image import Image, Told
from policytool.lab.verify import Verification, read_verification, verify
from policytool.lab.vm import Lost, LostVmError

TE = "policy_module(a, 1.0.0)\ntype a_t;\nallow a_t self:file read;\n"


@dataclass(frozen=True)
class Played:
    """What stands for an `Enforcement`: one step, which is ok unless BROKEN."""

    broken: bool

    def document(self) -> Document:
        return {
            "format": 1,
            "clean": not self.broken,
            "steps": [{"scenario": "a-b", "daemon": "a", "name": "c", "ok": not self.broken, "said": ()}],
            "denials": [],
            "others": [],
            "filtered": [],
            "errors": {},
            "lost": 0,
            "kernel": "6.1",
            "enforcing": [],
            "entered": [],
            "further": [],
            "hashes": {"image": "1"},
            "seconds": 1.0,
        }


class Lab:
    """Plays the machine: counts boots, and breaks or loses the batches that it is told to."""

    def __init__(self, folder: Path) -> None:
        self.boots: list[str] = []
        self.broken: set[str] = set()
        self.lost: list[str] = []
        self.kept: Verification | None = None
        self.folder = folder
        self.modules = folder / "modules"
        self.modules.mkdir()
        (self.modules / "a.te").write_text(TE)
        self.payload = {}
        for name in ("one-x.sh", "one-y.sh", "two-x.sh", "steps"):
            self.payload[name] = folder / name
            self.payload[name].write_text(name)

    def enforce(self, image: Image, folders: Sequence[Path], payload: Mapping[str, Path], told: Told) -> Played:
        name = min(script for script in payload if script.endswith(".sh")).split("-")[0]
        self.boots.append(name)
        if name in self.lost:
            self.lost.remove(name)
            raise LostVmError(Lost.HANG, "hangs")
        return Played(name in self.broken)

    def verify(self, *traces: Path) -> Verification:
        """Verify, and go on from what the last run has kept."""
        image = Image(self.folder, "key")
        return verify([(image, self.payload)], [self.modules], traces, self.kept, self.keep, lambda line: None)

    def keep(self, done: Verification) -> None:
        self.kept = read_verification(json.dumps(done))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path)
    played: Callable[..., Played] = made.enforce
    monkeypatch.setattr(module, "enforce", played)
    return made


def test_a_boot_for_each_daemon_and_the_results_joined(lab: Lab) -> None:
    lab.broken = {"two"}
    done = lab.verify()
    assert lab.boots == ["one", "two"]
    assert (done["steps"], done["failed"], done["clean"]) == (2, 1, False)
    assert done["batches"]["two"]["failed"] == ["a-b: a c"]
    assert done["batches"]["one"]["ok"] == 1
    hashed = ["image one", "image two", "loaded a", "scenarios one", "scenarios two"]
    assert sorted(done["hashes"]) == hashed


def test_what_was_clean_is_not_run_again_until_something_changes(lab: Lab) -> None:
    lab.broken = {"two"}
    lab.verify()
    lab.broken = set()
    assert lab.verify()["clean"]
    assert lab.boots == ["one", "two", "two"]
    lab.payload["two-x.sh"].write_text("another step")
    lab.verify()
    assert lab.boots[3:] == ["two"]
    (lab.modules / "a.te").write_text(f"# why\n{TE}")
    lab.verify()
    assert lab.boots[4:] == []
    (lab.modules / "a.te").write_text(TE.replace("read", "write"))
    lab.verify()
    assert lab.boots[4:] == ["one", "two"]


def test_a_lost_machine_is_tried_once_more(lab: Lab) -> None:
    lab.lost = ["one"]
    assert lab.verify()["clean"]
    assert lab.boots == ["one", "one", "two"]
    lab.lost = ["one", "one"]
    lab.payload["one-x.sh"].write_text("another step")
    with pytest.raises(LostVmError):
        lab.verify()


def test_what_there_is_is_kept_after_each_boot_and_is_no_whole_proof(lab: Lab) -> None:
    lab.lost = ["two", "two"]
    with pytest.raises(LostVmError):
        lab.verify()
    assert lab.kept
    assert list(lab.kept["batches"]) == ["one"]
    assert not lab.kept["clean"]
    assert lab.verify()["clean"]
    assert lab.boots == ["one", "two", "two", "two"]


def test_a_result_without_keys_proves_nothing(lab: Lab) -> None:
    lab.verify()
    assert lab.kept
    del lab.kept["batches"]["one"]["key"]  # type: ignore[misc]  # as older results are
    lab.verify()
    assert lab.boots == ["one", "two", "one"]


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 2, "batches": {}}'])
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"batches|Expecting"):
        read_verification(text)


def test_traces_are_named_by_their_hash(lab: Lab, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    with pytest.raises(InputError, match="not a trace bundle"):
        lab.verify(bundle)
    (bundle / "manifest.json").write_text("{}")
    assert len(lab.verify(bundle)["hashes"]["trace bundle"]) == 64
