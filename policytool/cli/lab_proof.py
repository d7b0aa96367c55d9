# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool lab verify` and `lab ablate`: what takes many boots, and goes on from the result that it wrote."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import click

from policytool.cli.console import emit, note, table, write_files
from policytool.cli.lab_machine import Scenarios, asked_image, asked_payload
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.errors import ExitCode, InputError, UsageError
from policytool.lab.machine_kind import MACHINES, MachineKind

if TYPE_CHECKING:
    from policytool.lab.ablate import Ablation
    from policytool.lab.verify import Verification
    from policytool.model.access import AccessKey

_Result = TypeVar("_Result")


def verify(
    folders: Annotated[list[Path], VerbArgument(metavar="DIR...", help="Folders of modules.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="FILE", help="The result, as JSON.")],
    traces: Annotated[
        list[Path] | None,
        VerbOption("--trace", metavar="DIR", help="A bundle that the modules come from, for its hash; repeatable."),
    ] = None,
    scenarios: Scenarios = None,
) -> None:
    """Enforce every daemon's scenarios, a boot a daemon, all modules in the machine.

    Without --machine, on every kind of machine. What FILE proves already, of the same modules, scenarios and image,
    is not run again.
    """
    from policytool.lab.image import build_image, require_root
    from policytool.lab.scenario import choose_for
    from policytool.lab.verify import read_verification
    from policytool.lab.verify import verify as verify_in_lab

    require_root("lab verify")
    asked = click.get_current_context().find_object(MachineKind)
    kinds = [asked] if asked else list(MACHINES.values())
    payloads = [(build_image(note, kind=kind), payload) for kind, payload in choose_for(kinds, scenarios or ())]
    before = _earlier(output, "lab verify", read_verification)
    keep = partial(_keep, output)
    done = verify_in_lab(payloads, folders, traces or (), before, keep, note)
    keep(done)
    rows = [
        (name, batch["ok"], len(batch["failed"]), len(batch["denials"]), batch["lost"], round(batch["seconds"]))
        for name, batch in done["batches"].items()
    ]
    emit(table(("daemon", "ok", "failed", "denials", "lost", "seconds"), rows, frozenset({1, 2, 3, 4, 5})))
    emit(f"\n{done['steps'] - done['failed']} of {done['steps']} steps ok, {done['denials']} denials\n")
    if not done["clean"]:
        stop(ExitCode.FINDINGS)


def ablate(
    folders: Annotated[list[Path], VerbArgument(metavar="DIR...", help="Folders of modules.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="FILE", help="The result, as JSON.")],
    access: Annotated[
        list[str] | None,
        VerbOption(
            "--access",
            metavar="'SOURCE TARGET:CLASS PERM...'",
            help="Permissions in doubt (default: all dangerous ones and all capabilities); repeatable.",
        ),
    ] = None,
    state: Annotated[
        Path, VerbOption("--state", metavar="DIR", help="Keeps each boot's result, so that a run can go on.")
    ] = Path("build/ablate"),
    everywhere: Annotated[
        bool,
        VerbOption(
            "--everywhere",
            help="Try each in all scenarios, not only in the shortest that the evidence beside the modules names.",
        ),
    ] = False,
    scenarios: Scenarios = None,
) -> None:
    """Enforce without the dangerous permissions, and say which of them a step needs, and which none does.

    What FILE says already, of the same modules, scenarios and image, is not tried again.
    """
    from policytool.lab.ablate import ablate as ablate_in_lab
    from policytool.lab.ablate import read_ablation
    from policytool.lab.image import require_root

    wanted = frozenset(key for text in access or () for key in _access_keys(text)) if access else None
    require_root("lab ablate")
    before = _earlier(output, "lab ablate", read_ablation)
    keep = partial(_keep, output)
    payload = asked_payload(scenarios)
    done = ablate_in_lab(asked_image(), folders, payload, wanted, before, state, keep, note, everywhere=everywhere)
    keep(done)
    rows = [
        (
            f"{row['source']} {row['target']}:{row['tclass']} {row['perm']}",
            row["verdict"],
            " ".join(row["step"]) or ("asked for" if row["asked"] else "not asked for"),
        )
        for row in done["permissions"]
    ]
    emit(table(("permission", "verdict", "step"), rows))
    counts = Counter(row["verdict"] for row in done["permissions"])
    emit(f"\n{counts['needed']} needed, {counts['spare']} spare, {counts['open']} open\n")


def _access_keys(text: str) -> tuple[AccessKey, ...]:
    from policytool.model.access_text import access_keys

    try:
        return tuple(access_keys(text))
    except ValueError as error:
        raise UsageError(f"--access {error}") from error


def _earlier(path: Path, verb: str, read: Callable[[str], _Result]) -> _Result | None:
    """Return what an earlier run of VERB wrote into PATH, None if nothing is there. InputError: it is not that."""
    if not path.exists():
        return None
    try:
        return read(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is there and not what {verb} writes ({error}); choose another name") from error


def _keep(path: Path, done: Verification | Ablation) -> None:
    write_files(path.parent, {path.name: json.dumps(done, indent=1, sort_keys=True) + "\n"})
