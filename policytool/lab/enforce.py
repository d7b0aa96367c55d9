# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof: scenarios on an enforcing machine with the modules in it, and every denial that touches them.

With drop-ins the daemons' units are hardened, too, and what a filter refuses is a denial like SELinux's.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from policytool.lab.denials import Denial, expected_denials, sort_out, touching
from policytool.lab.drop_ins import TREE, around, drop_in_hashes, require_taken, unit_drop_ins
from policytool.lab.entered import domains_by_program
from policytool.lab.filtered import FilteredCall, filtered_calls
from policytool.lab.image import Image, Told
from policytool.lab.machine_policy import LabPolicy, enforce_policy, image_base
from policytool.lab.scenario_logs import split_by_scenario
from policytool.lab.session import Session, boot, run_folder
from policytool.lab.status import Step
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.sources import find_sources
from policytool.traces.bundle.bundle import read_trace
from policytool.traces.bundle.source import read_lines
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.module_set import evidence_files

# All scenarios on a machine that may be translated.
_LIMIT = 5400.0
_FORMAT = 1


class Ran(TypedDict):
    """A step in the result; `said` is what it printed, if it failed."""

    scenario: str
    daemon: str
    name: str
    ok: bool
    said: tuple[str, ...]


class Denied(TypedDict):
    """A distinct denial in the result; `refused` is the reason why the modules do not cure it."""

    source: str
    target: str
    tclass: str
    perm: str
    count: int
    refused: str | None
    programs: list[str]
    paths: list[str]


class Filtered(TypedDict):
    """A call that a unit's filter refused, in the result."""

    domain: str
    program: str
    call: str
    count: int


class Document(TypedDict):
    """The result of one enforced run, for --json."""

    format: int
    clean: bool
    steps: list[Ran]
    denials: list[Denied]
    others: list[Denied]
    filtered: list[Filtered]
    errors: dict[str, int]
    lost: int | None
    kernel: str
    enforcing: list[str]
    entered: list[str]
    further: list[str]
    hashes: dict[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What came of an enforced run. `hashes` are sha256, by what they are of.

    `denials` touch the modules or what is entered from them; `others` touch neither, or are of init's own helpers
    before the first scenario, and are no finding. `filtered` are the calls of these domains that a filter refused.
    `domains` are those the modules are about, `domain_of` the ones of daemons by their names.
    """

    steps: tuple[Step, ...]
    denials: tuple[Denial, ...]
    others: tuple[Denial, ...]
    domains: tuple[str, ...]
    domain_of: Mapping[str, str]
    policy: LabPolicy
    session: Session
    errors: tuple[tuple[str, int], ...]
    hashes: Mapping[str, str]
    filtered: tuple[FilteredCall, ...] = ()

    @property
    def unexpected(self) -> tuple[Denial, ...]:
        """The denials that the modules' evidence does not expect."""
        return tuple(denial for denial in self.denials if not denial.refused)

    @property
    def clean(self) -> bool:
        """Whether every step was ok, no denial was unexpected, and no audit record was lost that could say more."""
        steps_ok = bool(self.steps) and all(step.ok for step in self.steps)
        return steps_ok and not self.unexpected and not self.filtered and self.session.lost == 0

    def document(self) -> Document:
        """Return the result for --json."""
        return {
            "format": _FORMAT,
            "clean": self.clean,
            "steps": [
                {
                    "scenario": step.scenario,
                    "daemon": step.daemon,
                    "name": step.name,
                    "ok": step.ok,
                    "said": step.said,
                }
                for step in self.steps
            ],
            "denials": [_denied(denial) for denial in self.denials],
            "others": [_denied(denial) for denial in self.others],
            "filtered": [
                {"domain": call.domain, "program": call.program, "call": call.name, "count": call.count}
                for call in self.filtered
            ],
            "errors": dict(self.errors),
            "lost": self.session.lost,
            "kernel": self.session.status.kernel,
            "enforcing": sorted(self.policy.enforced),
            "entered": sorted(self.policy.entered),
            "further": sorted(self.policy.further),
            "hashes": dict(self.hashes),
            "seconds": round(self.session.seconds, 1),
        }

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Return (daemon or domain, steps ok, steps failed, denials that count), the daemons with steps first."""
        rows = []
        daemons = list(dict.fromkeys(step.daemon for step in self.steps))
        for daemon in daemons:
            own = [step for step in self.steps if step.daemon == daemon]
            ok = sum(step.ok for step in own)
            rows.append((daemon, ok, len(own) - ok, self._count(self.domain_of.get(daemon, ""))))
        shown = {self.domain_of.get(daemon, "") for daemon in daemons}
        return rows + [(domain, 0, 0, self._count(domain)) for domain in self.domains if domain not in shown]

    def _count(self, domain: str) -> int:
        return len(touching(self.unexpected, {domain})) + sum(call.domain == domain for call in self.filtered)


def enforce(
    image: Image,
    folders: Sequence[Path],
    payload: Mapping[str, Path],
    told: Told,
    *,
    known: Sequence[Daemon] = (),
    neverallow: bool = True,
    drop_ins: Path | None = None,
) -> Enforcement:
    """Boot enforcing with the modules in FOLDERS, run the scenarios of PAYLOAD, and say what was refused.

    KNOWN daemons are found in the result's `rows` by their programs. NEVERALLOW: see `enforce_policy`. DROP_INS is
    a folder with UNIT.d/*.conf, for systemd: those of units.

    InputError when a module has an error; LostVmError when the machine is lost.
    """
    sources, _ = find_sources(folders)
    policy = enforce_policy(image_base(image), folders, neverallow=neverallow)
    labels = FileContextLabels(policy.linked.file_contexts)
    domain_of = domains_by_program(known, labels, linked_policy(policy.linked))
    told(
        f"enforcing: {len(policy.enforced)} domains; {len(policy.entered)} of them were seen entered from the "
        f"tested ones, {len(policy.further)} are one possible step further"
    )
    units = unit_drop_ins(drop_ins) if drop_ins else {}
    with run_folder("enforce") as folder:
        trees = {}
        if drop_ins:
            payload = {**payload, **around()}
            trees[TREE] = folder / TREE
            for name, source in units.items():
                shutil.copytree(source, trees[TREE] / name)
        session = boot(image, policy, payload, folder, told, enforcing=True, limit=_LIMIT, trees=trees)
        require_taken(session, units)
        filtered = filtered_calls(read_lines(str(session.audit_log)), policy.counted)
        parts = [(name, read_trace(str(log))) for name, log in split_by_scenario(session.audit_log, folder)]
    denials, others = sort_out(
        [(name, seen.vectors) for name, seen in parts],
        policy.ours,
        policy.counted,
        expected_denials(evidence_files(sources)),
    )
    return Enforcement(
        steps=tuple(session.status.steps),
        denials=denials,
        others=others,
        domains=tuple(sorted(type_ for type_ in policy.ours if type_ in policy.enforced)),
        domain_of=domain_of,
        policy=policy,
        session=session,
        errors=Observations().merge(*(seen for _, seen in parts)).errors,
        hashes={**_hashes(image, policy, folders), **drop_in_hashes(units)},
        filtered=filtered,
    )


def _denied(denial: Denial) -> Denied:
    return {
        "source": denial.source,
        "target": denial.target,
        "tclass": denial.tclass,
        "perm": denial.perm,
        "count": denial.count,
        "refused": denial.refused or None,
        "programs": sorted({use.program for use in denial.uses if use.program}),
        "paths": sorted({use.path for use in denial.uses if use.path}),
    }


def _hashes(image: Image, policy: LabPolicy, folders: Sequence[Path]) -> Mapping[str, str]:
    hashes = {"image": image.key, "policy": hashlib.sha256(policy.linked.policy.read_bytes()).hexdigest()}
    for name, cil in sorted(policy.modules.items()):
        hashes[f"module {name}"] = hashlib.sha256(cil.encode("utf-8", "surrogateescape")).hexdigest()
    for folder in folders:
        for path in sorted(folder.rglob("evidence.json")):
            hashes[f"evidence {path.parent.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes
