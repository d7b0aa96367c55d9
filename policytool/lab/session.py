# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot of the machine for a purpose: its folder, its disks, its status, its logs."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from policytool.lab.accelerator import XEN_TCG, choose
from policytool.lab.disk import payload_disk, results_disk, run_disk, unpack_results
from policytool.lab.image import Image, Told
from policytool.lab.machine_policy import LabPolicy
from policytool.lab.status import Status, Word
from policytool.lab.vm import Machine, run_machine
from policytool.toolchain.cache import open_cache

RUNS = "lab-runs"

# Runs whose logs are kept; the disks of a run go with it.
_KEEP = 8
_DISKS = ("*.img", "payload", "label.*")


@dataclass(frozen=True, slots=True)
class Session:
    """What a finished machine leaves: what it said, its audit log, its journal, and how long it took in seconds."""

    status: Status
    audit_log: Path
    folder: Path
    seconds: float

    @property
    def lost(self) -> int | None:
        """How many audit records the kernel dropped; None where the guest did not say."""
        return self.status.lost


def boot(
    image: Image,
    policy: LabPolicy,
    payload: Mapping[str, Path],
    folder: Path,
    told: Told,
    *,
    enforcing: bool,
    limit: float,
    trees: Mapping[str, Path] | None = None,
) -> Session:
    """Run the machine in FOLDER with POLICY and PAYLOAD (files) and TREES (folders) to its end.

    LostVmError when it is lost, which a failed step is not. LIMIT is in seconds.
    """
    machine = prepare(image, policy, payload, folder, told, enforcing=enforcing, trees=trees)
    begin = time.monotonic()
    status = run_machine(machine, folder, lambda line: told(line) if _shown(line) else None, limit)
    results = unpack_results(machine.results, folder)
    return Session(status, results / "log/audit/audit.log", folder, time.monotonic() - begin)


def prepare(
    image: Image,
    policy: LabPolicy,
    payload: Mapping[str, Path],
    folder: Path,
    told: Told,
    *,
    enforcing: bool,
    trees: Mapping[str, Path] | None = None,
) -> Machine:
    """Make the disks of a machine in FOLDER, and say how its processor is made."""
    accelerator = XEN_TCG if image.hypervisor else choose(image.kernel)
    told(accelerator.reason)
    return Machine(
        kernel=image.kernel,
        initrd=image.initrd,
        disk=run_disk(image, policy.linked, policy.modules.values(), folder),
        payload=payload_disk(payload, folder, trees),
        results=results_disk(folder),
        enforcing=enforcing,
        accelerator=accelerator,
        hypervisor=image.hypervisor,
    )


@contextmanager
def run_folder(verb: str) -> Iterator[Path]:
    """Give a new folder for one run of VERB; its disks go at the end, its logs are kept for a few runs."""
    runs = open_cache().root / RUNS
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(runs)
    folder = Path(tempfile.mkdtemp(prefix=f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{verb}-", dir=runs))
    try:
        yield folder
    finally:
        _drop_disks(folder)


def _sweep(runs: Path) -> None:
    """Drop the disks that killed runs have left, and all but the last runs."""
    folders = sorted((folder for folder in runs.iterdir() if folder.is_dir()), reverse=True)
    for place, folder in enumerate(folders):
        pid = folder.name.split("-")[1] if folder.name.count("-") >= 2 else ""
        if pid.isdigit() and Path(f"/proc/{pid}").exists():
            continue
        _drop_disks(folder)
        if place >= _KEEP:
            shutil.rmtree(folder, ignore_errors=True)


def _drop_disks(folder: Path) -> None:
    for pattern in _DISKS:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _shown(line: str) -> bool:
    return line.startswith((Word.SCENARIO, Word.BOOTED)) or line.endswith("FAIL") or line.startswith(Word.OUT)
