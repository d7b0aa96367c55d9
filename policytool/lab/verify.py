# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole proof: every scenario of every daemon, enforced in batches, with all modules in the machine.

A batch that was proved is not run again: its result stands in a folder, with the hashes of what it is about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

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
    """Scenarios of one daemon: steps that were ok, those that failed, what was denied, records lost."""

    ok: int
    failed: list[str]
    denials: list[Denied]
    refused: list[Denied]
    lost: int | None
    seconds: float


class Verification(TypedDict):
    """The result of all batches. `hashes` are sha256, by what they are of."""

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
    state: Path,
    told: Told,
) -> Verification:
    """Enforce the `batches` of PAYLOADS, each on its image, with the modules in FOLDERS; return what came of it.

    STATE is a folder that keeps each batch's result; one is used again if the image, the scenarios and what is
    loaded of the modules (`loaded_modules`) are those of now, and its run was clean. TRACES are the bundles the
    modules come from, for the hashes. A machine that is lost is tried once more; LostVmError when it is lost again.
    Else errors as of `enforce`.
    """
    state.mkdir(parents=True, exist_ok=True)
    modules = loaded_modules(folders)
    found: dict[str, Document] = {}
    about = {f"loaded {name}": hashed for name, hashed in modules.items()}
    planned = [(image, *each) for image, payload in payloads for each in batches(payload).items()]
    for image, name, batch in planned:
        about[f"scenarios {name}"] = scenario_files(batch)
        about[f"image {name}"] = image.key
        key = batch_key(image.key, modules, about[f"scenarios {name}"])
        file = state / f"{name}.json"
        kept = _read(file, key)
        if kept is not None:
            told(f"{name}: proved already")
            found[name] = kept
            continue
        told(f"{name}: {sum(file.endswith('.sh') for file in batch)} scenarios")
        try:
            done = enforce(image, folders, batch, told).document()
        except LostVmError as error:
            told(f"{name}: {error}; once more")
            done = enforce(image, folders, batch, told).document()
        found[name] = done
        aside = file.with_suffix(".new")
        aside.write_text(json.dumps({"key": key, "document": done}, indent=1), "utf-8")
        aside.rename(file)
    return _joined(found, traces, about)


def _joined(found: Mapping[str, Document], traces: Sequence[Path], about: Mapping[str, str]) -> Verification:
    parts = {name: _batch(document) for name, document in found.items()}
    first = next(iter(found.values()))
    hashes = {**first["hashes"], **about}
    for trace in traces:
        manifest = trace / MANIFEST
        if not manifest.is_file():
            raise InputError(f"{trace}: not a trace bundle (it has no {MANIFEST})")
        hashes[f"trace {trace.name}"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    return {
        "format": _FORMAT,
        "clean": all(document["clean"] for document in found.values()),
        "steps": sum(batch["ok"] + len(batch["failed"]) for batch in parts.values()),
        "failed": sum(len(batch["failed"]) for batch in parts.values()),
        "denials": sum(len(batch["denials"]) for batch in parts.values()),
        "batches": parts,
        "hashes": hashes,
        "kernel": first["kernel"],
    }


def _batch(document: Document) -> Batch:
    steps = document["steps"]
    return {
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


def _read(file: Path, key: str) -> Document | None:
    """Return the clean result that FILE keeps for KEY, None if there is none."""
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("key") != key:
        return None
    document: Document = kept["document"]
    return document if document["clean"] else None
