# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording in the lab: scenarios under a policy that permits and audits everything, into a trace bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import InputError
from policytool.lab.image import Image, Told
from policytool.lab.machine_policy import image_base, record_policy
from policytool.lab.scenario import batches
from policytool.lab.scenario_logs import split_by_scenario
from policytool.lab.session import Session, boot, run_folder
from policytool.lab.status import Step
from policytool.model.daemon import Daemon
from policytool.traces.bundle.bundle import read_manifest
from policytool.traces.bundle.manifest import Facts, Manifest, RecordedBase, Recording
from policytool.traces.bundle.write import import_trace

# Every access of every daemon is logged, on a machine that may be translated: an hour for all scenarios.
_LIMIT = 7200.0


@dataclass(frozen=True, slots=True)
class LabRecording:
    """The bundle's manifest and the session it comes from."""

    manifest: Manifest
    session: Session


def record(
    image: Image,
    daemons: Sequence[Daemon],
    payload: Mapping[str, Path],
    out: Path,
    told: Told,
    *,
    name: str | None = None,
    under: Sequence[Path] = (),
    overwrite: bool = False,
    mode: Recording = Recording.COMPLETE,
) -> LabRecording:
    """Record DAEMONS in MODE (complete or permissive) while the scenarios of PAYLOAD run, into the bundle OUT.

    Each daemon without a domain in the base or in the modules of the folders UNDER gets the skeleton that
    `generate` would give it. InputError when OUT exists and OVERWRITE is not asked for; LostVmError when the
    machine is lost; a failed step is in the session's status.
    """
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists already; choose another name or ask for it to be replaced")
    base = image_base(image)
    policy = record_policy(base, daemons, under, mode)
    helpers = sorted(policy.recorded - {daemon.domain for daemon in daemons})
    told(f"recording {len(policy.recorded)} domains" + (f", of helpers: {', '.join(helpers)}" if helpers else ""))
    with run_folder("record") as folder:
        session = boot(image, policy, payload, folder, told, enforcing=False, limit=_LIMIT)
        facts = Facts(
            kernel=session.status.kernel,
            base=RecordedBase("selinux-policy-default", image.policy_version, _sha256(policy.linked.policy)),
            selinux="permissive",
            recording=mode,
            daemons=tuple((daemon.name, image.libvirt_version) for daemon in daemons if daemon.executables),
            scenario=", ".join(session.status.scenarios),
            lost=session.lost,
        )
        told(f"writing the bundle {out}")
        parts = split_by_scenario(session.audit_log, folder)
        session.audit_log.unlink()
        scenarios, logs = zip(*parts, strict=True) if parts else ((), ())
        manifest = import_trace([str(log) for log in logs], out, name or out.name, facts, overwrite, scenarios)
        for log in logs:
            log.unlink()
    return LabRecording(manifest, session)


def record_batches(
    image: Image,
    daemons: Sequence[Daemon],
    payload: Mapping[str, Path],
    folder: Path,
    told: Told,
    *,
    under: Sequence[Path] = (),
    mode: Recording = Recording.COMPLETE,
) -> tuple[Step, ...]:
    """Record each of PAYLOAD's `batches` into a bundle of its name in FOLDER, but for those that are there already.

    MODE is as for `record`.

    Return the steps of what was recorded now. InputError when a bundle has lost records; else as `record`.
    """
    steps: list[Step] = []
    for name, batch in batches(payload).items():
        bundle = folder / name
        if bundle.exists():
            told(f"{bundle} is there already and is not recorded again")
        else:
            made = record(image, daemons, batch, bundle, told, under=under, mode=mode)
            told(
                f"{bundle}: {made.manifest.records} records, lost {made.session.lost}, {made.session.seconds:.0f} s"
            )
            steps += made.session.status.steps
        if not read_manifest(bundle).complete:
            raise InputError(
                f"{bundle} has lost records, so that rules made from it may miss some: record it again"
            )
    return tuple(steps)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
