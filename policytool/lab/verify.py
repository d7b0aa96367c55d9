# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole proof: every scenario of every daemon, enforced in batches, with all modules in the machine.

What a batch is about has a key. One that was proved is not run again, whoever ran it: the result has the keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

from policytool.errors import InputError
from policytool.lab.enforce import Denied, Document, enforce
from policytool.lab.image import Image, Told
from policytool.lab.loaded import loaded_modules, scenario_files
from policytool.lab.scenario import batches
from policytool.lab.vm import LostVmError
from policytool.toolchain.cache import digest
from policytool.traces.bundle.bundle import MANIFEST

_FORMAT = 1


class Batch(TypedDict):
    """Scenarios of one daemon: steps that were ok, those that failed, what was denied, records lost.

    `key` is the `batch_key` of what was run.
    """

    key: str
    ok: int
    failed: list[str]
    denials: list[Denied]
    refused: list[Denied]
    lost: int | None
    seconds: float


class Verification(TypedDict):
    """The result of all batches. `hashes` are sha256, by what they are of.

    `clean` says that every batch was run, and every step of it ok, nothing denied and no record lost.
    """

    format: int
    clean: bool
    steps: int
    failed: int
    denials: int
    batches: dict[str, Batch]
    hashes: dict[str, str]
    kernel: str


def verify(
    payloads: Sequence[tuple[Image, Mapping[str, Path]]],
    folders: Sequence[Path],
    traces: Sequence[Path],
    before: Verification | None,
    keep: Callable[[Verification], None],
    told: Told,
) -> Verification:
    """Enforce the `batches` of PAYLOADS, each on its image, with the modules in FOLDERS; return what came of it.

    A batch of BEFORE is used again if it was clean, and the image, the scenarios and what is loaded of the modules
    (`loaded_modules`) are those of now. KEEP is given what there is after each batch. TRACES are the bundles the
    modules come from, for the hashes. A machine that is lost is tried once more; LostVmError when it is lost again.
    Else errors as of `enforce`.
    """
    modules = loaded_modules(folders)
    planned = [(image, *each) for image, payload in payloads for each in batches(payload).items()]
    about = {**_of_files(folders, traces), **{f"loaded {name}": hashed for name, hashed in modules.items()}}
    known = before["batches"] if before else {}
    found: dict[str, Batch] = {}
    kernel = before["kernel"] if before else ""
    for image, name, batch in planned:
        about[f"scenarios {name}"] = scenario_files(batch)
        about[f"image {name}"] = image.key
        key = batch_key(image.key, modules, about[f"scenarios {name}"])
        if (kept := known.get(name)) and kept.get("key") == key and _is_clean(kept):
            told(f"{name}: proved already")
            found[name] = kept
            continue
        told(f"{name}: {sum(file.endswith('.sh') for file in batch)} scenarios")
        try:
            done = enforce(image, folders, batch, told).document()
        except LostVmError as error:
            told(f"{name}: {error}; once more")
            done = enforce(image, folders, batch, told).document()
        kernel = kernel or done["kernel"]
        found[name] = _batch(key, done)
        keep(_joined(found, len(planned), about, kernel))
    return _joined(found, len(planned), about, kernel)


def read_verification(text: str) -> Verification:
    """Read the JSON TEXT of a result; ValueError when it is none."""
    found = json.loads(text)
    if not (isinstance(found, dict) and found.get("format") == _FORMAT and isinstance(found.get("batches"), dict)):
        raise ValueError("it has no batches of format 1")
    return cast("Verification", found)


def _of_files(folders: Sequence[Path], traces: Sequence[Path]) -> dict[str, str]:
    """Return the hashes of what the modules come with: their evidence, and the manifests of TRACES."""
    files = {f"evidence {path.parent.name}": path for of in folders for path in sorted(of.rglob("evidence.json"))}
    for trace in traces:
        files[f"trace {trace.name}"] = trace / MANIFEST
        if not (trace / MANIFEST).is_file():
            raise InputError(f"{trace}: not a trace bundle (it has no {MANIFEST})")
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def _joined(found: Mapping[str, Batch], planned: int, about: Mapping[str, str], kernel: str) -> Verification:
    return {
        "format": _FORMAT,
        "clean": len(found) == planned and all(map(_is_clean, found.values())),
        "steps": sum(batch["ok"] + len(batch["failed"]) for batch in found.values()),
        "failed": sum(len(batch["failed"]) for batch in found.values()),
        "denials": sum(len(batch["denials"]) for batch in found.values()),
        "batches": dict(found),
        "hashes": dict(about),
        "kernel": kernel,
    }


def _is_clean(batch: Batch) -> bool:
    return batch["ok"] > 0 and not batch["failed"] and not batch["denials"] and batch["lost"] == 0


def _batch(key: str, document: Document) -> Batch:
    steps = document["steps"]
    return {
        "key": key,
        "ok": sum(step["ok"] for step in steps),
        "failed": [f"{step['scenario']}: {step['daemon']} {step['name']}" for step in steps if not step["ok"]],
        "denials": [denial for denial in document["denials"] if not denial["refused"]],
        "refused": [denial for denial in document["denials"] if denial["refused"]],
        "lost": document["lost"],
        "seconds": document["seconds"],
    }


def batch_key(image: str, modules: Mapping[str, str], scenarios: str) -> str:
    """Return the digest of all that a batch is about: the IMAGE's key, digests of MODULES and of its SCENARIOS."""
    return digest(image, *(part for pair in sorted(modules.items()) for part in pair), scenarios)
