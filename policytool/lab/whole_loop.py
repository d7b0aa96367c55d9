# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole loop: record, generate, record under what was generated, generate again; a folder keeps all of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.cli.console import write_files
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.lab.image import Image, Told
from policytool.lab.lab_recording import record_batches
from policytool.lab.skeleton_change import SkeletonChange, skeleton_changes
from policytool.lab.status import Step
from policytool.model.daemon import Daemon
from policytool.model.profile import ModuleFormat
from policytool.toolchain.base import find_base
from policytool.traces.bundle.bundle import read_trace, recordings_of
from policytool.workflow.generate import generate_modules

# What a pass says as it ends: the steps of a recording, the modules that were made and their folder.
Recorded = Callable[[Sequence[Step]], None]
Generated = Callable[[Sequence[Candidate], Path], None]


@dataclass(frozen=True, slots=True)
class Loop:
    """What the loop is about: the machine, the daemons to record among those known, the payload, the decisions."""

    image: Image
    daemons: Sequence[Daemon]
    known: Sequence[Daemon]
    payload: Mapping[str, Path]
    choices: Choices


@dataclass(frozen=True, slots=True)
class Looped:
    """The folder of the modules, and how their skeletons differ from those that they were recorded under."""

    modules: Path
    changes: Mapping[str, SkeletonChange]


def loop(about: Loop, output: Path, told: Told, recorded: Recorded, generated: Generated) -> Looped:
    """Fill OUTPUT with first/, skeletons/, second/ and modules/. What is there already is not made again.

    Errors as of `record_batches` and `generate_modules`.
    """
    recorded(record_batches(about.image, about.daemons, about.payload, output / "first", told, under=()))
    skeletons = _generate(about, output / "first", output / "skeletons", told, generated)
    second = record_batches(about.image, about.daemons, about.payload, output / "second", told, under=[skeletons])
    recorded(second)
    modules = _generate(about, output / "second", output / "modules", told, generated)
    return Looped(modules, skeleton_changes(skeletons, modules))


def _generate(about: Loop, trace: Path, folder: Path, told: Told, generated: Generated) -> Path:
    """Make the modules of TRACE in FOLDER, which is there whole or not at all."""
    if folder.exists():
        told(f"{folder} is there already and is not generated again: it was made with the options of that time")
        return folder
    told(f"generating {folder}")
    seen = read_trace(str(trace))
    sources = {vector.source.type_ for vector in seen.vectors}
    wanted = [daemon.domain for daemon in about.daemons if daemon.domain in sources]
    aside = folder.with_name(f".{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    base, recordings = find_base(about.image.base), recordings_of([str(trace)])
    made = generate_modules(seen, about.known, wanted, base, about.choices, recordings=recordings)
    for candidate in made:
        write_files(aside / candidate.daemon.name, candidate.files(ModuleFormat.REFPOLICY))
    aside.rename(folder)
    generated(made, folder)
    return folder
