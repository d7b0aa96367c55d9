# SPDX-License-Identifier: GPL-2.0-or-later
"""Several bundles as one: all their evidence, and what can still be said of the machines it is from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from policytool.traces.bundle.bundle import MANIFEST, checked, checked_counts, read_manifest
from policytool.traces.bundle.manifest import EvidenceFile, Facts, Manifest, RecordedBase
from policytool.traces.bundle.write import Counts, aside

_T = TypeVar("_T")


def merge_bundles(folders: Sequence[Path], out: Path, name: str, overwrite: bool = False) -> Manifest:
    """Make the bundle OUT, called NAME, of all the evidence of FOLDERS; the same for any order of them.

    Evidence that several of them hold is kept once, and whole if one of them has it whole. Records that name no
    host are counted under the name of their trace. Numbers are sums, and unknown where one of them is; other
    facts are kept where all agree. InputError: as for `load` and `import_trace`.
    """
    manifests = [(folder, read_manifest(folder)) for folder in folders]
    found: dict[str, tuple[Path, EvidenceFile]] = {}
    for folder, manifest in manifests:
        for file in manifest.evidence:
            checked(folder, file)
            checked_counts(folder, file)
            kept = found.get(file.origin)
            if kept is None or _preferred(file) < _preferred(kept[1]):
                found[file.origin] = (folder, file)
    with aside(out, overwrite) as made:
        evidence = []
        counts = Counts()
        for origin, (folder, file) in sorted(found.items()):
            copy = _copied(folder, file, made, f"audit.{origin[:16]}")
            table = None if copy.reduced is None else made / copy.reduced.counts
            counts.add(made / copy.file, copy.trace, table)
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


def _copied(folder: Path, evidence: EvidenceFile, made: Path, name: str) -> EvidenceFile:
    """Copy EVIDENCE, with its table if it has one, from FOLDER to MADE under a new NAME."""
    copy = replace(evidence, file=f"{name}.log.xz")
    if evidence.reduced is not None:
        copy = replace(copy, reduced=replace(evidence.reduced, counts=f"{name}.counts.xz"))
        shutil.copyfile(folder / evidence.reduced.counts, made / f"{name}.counts.xz")
    shutil.copyfile(folder / evidence.file, made / copy.file)
    return copy


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
