# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool lab`: a disposable machine with a real SELinux kernel, to record on and to prove modules on."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import click

from policytool.cli.console import emit, emit_json, note, table, write_files
from policytool.cli.decisions import AcceptedPolicies, PrivateTypes, Transitions, load_choices
from policytool.cli.finding_lines import warn
from policytool.cli.inputs import DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbGroup, VerbOption, stop
from policytool.daemons.named import as_daemons
from policytool.errors import ExitCode, InputError, ToolFailedError, UsageError
from policytool.lab.machine_kind import MACHINES, PLAIN, MachineKind, MachineName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from policytool.generate.candidate import Candidate
    from policytool.lab.ablate import Ablation
    from policytool.lab.enforce import Enforcement
    from policytool.lab.image import Image
    from policytool.lab.status import Step
    from policytool.lab.verify import Verification
    from policytool.model.access import AccessKey
    from policytool.model.daemon import Daemon


_Result = TypeVar("_Result")


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

_Scenarios = Annotated[
    list[str] | None,
    VerbOption("--scenario", metavar="NAME", help="A scenario, or a daemon for all of its; repeatable."),
]
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
    image = _image()
    emit(f"{image.folder}\nlibvirt {image.libvirt_version}, base policy {image.policy_version}, {image.key}\n")


@app.verb()
def record(
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make.")],
    daemons: DaemonNames = None,
    scenarios: _Scenarios = None,
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
    payload = _payload(scenarios, workload)
    if mode == _CALLS:
        _record_calls(chosen, payload, output, under or (), overwrite=overwrite, by_daemon=by_daemon)
        return
    if by_daemon:
        ran = record_batches(_image(), chosen, payload, output, note, under=under or (), mode=Recording(mode))
        emit(_steps_text(ran))
        if not all(step.ok for step in ran):
            stop(ExitCode.FINDINGS)
        return
    made = record_in_lab(
        _image(),
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
        steps = record_call_batches(_image(), daemons, payload, output, note, under=under)
    else:
        made = record_calls(_image(), daemons, payload, output, note, under=under, overwrite=overwrite)
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
    scenarios: _Scenarios = None,
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
    payload = _payload(scenarios, workload)
    known = load_known(daemon_folder)
    done = enforce_in_lab(_image(), folders, payload, note, known=known, neverallow=neverallow, drop_ins=drop_ins)
    _report(done, as_json=as_json)


@app.verb()
def run(
    output: Annotated[
        Path, VerbOption("-o", "--output", metavar="DIR", help="Gets first/, skeletons/, second/ and modules/.")
    ],
    daemons: DaemonNames = None,
    scenarios: _Scenarios = None,
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
    image = _image()
    known = load_known(daemon_folder)
    payload = _payload(scenarios, workload)
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


@app.verb()
def verify(
    folders: Annotated[list[Path], VerbArgument(metavar="DIR...", help="Folders of modules.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="FILE", help="The result, as JSON.")],
    traces: Annotated[
        list[Path] | None,
        VerbOption("--trace", metavar="DIR", help="A bundle that the modules come from, for its hash; repeatable."),
    ] = None,
    scenarios: _Scenarios = None,
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


@app.verb()
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
    scenarios: _Scenarios = None,
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
    done = ablate_in_lab(_image(), folders, _payload(scenarios), wanted, before, state, keep, note)
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
    image = _image()
    base = image_base(image)
    if folders and enforcing:
        policy = enforce_policy(base, folders)
    else:
        policy = record_policy(base, _daemons((), load_known(None)), folders or ())
    with run_folder("shell") as folder:
        boot_shell(prepare(image, policy, _payload(()), folder, note, enforcing=enforcing), folder)


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


def _access_keys(text: str) -> Iterator[AccessKey]:
    """Yield the accesses of TEXT, 'SOURCE TARGET:CLASS PERM...'."""
    source, _, rest = text.partition(" ")
    target, _, rest = rest.partition(":")
    tclass, *perms = rest.split() or ("",)
    if not (source and target and tclass and perms):
        raise UsageError(f"--access {text!r} is not 'SOURCE TARGET:CLASS PERM...'")
    for perm in perms:
        yield source, source if target == "self" else target, tclass, perm


def _report(done: Enforcement, *, as_json: bool) -> None:
    if as_json:
        emit_json(done.document())
    else:
        emit(enforcement_text(done))
    if not done.clean:
        stop(ExitCode.FINDINGS)


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


def _image() -> Image:
    from policytool.lab.image import build_image

    return build_image(note, kind=_kind())


def _payload(scenarios: Sequence[str] | None, workload: Path | None = None) -> dict[str, Path]:
    from policytool.lab.scenario import choose

    return choose(scenarios or (), workload, _kind().scenarios)


def _kind() -> MachineKind:
    """Return the kind of machine that was asked for before the verb."""
    return click.get_current_context().find_object(MachineKind) or PLAIN


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
