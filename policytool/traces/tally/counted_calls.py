# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls that a kernel has counted under its own numbers, and what audit's log of the same time calls these.

The counts have SELinux's identifiers and inodes; the log has, for each process that ran a program, its domain and
the program's path (type=SYSCALL of execve). Both name the process, so that each identifier and inode gets its name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from policytool.errors import InputError
from policytool.model.event import TraceEvent
from policytool.traces.events.syscalls import syscall_name
from policytool.traces.tally.system_calls import (
    SystemCall,
    counted_arguments,
    counted_classes,
    error_name,
)

_FORMAT = 1
_EXECS = frozenset({"execve", "execveat"})
_INIT = 1
# What a machine calls a call of 32 bits.
_NARROW = {"x86_64": "i386"}

# A program's file in the kernel: its device and inode.
_File = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RawCount:
    """A kind of call as the kernel knows it, and how often it was made, or failed with `error` (0: made at all)."""

    sid: int
    number: int
    file: _File
    narrow: bool
    arguments: tuple[int, int]
    error: int
    count: int


@dataclass(frozen=True, slots=True)
class RawCounts:
    """What a counter wrote: the counts, what each process ran (sid, file) in order, and how many were LOST."""

    machine: str
    lost: int
    calls: tuple[RawCount, ...]
    execs: Mapping[int, tuple[tuple[int, _File], ...]]


@dataclass(frozen=True, slots=True)
class ProgramsRun:
    """What processes ran, by a log: for each process (domain afterwards, path of the program), and init's children.

    Each is there once, in the order in which they were last run.
    """

    of: Mapping[int, tuple[tuple[str, str], ...]]
    by_init: frozenset[int]


@dataclass(frozen=True, slots=True)
class NamedCounts:
    """Calls counted under their names, and the architectures they were made on.

    `unknown` counts the calls of processes that no log names: those that ran since before the count began.
    """

    counted: Mapping[SystemCall, int]
    architectures: frozenset[str]
    unknown: int


def wanted_arguments(machine: str, numbers: Iterable[int]) -> Mapping[int, list[tuple[int, int, int | None]]]:
    """Return which arguments of the call of each of NUMBERS the kernel shall tell apart: (place, bits, inside)."""
    found = {}
    for number in numbers:
        arguments = counted_arguments(syscall_name(machine, str(number)))
        if arguments:
            found[number] = [(argument.place, argument.bits, argument.inside) for argument in arguments]
    return found


def parse_counts(text: str, origin: str) -> RawCounts:
    """Read what a counter wrote; ORIGIN is its name for messages. InputError: it is not of this format."""
    try:
        data = json.loads(text)
        if data["format"] != _FORMAT:
            raise InputError(f"{origin}: format {data['format']} of counted calls is not known")
        calls = []
        for row in data["calls"]:
            sid, number, device, width, inode, first, second, error, count = map(_number, row)
            calls.append(RawCount(sid, number, (device, inode), bool(width), (first, second), error, count))
        execs: dict[int, list[tuple[int, int, _File]]] = {}
        for row in data["execs"]:
            pid, sid, device, inode, last = map(_number, row)
            execs.setdefault(pid, []).append((last, sid, (device, inode)))
        ran = {pid: tuple((sid, file) for _, sid, file in sorted(each)) for pid, each in execs.items()}
        return RawCounts(str(data["machine"]), _number(data["lost"]), tuple(calls), ran)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{origin}: not the counts of a call counter ({error!r})") from error


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value


def programs_run(events: Iterable[TraceEvent]) -> ProgramsRun:
    """Return what the processes of EVENTS ran."""
    found: dict[int, dict[tuple[str, str], None]] = {}
    by_init = set()
    for event in events:
        call = event.syscall
        if call and call.name in _EXECS and call.success and call.pid is not None and call.subject:
            ran = found.setdefault(call.pid, {})
            ran.pop((call.subject.type_, call.exe), None)
            ran[call.subject.type_, call.exe] = None
            if call.ppid == _INIT:
                by_init.add(call.pid)
    return ProgramsRun({pid: tuple(ran) for pid, ran in found.items()}, frozenset(by_init))


def name_counts(raw: RawCounts, programs: ProgramsRun, domains: Collection[str]) -> NamedCounts:
    """Return RAW under the names that PROGRAMS tell, as far as they are calls of DOMAINS or of what init ran.

    Init runs a unit's other commands (ExecReload=), which get its filter as well, whatever their domain is.
    InputError where the log calls one identifier by several names, or by none though it tells that something was
    run under it. Calls of processes that it never heard of (a container's own) are unknown.
    """
    domains_of: dict[int, Counter[str]] = {}
    paths_of: dict[_File, Counter[str]] = {}
    for pid, ran in raw.execs.items():
        # A process of which either side knows more than the other tells nothing.
        if len(ran) == len(programs.of.get(pid, ())):
            for (sid, file), (type_, path) in zip(ran, programs.of[pid], strict=True):
                domains_of.setdefault(sid, Counter())[type_] += 1
                paths_of.setdefault(file, Counter())[path] += 1
    for sid, names in domains_of.items():
        if len(names) > 1:
            raise InputError(
                f"the audit log has several domains for one identifier, {sid}: {', '.join(sorted(names))}"
            )
    heard_of = {sid for pid, ran in raw.execs.items() if pid in programs.of for sid, _ in ran}
    if nameless := sorted(heard_of - domains_of.keys()):
        raise InputError(
            f"programs ran under the identifier {nameless[0]}, and the audit log tells no domain of it"
        )
    domain_of = {sid: next(iter(names)) for sid, names in domains_of.items()}
    # A file may have several names, in another root folder at that: the usual one.
    path_of = {file: min(names, key=lambda path: (-names[path], path)) for file, names in paths_of.items()}
    by_init = {each for pid in raw.execs.keys() & programs.by_init for each in programs.of[pid]}
    begun: Counter[SystemCall] = Counter()
    failed: Counter[SystemCall] = Counter()
    architectures = set()
    unknown = 0
    for row in raw.calls:
        domain = domain_of.get(row.sid)
        if domain is None:
            unknown += 0 if row.error else row.count
            continue
        # A program that was running when the count began, and whose file nobody ran since, has no name.
        program = path_of.get(row.file, "")
        if domain not in domains and (domain, program) not in by_init:
            continue
        arch = _NARROW.get(raw.machine, "") if row.narrow else raw.machine
        architectures.add(arch)
        name = syscall_name(arch, str(row.number))
        call = SystemCall(domain, program, name, counted_classes(name, row.arguments), "")
        if row.error:
            failed[call] += row.count
            begun[SystemCall(domain, call.program, name, call.arguments, error_name(row.error))] += row.count
        else:
            begun[call] += row.count
    # What failed had begun; what began before the count may fail in it.
    counted = {call: count - (0 if call.error else min(count, failed[call])) for call, count in begun.items()}
    return NamedCounts(
        {call: count for call, count in sorted(counted.items()) if count}, frozenset(architectures), unknown
    )
