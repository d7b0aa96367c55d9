# SPDX-License-Identifier: GPL-2.0-or-later
"""The set of system calls of a trace: by domain and program, with what matters of the arguments, and the outcome.

A call's arguments are reduced to classes: the family of a socket, the direction of an open, the command of an
ioctl. Values that differ from call to call (addresses, lengths, descriptors, texts) are left out.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from policytool.model.event import Syscall, TraceEvent


@dataclass(frozen=True, slots=True, order=True)
class SystemCall:
    """One kind of call. `domain` is "" where the trace has no contexts, `error` an errno's name, "" for success."""

    domain: str
    program: str
    name: str
    arguments: str
    error: str


# Reads an argument: a number as audit logs it, or a word as strace prints it.
_Class = Callable[[int | str], str]


def _choice(names: Mapping[int, str], base: int = 10) -> _Class:
    """Read one of several values."""

    def read(value: int | str) -> str:
        if isinstance(value, str):
            return value
        return names.get(value) or (f"{value:#x}" if base == 16 else str(value))

    return read


def _flags(names: Mapping[int, str], mask: int = 0, choices: Mapping[int, str] | None = None) -> _Class:
    """Read a set of NAMES, the bits of MASK as one of CHOICES; bits without a name do not matter."""
    known = set(names.values()) | set((choices or {}).values())

    def read(value: int | str) -> str:
        if isinstance(value, str):
            found = {word for word in value.split("|") if word in known}
        else:
            found = {name for bit, name in names.items() if value & bit}
            found |= {(choices or {}).get(value & mask, "")} - {""}
        return "|".join(sorted(found))

    return read


def _named(module: object, prefix: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if name.startswith(prefix) and isinstance(value, int):
            found.setdefault(int(value), name)
    return found


_SOCKET_TYPES = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 5: "SOCK_SEQPACKET"}
_family = _choice(_named(socket, "AF_"))
_socket_type = _flags({}, 0xF, _SOCKET_TYPES)
_open = _flags(
    {os.O_CREAT: "O_CREAT", os.O_TRUNC: "O_TRUNC", os.O_APPEND: "O_APPEND", os.O_PATH: "O_PATH"},
    os.O_ACCMODE,
    {os.O_RDONLY: "O_RDONLY", os.O_WRONLY: "O_WRONLY", os.O_RDWR: "O_RDWR"},
)
_prot = _flags({mmap.PROT_READ: "PROT_READ", mmap.PROT_WRITE: "PROT_WRITE", mmap.PROT_EXEC: "PROT_EXEC"})
_fcntl = _choice(_named(fcntl, "F_"))
_signal = _choice({int(one): one.name for one in signal.Signals})
# linux/sched.h: what a new process does not share.
_new = _flags(
    {
        0x00020000: "CLONE_NEWNS",
        0x02000000: "CLONE_NEWCGROUP",
        0x04000000: "CLONE_NEWUTS",
        0x08000000: "CLONE_NEWIPC",
        0x10000000: "CLONE_NEWUSER",
        0x20000000: "CLONE_NEWPID",
        0x40000000: "CLONE_NEWNET",
        0x00010000: "CLONE_THREAD",
        0x00004000: "CLONE_VFORK",
    }
)
_number = _choice({})
_hex = _choice({}, 16)

# system call -> which arguments, and how they are read
_CLASSES: Mapping[str, tuple[tuple[int, _Class], ...]] = {
    "bpf": ((0, _number),),
    "clone": ((0, _new),),
    "fcntl": ((1, _fcntl),),
    "getsockopt": ((1, _number), (2, _number)),
    "ioctl": ((1, _hex),),
    "keyctl": ((0, _number),),
    "kill": ((1, _signal),),
    "mmap": ((2, _prot),),
    "mprotect": ((2, _prot),),
    "open": ((1, _open),),
    "openat": ((2, _open),),
    "personality": ((0, _hex),),
    "prctl": ((0, _number),),
    "ptrace": ((0, _number),),
    "setns": ((1, _new),),
    "setsockopt": ((1, _number), (2, _number)),
    "socket": ((0, _family), (1, _socket_type)),
    "socketpair": ((0, _family), (1, _socket_type)),
    "tgkill": ((2, _signal),),
    "unshare": ((0, _new),),
}

_FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
_EXECS = frozenset({"execve", "execveat"})


def count_calls(events: Iterable[TraceEvent]) -> Counter[SystemCall]:
    """Count the system calls of EVENTS.

    strace names no program: it is followed from execve and fork, and unknown ("") for a process that ran before.
    """
    programs: dict[int, str] = {}
    found: Counter[SystemCall] = Counter()
    for event in events:
        call = event.syscall
        if call is not None:
            program = call.exe or _followed(call, programs)
            domain = call.subject.type_ if call.subject else ""
            found[SystemCall(domain, program, call.name, argument_classes(call), _error(call))] += 1
    return found


def argument_classes(call: Syscall) -> str:
    """Return what matters of the arguments of CALL, separated by blanks; "" where nothing does or is known."""
    values = call.args or call.words
    return " ".join(
        read(values[place]) for place, read in _CLASSES.get(call.name, ()) if place < len(values)
    ).strip()


def _followed(call: Syscall, programs: dict[int, str]) -> str:
    pid = call.pid or 0
    if call.name in _EXECS and call.success and call.words:
        # execve(path, …), execveat(directory, path, …)
        programs[pid] = call.words[1 if call.name == "execveat" and len(call.words) > 1 else 0].strip('"')
    elif call.name in _FORKS and call.exit and call.exit > 0 and pid in programs:
        programs[call.exit] = programs[pid]
    return programs.get(pid, "")


def _error(call: Syscall) -> str:
    if call.exit is None or call.exit >= 0:
        return ""
    # -4095 to -1 are errors; anything below is a large unsigned result (include/linux/err.h).
    return errno.errorcode.get(-call.exit, f"errno {-call.exit}") if call.exit >= -4095 else ""
