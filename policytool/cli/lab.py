# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool lab`: a disposable machine with a real SELinux kernel, to record on and to prove modules on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from policytool.cli.console import emit, emit_json, note, table
from policytool.cli.decisions import AcceptedPolicies, PrivateTypes, Transitions, load_choices
from policytool.cli.finding_lines import warn
from policytool.cli.inputs import DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.lab_machine import Scenarios, asked_image, asked_payload
from policytool.cli.lab_proof import ablate, verify
from policytool.cli.verbs import VerbArgument, VerbGroup, VerbOption, stop
from policytool.daemons.named import as_daemons
from policytool.errors import ExitCode, ToolFailedError, UsageError
from policytool.lab.machine_kind import MACHINES, MachineName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policytool.generate.candidate import Candidate
    from policytool.lab.enforce import Enforcement
    from policytool.lab.status import Step
    from policytool.model.daemon import Daemon


def _choose_machine(machine: str | None) -> None:
    """Keep the kind of machine for the verb, if one was asked for."""
    if machine:
        click.get_current_context().obj = MACHINES[MachineName(machine)]


app = VerbGroup(
    "A disposable SELinux machine: build, record, enforce.",
    callback=_choose_machine,
    params=[
        click.Option(
            ["--machine"],
            type=click.Choice([name.value for name in MachineName]),
            help="The kind of machine (default: plain); xen: a dom0, with scenarios of its own.",
        )
    ],
)

_Workload = Annotated[
    Path | None,
    VerbOption("--workload", metavar="FILE", file=True, help="A scenario of your own."),
]

# Guests run in this domain of the base; what a daemon hands to them it has to be allowed, too.
_GUEST_DOMAIN = "svirt_t"

# A mode of `record` that makes a table and no bundle.
_CALLS = "calls"

# Not recorded unless asked for: it takes the place of the modular daemons.
_MONOLITH = "libvirtd"


@app.verb()
def build() -> None:
    """Build the image from Debian packages, or say where it is; needs root, and some minutes the first time."""
    image = asked_image()
    emit(f"{image.folder}\nlibvirt {image.libvirt_version}, base policy {image.policy_version}, {image.key}\n")


@app.verb()
def record(
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make.")],
    daemons: DaemonNames = None,
    scenarios: Scenarios = None,
    workload: _Workload = None,
    under: Annotated[
        list[Path] | None,
        VerbOption("--under", metavar="DIR", help="Modules to record under (the second pass); repeatable."),
    ] = None,
    mode: Annotated[
        str,
        VerbOption("--mode", help="complete; permissive, as most logs in the world are made; calls."),
    ] = "complete",
    name: Annotated[str | None, VerbOption("--name", help="Name in evidence (default: the folder's).")] = None,
    overwrite: Annotated[bool, VerbOption("--overwrite", help="Replace the bundle if there is one.")] = False,
    by_daemon: Annotated[
        bool,
        VerbOption(
            "--by-daemon",
            help="A boot for each daemon that scenarios are named after, into DIR/DAEMON; resumable.",
        ),
    ] = False,
    daemon_folder: DaemonFolder = None,
) -> None:
    """Record scenarios in complete mode: everything is permitted, and every access is logged, both ways."""
    from policytool.lab.image import require_root
    from policytool.lab.lab_recording import record as record_in_lab
    from policytool.lab.lab_recording import record_batches
    from policytool.traces.bundle.manifest import Recording

    if mode not in (Recording.COMPLETE, Recording.PERMISSIVE, _CALLS):
        raise UsageError(f"--mode is complete, permissive or calls, not {mode!r}")
    require_root("lab record")
    chosen = _daemons(daemons or (), load_known(daemon_folder))
    payload = asked_payload(scenarios, workload)
    if mode == _CALLS:
        _record_calls(chosen, payload, output, under or (), overwrite=overwrite, by_daemon=by_daemon)
        return
    if by_daemon:
        ran = record_batches(asked_image(), chosen, payload, output, note, under=under or (), mode=Recording(mode))
        emit(_steps_text(ran))
        if not all(step.ok for step in ran):
            stop(ExitCode.FINDINGS)
        return
    made = record_in_lab(
        asked_image(),
        chosen,
        payload,
        output,
        note,
        name=name,
        under=under or (),
        overwrite=overwrite,
        mode=Recording(mode),
    )
    steps = made.session.status.steps
    emit(_steps_text(steps))
    note(f"{output}: {made.manifest.records} records, lost {made.session.lost}, {made.session.seconds:.0f} s")
    if made.session.lost != 0 or not all(step.ok for step in steps):
        stop(ExitCode.FINDINGS)


def _record_calls(
    daemons: Sequence[Daemon],
    payload: Mapping[str, Path],
    output: Path,
    under: Sequence[Path],
    *,
    overwrite: bool,
    by_daemon: bool,
) -> None:
    from policytool.lab.call_recording import record_call_batches, record_calls

    lost = 0
    if by_daemon:
        steps = record_call_batches(asked_image(), daemons, payload, output, note, under=under)
    else:
        made = record_calls(asked_image(), daemons, payload, output, note, under=under, overwrite=overwrite)
        steps, lost = tuple(made.session.status.steps), made.table.lost
        counted = made.table.counted
        calls = f"{sum(counted.values())} calls of {len(counted)} kinds"
        note(f"{output}: {calls}, lost {lost}, {made.session.seconds:.0f} s")
    emit(_steps_text(steps))
    if lost or not all(step.ok for step in steps):
        stop(ExitCode.FINDINGS)


@app.verb()
def enforce(
    folders: Annotated[list[Path], VerbArgument(metavar="DIR...", help="Folders of modules.")],
    scenarios: Scenarios = None,
    workload: _Workload = None,
    neverallow: Annotated[
        bool, VerbOption(help="Check the base's neverallow rules first; Debian's semodule does not.")
    ] = True,
    drop_ins: Annotated[
        Path | None,
        VerbOption(
            "--drop-ins",
            metavar="DIR",
            folder=True,
            help="UNIT.d/*.conf, as harden -o makes them.",
        ),
    ] = None,
    daemon_folder: DaemonFolder = None,
    as_json: Json = False,
) -> None:
    """Run scenarios on an enforcing machine with the modules: which steps work, and what is denied either way."""
    from policytool.lab.enforce import enforce as enforce_in_lab
    from policytool.lab.image import require_root

    require_root("lab enforce")
    payload = asked_payload(scenarios, workload)
    known = load_known(daemon_folder)
    done = enforce_in_lab(
        asked_image(), folders, payload, note, known=known, neverallow=neverallow, drop_ins=drop_ins
    )
    _report(done, as_json=as_json)


@app.verb()
def run(
    output: Annotated[
        Path, VerbOption("-o", "--output", metavar="DIR", help="Gets first/, skeletons/, second/ and modules/.")
    ],
    daemons: DaemonNames = None,
    scenarios: Scenarios = None,
    workload: _Workload = None,
    transitions: Transitions = True,
    private_types: PrivateTypes = True,
    accepted: AcceptedPolicies = Path("policies"),
    daemon_folder: DaemonFolder = None,
    as_json: Json = False,
) -> None:
    """Do the whole loop: record, generate, record under what was generated, generate from that, enforce.

    What is in DIR already, from a run that was interrupted, is not made again, whatever the options are now.
    """
    from policytool.lab.enforce import enforce as enforce_in_lab
    from policytool.lab.image import require_root
    from policytool.lab.whole_loop import Loop, loop

    require_root("lab run")
    image = asked_image()
    known = load_known(daemon_folder)
    payload = asked_payload(scenarios, workload)
    choices = load_choices(accepted, transitions=transitions, private_types=private_types)
    about = Loop(image, _daemons(daemons or (), known), known, payload, choices)

    def recorded(steps: Sequence[Step]) -> None:
        if steps:
            emit(_steps_text(steps) + "\n")

    def generated(made: Sequence[Candidate], folder: Path) -> None:
        warn(made, folder, choices)

    done = loop(about, output, note, recorded, generated)
    for name, change in done.changes.items():
        note(
            f"{name}: the skeleton is not that which it was recorded under ({change.text()}): record again "
            f"under it, with `policytool lab record --under {done.modules}`"
        )
    _report(enforce_in_lab(image, [done.modules], payload, note, known=known), as_json=as_json)


app.verb()(verify)
app.verb()(ablate)


@app.verb()
def shell(
    folders: Annotated[list[Path] | None, VerbArgument(metavar="DIR...", help="Folders of modules.")] = None,
    enforcing: Annotated[bool, VerbOption("--enforcing", help="Boot enforcing.")] = False,
) -> None:
    """Boot the machine with its console on the terminal (user root, no password); nothing of it is kept."""
    from policytool.lab.image import require_root
    from policytool.lab.machine_policy import enforce_policy, image_base, record_policy
    from policytool.lab.session import prepare, run_folder
    from policytool.lab.vm import shell as boot_shell

    require_root("lab shell")
    image = asked_image()
    base = image_base(image)
    if folders and enforcing:
        policy = enforce_policy(base, folders)
    else:
        policy = record_policy(base, _daemons((), load_known(None)), folders or ())
    with run_folder("shell") as folder:
        boot_shell(prepare(image, policy, asked_payload(()), folder, note, enforcing=enforcing), folder)


@app.verb()
def clean(
    logs: Annotated[bool, VerbOption("--logs", help="The logs of earlier runs only, not the image.")] = False,
) -> None:
    """Remove the image with the layers that it is made of, and the logs of earlier runs."""
    from policytool.lab.image import KINDS
    from policytool.lab.session import RUNS
    from policytool.toolchain.cache import open_cache

    root = open_cache().root
    for kind in (RUNS,) if logs else (*KINDS, RUNS):
        folder = root / kind
        if folder.exists():
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise ToolFailedError(f"cannot remove {folder}: {error.strerror}") from error
            note(f"removed {folder}")


def _report(done: Enforcement, *, as_json: bool) -> None:
    if as_json:
        emit_json(done.document())
    else:
        emit(enforcement_text(done))
    if not done.clean:
        stop(ExitCode.FINDINGS)


def _daemons(names: Sequence[str], known: Sequence[Daemon]) -> tuple[Daemon, ...]:
    """Return the daemons NAMES, known ones or bare domains; without any, all known ones and the guests' domain."""
    return as_daemons(
        names or [*(daemon.name for daemon in known if daemon.name != _MONOLITH), _GUEST_DOMAIN], known
    )


def _steps_text(steps: Sequence[Step]) -> str:
    names = list(dict.fromkeys(step.daemon for step in steps))
    rows = []
    for name in names:
        own = [step for step in steps if step.daemon == name]
        rows.append((name, sum(step.ok for step in own), sum(not step.ok for step in own)))
    return table(("daemon", "ok", "failed"), rows, frozenset({1, 2})) + _failures_text(steps)


def _failures_text(steps: Sequence[Step]) -> str:
    text = ""
    for step in steps:
        if not step.ok:
            said = "".join(f"\n  {line}" for line in step.said)
            text += f"failed: {step.scenario}: {step.daemon} {step.name}{said}\n"
    return text


def enforcement_text(done: Enforcement) -> str:
    """Return what an enforced run says: steps and denials by daemon, what failed, each denial, the sums."""
    text = table(("daemon", "ok", "failed", "denials"), done.rows(), frozenset({1, 2, 3}))
    text += _failures_text(done.steps)
    if done.denials:
        rows = [
            (
                denial.source,
                denial.target,
                denial.tclass,
                denial.perm,
                denial.count,
                "refused" if denial.refused else "denied",
                ", ".join(sorted({use.program for use in denial.uses if use.program})[:2]),
                ", ".join(sorted({use.path for use in denial.uses if use.path})[:2]),
            )
            for denial in done.denials
        ]
        columns = ("source", "target", "class", "permission", "count", "verdict", "program", "path")
        text += "\n" + table(columns, rows, frozenset({4}))
    if done.filtered:
        calls = [(call.domain, call.program, call.name, call.count) for call in done.filtered]
        text += "\n" + table(("domain", "program", "call that a filter refused", "count"), calls, frozenset({3}))
    if done.others:
        sources = sorted({denial.source for denial in done.others})
        text += (
            f"\nno finding: {len(done.others)} distinct denials of domains that no tested one enters "
            f"({', '.join(sources[:5])}{', …' if len(sources) > 5 else ''}); --json lists them as others\n"
        )
    failed = sum(not step.ok for step in done.steps)
    return text + (
        f"\n{len(done.steps) - failed} steps ok, {failed} failed, {len(done.unexpected)} distinct denials, "
        f"{len(done.denials) - len(done.unexpected)} refused on purpose, lost records: {done.session.lost}\n"
    )
