# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording system calls in the lab: counted in the guest's kernel while scenarios run, into a table of a few kB.

A pass of its own: nothing is audited but execve and fork, which tell what the kernel's numbers stand for.
"""

from __future__ import annotations

import json
import lzma
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import policytool
from policytool.errors import InputError, ToolFailedError
from policytool.lab.image import Image, Told
from policytool.lab.machine_policy import image_base, record_policy
from policytool.lab.scenario import batches
from policytool.lab.session import Session, boot, run_folder
from policytool.lab.status import Step
from policytool.model.daemon import Daemon
from policytool.recorder.call_program import MOST_NUMBERS
from policytool.traces.bundle.bundle import TraceLog, read_log
from policytool.traces.bundle.call_table import CallTable, call_table_text, read_call_table
from policytool.traces.bundle.manifest import Recording
from policytool.traces.tally.counted_calls import name_counts, parse_counts, programs_run, wanted_arguments

SUFFIX = ".calls.xz"

_LIMIT = 7200.0
_AROUND = Path(__file__).parent / "around" / "count-calls"
_COUNTS = "lib/policytool/calls.json"
_MACHINE = "x86_64"

# All that the counter needs in the guest, which has Python and nothing else of ours.
_GUEST_MODULES = (
    "__init__.py",
    "recorder/__init__.py",
    "recorder/kernel_types.py",
    "recorder/bpf_code.py",
    "recorder/call_program.py",
    "recorder/call_counter.py",
)


@dataclass(frozen=True, slots=True)
class CallRecording:
    """The table that was written, and the session it comes from."""

    table: CallTable
    session: Session


def record_calls(
    image: Image,
    daemons: Sequence[Daemon],
    payload: Mapping[str, Path],
    out: Path,
    told: Told,
    *,
    under: Sequence[Path] = (),
    overwrite: bool = False,
) -> CallRecording:
    """Count the calls of DAEMONS, and of the helpers they enter, while the scenarios of PAYLOAD run, into OUT.

    The machine is permissive; UNDER as for `record`. InputError when OUT exists and OVERWRITE is not asked for;
    LostVmError when the machine is lost, ToolFailedError when it counted nothing; a failed step is in the session.
    """
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists already; choose another name or ask for it to be replaced")
    base = image_base(image)
    policy = record_policy(base, daemons, under, Recording.PERMISSIVE)
    told(f"counting the system calls of {len(policy.recorded)} domains")
    with run_folder("calls") as folder:
        arguments = folder / "arguments.json"
        arguments.write_text(json.dumps(wanted_arguments(_MACHINE, range(MOST_NUMBERS))), "utf-8")
        session = boot(
            image,
            policy,
            {**payload, "around": _AROUND, arguments.name: arguments},
            folder,
            told,
            enforcing=False,
            limit=_LIMIT,
            trees={"python": copy_counter(folder / "python")},
        )
        table = named_table(session, policy.recorded, image)
        session.audit_log.unlink()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.new")
    aside.write_bytes(lzma.compress(call_table_text(table).encode(), preset=9))
    aside.rename(out)
    return CallRecording(table, session)


def record_call_batches(
    image: Image,
    daemons: Sequence[Daemon],
    payload: Mapping[str, Path],
    folder: Path,
    told: Told,
    *,
    under: Sequence[Path] = (),
) -> tuple[Step, ...]:
    """Count the calls of each of PAYLOAD's `batches` into a table of its name in FOLDER; what is there stays.

    Return the steps of what was recorded now. InputError when a table has lost calls; else as `record_calls`.
    """
    steps: list[Step] = []
    for name, batch in batches(payload).items():
        out = folder / f"{name}{SUFFIX}"
        if out.exists():
            told(f"{out} is there already and is not recorded again")
        else:
            made = record_calls(image, daemons, batch, out, told, under=under)
            told(f"{out}: {sum(made.table.counted.values())} calls, {made.session.seconds:.0f} s")
            steps += made.session.status.steps
        if read_call_table(str(out)).lost:
            raise InputError(f"{out} has lost calls, so that a filter made of it may miss some: record it again")
    return tuple(steps)


def named_table(session: Session, domains: Collection[str], image: Image) -> CallTable:
    """Return what the machine of SESSION counted of DOMAINS.

    ToolFailedError if it counted nothing, or lost audit records.
    """
    counts = session.audit_log.parents[2] / _COUNTS
    if not counts.is_file():
        raise ToolFailedError(f"the machine has not counted calls; its console: {session.folder / 'console.log'}")
    raw = parse_counts(counts.read_text("utf-8"), str(counts))
    log = TraceLog(str(session.audit_log), "calls", complete=False)
    named = name_counts(raw, programs_run(read_log(log, lambda _: None)), domains)
    if session.lost != 0:
        raise ToolFailedError(f"{session.lost} audit records are lost, which would tell who made the calls")
    return CallTable(
        named.counted,
        named.architectures,
        raw.lost,
        named.unknown,
        {
            "kernel": session.status.kernel,
            "base": f"selinux-policy-default {image.policy_version}",
            "libvirt": image.libvirt_version,
            "selinux": "permissive",
            "scenarios": ", ".join(session.status.scenarios),
            "tool": f"policytool {policytool.__version__}",
        },
    )


def copy_counter(folder: Path) -> Path:
    """Put into FOLDER, a new one, the Python that counts in the guest, and return it."""
    package = Path(policytool.__file__).parent
    for name in _GUEST_MODULES:
        copy = folder / "policytool" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / name, copy)
    return folder
