# SPDX-License-Identifier: GPL-2.0-or-later
"""Several bundles as one: all their evidence, and what can still be said of the machines it is from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from policytool.traces.bundle import MANIFEST, Counts, aside, checked, read_manifest
from policytool.traces.manifest import Base, EvidenceFile, Facts, Manifest

_T = TypeVar("_T")


def merge_bundles(folders: Sequence[Path], out: Path, name: str, overwrite: bool = False) -> Manifest:
    """Make the bundle OUT, called NAME, of all the evidence of FOLDERS; the same for any order of them.

    Evidence that several of them hold is kept once. Records that name no host are counted under the name of their
    trace. Numbers are sums, and unknown where one of them is; other
    facts are kept where all agree. InputError: as for `load` and `import_trace`.
    """
    manifests = [(folder, read_manifest(folder)) for folder in folders]
    found: dict[str, tuple[Path, EvidenceFile]] = {}
    for folder, manifest in manifests:
        for one in manifest.evidence:
            file = checked(folder, one)
            kept = found.get(one.sha256)
            if kept is None or replace(one, file="") < replace(kept[1], file=""):
                found[one.sha256] = (file, one)
    with aside(out, overwrite) as made:
        evidence = []
        counts = Counts()
        for sha256, (file, one) in sorted(found.items()):
            copy = made / f"audit.{sha256[:16]}.log.xz"
            shutil.copyfile(file, copy)
            counts.add(copy, one.trace)
            evidence.append(replace(one, file=copy.name))
        left_out = [manifest.redacted for _, manifest in manifests]
        manifest = Manifest(
            name=name,
            redacted=None if None in left_out else sum(one or 0 for one in left_out),
            facts=_agreed([manifest.facts for _, manifest in manifests], evidence),
            records=sum(one.records for one in evidence),
            evidence=tuple(sorted(evidence)),
            begin=counts.begin,
            end=counts.end,
            hosts=tuple(sorted(counts.hosts.items())),
        )
        (made / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return manifest


def _agreed(facts: Sequence[Facts], evidence: Sequence[EvidenceFile]) -> Facts:
    losses = [one.lost for one in evidence]
    daemons: dict[str, str | None] = {}
    for one in facts:
        for daemon, version in one.daemons:
            daemons[daemon] = version if daemons.setdefault(daemon, version) == version else None
    return Facts(
        kernel=_common(one.kernel for one in facts),
        base=_common(one.base for one in facts) or Base(),
        selinux=_common(one.selinux for one in facts),
        recording=_common(one.recording for one in evidence),
        daemons=tuple(sorted(daemons.items())),
        scenario=_common(one.scenario for one in facts),
        lost=None if None in losses else sum(loss or 0 for loss in losses),
    )


def _common(values: Iterable[_T]) -> _T | None:
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else None
