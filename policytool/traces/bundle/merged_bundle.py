# SPDX-License-Identifier: GPL-2.0-or-later
"""Several bundles as one: all their evidence, and what can still be said of the machines it is from."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from policytool.traces.bundle.bundle import MANIFEST, not_described, read_manifest
from policytool.traces.bundle.file_counts import Examination, FileCounts, examined
from policytool.traces.bundle.manifest import EvidenceFile, Facts, Manifest, RecordedBase
from policytool.traces.bundle.url import beside, is_url, pieces
from policytool.traces.bundle.write import Counts, aside

_T = TypeVar("_T")


# What examines evidence, in the order in which it is given.
Examine = Callable[[Sequence[Examination]], Iterable[FileCounts | None]]


def one_by_one(tasks: Sequence[Examination]) -> Iterable[FileCounts | None]:
    """Do TASKS in this process."""
    return map(examined, tasks)


def merge_bundles(
    folders: Sequence[Path | str], out: Path, name: str, overwrite: bool = False, examine: Examine = one_by_one
) -> Manifest:
    """Make the bundle OUT, called NAME, of all the evidence of FOLDERS, paths or URLs; the same for any order.

    Evidence that several of them hold is kept once, and whole if one of them has it whole. Records that name no
    host are counted under the name of their trace. Numbers are sums, and unknown where one of them is; other
    facts are kept where all agree. EXAMINE reads the evidence; it is then copied by this process. InputError: as
    for `load` and `import_trace`.
    """
    manifests = [(str(folder), read_manifest(folder)) for folder in folders]
    every = [(folder, file) for folder, manifest in manifests for file in manifest.evidence]
    chosen: dict[str, int] = {}
    for place, (_, file) in enumerate(every):
        kept = chosen.get(file.origin)
        if kept is None or _preferred(file) < _preferred(every[kept][1]):
            chosen[file.origin] = place
    wanted = set(chosen.values())
    with aside(out, overwrite) as made:
        tasks = [Examination(folder, file, place in wanted) for place, (folder, file) in enumerate(every)]
        found = list(examine(tasks))
        evidence = []
        counts = Counts()
        for origin, place in sorted(chosen.items()):
            copy = _copied(*every[place], made, f"audit.{origin[:16]}")
            counted = found[place]
            if counted is not None:
                counts.put(counted, copy.trace)
            evidence.append(copy)
        left_out = [manifest.redacted for _, manifest in manifests]
        manifest = Manifest(
            name=name,
            redacted=None if None in left_out else sum(records or 0 for records in left_out),
            facts=_agreed([manifest.facts for _, manifest in manifests], evidence),
            records=sum(file.records for file in evidence),
            evidence=tuple(sorted(evidence)),
            begin=counts.begin,
            end=counts.end,
            hosts=tuple(sorted(counts.hosts.items())),
        )
        (made / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return manifest


def _preferred(evidence: EvidenceFile) -> tuple[str, ...]:
    """Sort the whole evidence before what it was reduced to; the name of the file says nothing."""
    whole = "reduced" if evidence.reduced else ""
    return (
        whole,
        evidence.sha256,
        evidence.trace,
        evidence.recording or "",
        str(evidence.lost),
        str(evidence.reduced),
    )


def _copied(folder: str, evidence: EvidenceFile, made: Path, name: str) -> EvidenceFile:
    """Copy EVIDENCE, with its table if it has one, from FOLDER to MADE under a new NAME."""
    copy = replace(evidence, file=f"{name}.log.xz")
    if evidence.reduced is not None:
        copy = replace(copy, reduced=replace(evidence.reduced, counts=f"{name}.counts.xz"))
        _copy(beside(folder, evidence.reduced.counts), made / f"{name}.counts.xz", evidence.reduced.sha256)
    _copy(beside(folder, evidence.file), made / copy.file, evidence.sha256)
    return copy


def _copy(place: str, file: Path, sha256: str) -> None:
    """Copy what is at PLACE to FILE; what comes from a URL is compared with SHA256."""
    if not is_url(place):
        shutil.copyfile(place, file)
        return
    digest = hashlib.sha256()
    with file.open("wb") as out:
        for piece in pieces(place):
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != sha256:
        raise not_described(place)


def _agreed(facts: Sequence[Facts], evidence: Sequence[EvidenceFile]) -> Facts:
    losses = [file.lost for file in evidence]
    daemons: dict[str, str | None] = {}
    for of_bundle in facts:
        for daemon, version in of_bundle.daemons:
            daemons[daemon] = version if daemons.setdefault(daemon, version) == version else None
    return Facts(
        kernel=_common(of_bundle.kernel for of_bundle in facts),
        base=_common(of_bundle.base for of_bundle in facts) or RecordedBase(),
        selinux=_common(of_bundle.selinux for of_bundle in facts),
        recording=_common(file.recording for file in evidence),
        daemons=tuple(sorted(daemons.items())),
        scenario=_common(of_bundle.scenario for of_bundle in facts),
        lost=None if None in losses else sum(loss or 0 for loss in losses),
    )


def _common(values: Iterable[_T]) -> _T | None:
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else None
