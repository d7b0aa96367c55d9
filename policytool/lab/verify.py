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
from policytool.lab.scenario import batches
from policytool.lab.vm import LostVmError
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
    image: Image,
    folders: Sequence[Path],
    traces: Sequence[Path],
    payload: Mapping[str, Path],
    state: Path,
    told: Told,
) -> Verification:
    """Enforce each of PAYLOAD's `batches` with the modules in FOLDERS, and return what came of all of them.

    STATE is a folder that keeps each batch's result; one is used again if the image, the modules, the lab and the
    scenarios are those of now, and its run was clean. TRACES are the bundles the modules come from, for the hashes.
    A machine that is lost is tried once more; LostVmError when it is lost again. Else errors as of `enforce`.
    """
    state.mkdir(parents=True, exist_ok=True)
    found: dict[str, Document] = {}
    for name, batch in batches(payload).items():
        key = _key(image, folders, batch)
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
    return _joined(found, traces)


def _joined(found: Mapping[str, Document], traces: Sequence[Path]) -> Verification:
    parts = {name: _batch(document) for name, document in found.items()}
    first = next(iter(found.values()))
    hashes = dict(first["hashes"])
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


def _key(image: Image, folders: Sequence[Path], batch: Mapping[str, Path]) -> str:
    """Hash what a batch is about: the image, every file of the modules, and every file of its payload."""
    hashed = hashlib.sha256(image.key.encode())
    modules = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    for name, path in [*((path.name, path) for path in modules), *sorted(batch.items())]:
        hashed.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


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
