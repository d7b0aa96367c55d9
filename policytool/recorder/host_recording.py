# SPDX-License-Identifier: GPL-2.0-or-later
"""One recording on a live host: change it, let the daemons work, restore it, make a bundle of the log."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import FrameType

from policytool.errors import InputError, MissingToolError, UsageError
from policytool.model.daemon import Daemon
from policytool.model.module import BasePolicy
from policytool.policy.compiled import CompiledPolicy
from policytool.recorder import audit_host, selinux_host, units
from policytool.recorder.changes import ABSENT, ACTIVE, INACTIVE, PRESENT, Change, Kind, sha256
from policytool.recorder.package_versions import package_version, policy_package
from policytool.recorder.recording_policy import (
    compile_in_copy,
    complete_cil,
    permissive_cil,
    reachable_cil,
    skeletons_cil,
    with_helpers,
)
from policytool.recorder.undo_log import UndoLog, new_undo_log, old_undo_log
from policytool.toolchain.run import background, find_program
from policytool.traces.bundle.manifest import Facts, Manifest, RecordedBase, Recording
from policytool.traces.bundle.write import import_trace

# What has to stay free on the disk of the log, in bytes; auditd itself would suspend or halt the host.
_FREE = 512 << 20
_TICK = 0.5
_DRAIN_LIMIT = 900.0
_PROGRAMS = ("auditctl", "semodule", "setpriv")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Told = Callable[[str], None]


class Mode(StrEnum):
    """What is recorded.

    COMPLETE: every decision about the domains, in both directions, granted ones too. PERMISSIVE: only what the
    policy would deny, once each, which hides accesses. CALLS: the system calls of the domains, and the latter.
    """

    COMPLETE = "complete"
    PERMISSIVE = "permissive"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: DAEMONS, and as long as a COMMAND runs, DURATION seconds pass, or nobody interrupts.

    `restart` says whether daemons that have a domain already are restarted, so that their start is recorded.
    `max_size` bounds the recorded log, in bytes.
    """

    daemons: tuple[Daemon, ...]
    mode: Mode = Mode.COMPLETE
    command: tuple[str, ...] = ()
    duration: float | None = None
    restart: bool = False
    max_size: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recording will change, in order, and the CIL that it adds to the running policy.

    `helpers` are domains that are recorded because the daemons enter them.
    """

    changes: tuple[Change, ...]
    cil: str
    policy: selinux_host.HostPolicy
    new_domains: tuple[str, ...]
    helpers: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Describe the changes for --dry-run."""
        also = [f"recorded, too, as helpers that these daemons enter: {', '.join(self.helpers)}"]
        return [line for change in self.changes for line in change.lines()] + (also if self.helpers else [])


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a recording.

    `lost` counts records (None: nobody counts), `status` is the command's (None: none, or cut short). `gaps` are
    reasons why more than `lost` is missing, `leftovers` processes that still run in a domain that is gone.
    """

    manifest: Manifest
    lost: int | None
    status: int | None
    gaps: tuple[str, ...]
    leftovers: tuple[str, ...]


def make_plan(request: Request, folder: Path) -> Plan:
    """Look at the host and return what would be changed; files of the policy will be in FOLDER.

    Nothing is changed. UsageError and MissingToolError: the host cannot be recorded, and why.
    """
    for program in _PROGRAMS:
        find_program(program)
    policy = selinux_host.host_policy()
    status = audit_host.require_audit()
    log = audit_host.log_file()
    if not log.is_file():
        raise MissingToolError(f"{log} does not exist, though auditd runs; does it write elsewhere?")
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        copy = Path(name) / "policy"
        copy.write_bytes(selinux_host.running_policy())
        running = CompiledPolicy(copy)
        known, classes = running.types, running.classes
        asked = {daemon.domain for daemon in request.daemons}
        domains = sorted(with_helpers(asked, running) if request.mode is Mode.COMPLETE else asked)
        cil = complete_cil(domains, running) if request.mode is Mode.COMPLETE else permissive_cil(domains)
    skeletons = skeletons_cil(request.daemons, known, BasePolicy(policy.name, "", ""))
    fresh = [daemon for daemon in request.daemons if daemon.domain not in known]
    services = [daemon.unit for daemon in request.daemons if daemon.unit and (daemon in fresh or request.restart)]
    changes = (
        Change(Kind.AUDITD, _auditd_things()),
        Change(
            Kind.SETTING,
            {
                option: (str(now), str(wanted))
                for option, (now, wanted) in audit_host.settings_wanted(status).items()
            },
        ),
        Change(Kind.RULE, _rule_things(domains if request.mode is Mode.CALLS else ())),
        Change(
            Kind.POLICY,
            {
                f"{policy.file}@{sha256(policy.file.read_bytes())}": (
                    str(folder / "policy.before"),
                    str(folder / "policy.recording"),
                )
            },
        ),
        Change(
            Kind.UNIT,
            {
                unit: (ACTIVE if runs else INACTIVE, INACTIVE)
                for unit, runs in (units.unit_states(services) if services else {}).items()
            },
        ),
        Change(Kind.LABEL, _label_things(fresh)),
    )
    cil += reachable_cil({type_ for daemon in fresh for type_ in (daemon.domain, daemon.exec_type)}, classes)
    made = tuple(change for change in changes if change.things)
    new = tuple(daemon.domain for daemon in fresh)
    return Plan(made, cil + "".join(skeletons.values()), policy, new, tuple(sorted(set(domains) - asked)))


def record(request: Request, out: Path, name: str, told: Told, *, overwrite: bool = False) -> Recorded:
    """Record as REQUEST says into the bundle OUT, called NAME, and leave the host as it was.

    InputError when OUT exists and OVERWRITE is not asked for; ToolFailedError when something fails, the host being
    restored by then, or when it cannot be restored, which `restore` can try again. A signal that ends the recorder
    restores the host, too; without a command and a duration, an interrupt is the end of the recording.
    """
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists already; choose another name or ask for it to be replaced")
    with (
        new_undo_log() as undo_log,
        tempfile.TemporaryDirectory(prefix="policytool-", dir=undo_log.folder) as name_,
    ):
        work = Path(name_)
        plan = make_plan(request, undo_log.folder)
        log = audit_host.log_file()
        _require_space(log)
        told("compiling the policy of the recording")
        (undo_log.folder / "policy.recording").write_bytes(compile_in_copy(plan.policy, plan.cil, work))
        (undo_log.folder / "policy.before").write_bytes(selinux_host.running_policy())
        raw = Path(tempfile.mkdtemp(prefix="policytool-recording-", dir="/var/tmp")) / "audit.log"
        try:
            with _restored(undo_log, told):
                for change in plan.changes:
                    told(f"changing: {change.kind}")
                    undo_log.make(change)
                states = [dict(change.things) for change in plan.changes if change.kind is Kind.UNIT]
                units.start([unit for things in states for unit, (was, _) in things.items() if was == ACTIVE])
                lost, status, gaps = _watch(request, log, raw, told)
            leftovers = _left_behind(plan.new_domains)
            told(f"writing the bundle {out}")
            # With a gap nobody knows how much is missing: the bundle counts as incomplete.
            facts = _facts(request, plan, None if gaps else lost)
            manifest = import_trace([str(raw)], out, name, facts, overwrite)
        finally:
            shutil.rmtree(raw.parent, ignore_errors=True)
    return Recorded(manifest, lost, status, tuple(gaps), leftovers)


def restore(told: Told) -> bool:
    """Undo what a recording that was cut off has left; return whether there was anything.

    ToolFailedError when something cannot be undone; it stays in the journal.
    """
    with old_undo_log(told) as undo_log:
        if undo_log is None:
            return False
        with _deaf():
            undo_log.undo_all(told)
        return True


def _auditd_things() -> dict[str, tuple[str, str]]:
    text = audit_host.CONFIGURATION.read_bytes().decode("utf-8", "surrogateescape")
    wanted = audit_host.without_rotation(text)
    same = audit_host.configured(wanted) == audit_host.configured(text)
    return {} if same else {str(audit_host.CONFIGURATION): (text, wanted)}


def _rule_things(domains: Sequence[str]) -> dict[str, tuple[str, str]]:
    listed = audit_host.listed_rules()
    away = dict.fromkeys(audit_host.rules_in_the_way(listed), (PRESENT, ABSENT))
    return away | dict.fromkeys(audit_host.rules_wanted(domains), (ABSENT, PRESENT))


def _label_things(daemons: Sequence[Daemon]) -> dict[str, tuple[str, str]]:
    found = {}
    for daemon in daemons:
        programs = {os.path.realpath(path) for path in daemon.executables if Path(path).is_file()}
        if not programs:
            raise UsageError(
                f"{daemon.name}: none of its programs is on this host ({', '.join(daemon.executables)})"
            )
        for path in sorted(programs):
            label = selinux_host.read_label(Path(path))
            if label is None:
                raise UsageError(
                    f"{path} has no label: the host was never labelled (fixfiles, or touch /.autorelabel)"
                )
            user, role, _, *rest = label.split(":", 3)
            found[path] = (label, ":".join((user, role, daemon.exec_type, *rest)))
    return found


def _watch(request: Request, log: Path, raw: Path, told: Told) -> tuple[int, int | None, list[str]]:
    """Record until the end that REQUEST names; return the records lost, the command's status, and gaps."""
    token = f"policytool recording {os.urandom(8).hex()}"
    before = audit_host.audit_status().lost
    identity = log.stat().st_ino
    begin = audit_host.mark(log, f"{token} begins", _DRAIN_LIMIT)
    loaded = selinux_host.running_policy()
    gaps: list[str] = []
    status: int | None = None
    try:
        status = _until_end(request, lambda: _full(log, begin, request.max_size), gaps, told)
    except KeyboardInterrupt:
        if request.command or request.duration is not None:
            raise
    told("waiting for the log")
    end = audit_host.mark(log, f"{token} ends", _DRAIN_LIMIT)
    lost = audit_host.audit_status().lost - before
    if log.stat().st_ino != identity:
        gaps.append(f"{log} was rotated while it was recorded: its beginning is missing")
        begin = 0
    if selinux_host.running_policy() != loaded:
        gaps.append("somebody loaded another policy while it was recorded: what came after was not audited")
    audit_host.copy_slice(log, begin, end, raw)
    return lost, status, gaps


def _until_end(request: Request, full: Callable[[], str], gaps: list[str], told: Told) -> int | None:
    begin = time.monotonic()

    def over() -> bool:
        if (why := full()) and why not in gaps:
            gaps.append(why)
        late = request.duration is not None and time.monotonic() - begin >= request.duration
        return bool(gaps) or late

    if not request.command:
        told("recording; " + ("Ctrl-C ends it" if request.duration is None else f"{request.duration:g} s"))
        while not over():
            time.sleep(_TICK)
        return None
    told(f"recording {request.command[0]}")
    with background(request.command, Path(os.devnull), terminal=True) as running:
        while (status := running.wait(_TICK)) is None:
            if over():
                return None
        return status


def _full(log: Path, begin: int, limit: int) -> str:
    if log.stat().st_size - begin > limit:
        return f"the recording was stopped at {limit >> 20} MiB (--max-size)"
    if shutil.disk_usage(log.parent).free < _FREE:
        return f"the recording was stopped: less than {_FREE >> 20} MiB are free on the disk of {log}"
    return ""


def _require_space(log: Path) -> None:
    if shutil.disk_usage(log.parent).free < 2 * _FREE:
        raise UsageError(f"less than {2 * _FREE >> 20} MiB are free on the disk of {log}: a recording needs more")


def _left_behind(domains: Sequence[str]) -> tuple[str, ...]:
    """Return the processes that run in a domain that only the recording had: helpers that outlive their daemon.

    The kernel shows a process whose type is gone, and decides about it, as one of unlabeled_t.
    """
    if not domains:
        return ()
    found = selinux_host.processes_in({*domains, "unlabeled_t"})
    return tuple(sorted(f"{comm} ({pid})" for pid, comm, _ in found))


def recorded_versions(request: Request) -> tuple[tuple[str, str | None], ...]:
    """Return the daemons of REQUEST of which a program is known, with the versions of their packages."""
    return tuple(
        (daemon.name, package_version(daemon.executables)) for daemon in request.daemons if daemon.executables
    )


def _facts(request: Request, plan: Plan, lost: int | None) -> Facts:
    package, version = policy_package(plan.policy.name)
    before = next(change for change in plan.changes if change.kind is Kind.POLICY)
    saved = next(iter(before.things)).rpartition("@")[2]
    return Facts(
        kernel=platform.release(),
        base=RecordedBase(package, version, saved),
        selinux="enforcing" if plan.policy.enforcing else "permissive",
        recording=Recording.COMPLETE if request.mode is Mode.COMPLETE else Recording.PERMISSIVE_NO_DONTAUDIT,
        daemons=recorded_versions(request),
        scenario=" ".join(request.command) or None,
        lost=lost,
    )


@contextmanager
def _restored(undo_log: UndoLog, told: Told) -> Iterator[None]:
    """Undo everything at the end of the block, however it ends; signals end the block like an interrupt does."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        try:
            yield
        finally:
            with _deaf():
                undo_log.undo_all(told)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _deaf() -> Iterator[None]:
    """Ignore the signals that a user sends, so that restoring is not cut short."""
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
