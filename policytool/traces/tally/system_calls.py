# SPDX-License-Identifier: GPL-2.0-or-later
"""The set of system calls of a trace: by domain and program, with what matters of the arguments, and the outcome.

A call's arguments are reduced to classes: the family of a socket, the direction of an open, the command of an
ioctl. Values that differ from call to call (addresses, lengths, descriptors, texts) are left out.
"""

from __future__ import annotations

import errno
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class _Class:
    """Reads an argument: a number as audit logs it, or a word as strace prints it. `bits` are those that matter."""

    read: Callable[[int | str], str]
    bits: int


@dataclass(frozen=True, slots=True)
class CountedArgument:
    """An argument that is counted in the kernel: its place, and the bits that matter.

    Where it is a pointer, these are `inside` so many bytes of what it points to.
    """

    place: int
    bits: int
    inside: int | None = None


def _choice(names: Mapping[int, str], base: int = 10) -> _Class:
    """Read one of several values, an int of C."""

    def read(value: int | str) -> str:
        if isinstance(value, str):
            return value
        return names.get(value) or (f"{value:#x}" if base == 16 else str(value))

    return _Class(read, 0xFFFFFFFF)


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

    bits = mask
    for bit in names:
        bits |= bit
    return _Class(read, bits)


# The numbers are Linux's own (include/uapi, asm-generic), whatever the machine that reads the log.
_family = _choice(
    {
        1: "AF_UNIX",
        2: "AF_INET",
        10: "AF_INET6",
        15: "AF_KEY",
        16: "AF_NETLINK",
        17: "AF_PACKET",
        31: "AF_BLUETOOTH",
        38: "AF_ALG",
        40: "AF_VSOCK",
        44: "AF_XDP",
    }
)
_socket_type = _flags({}, 0xF, {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 5: "SOCK_SEQPACKET"})
_open = _flags(
    {0o100: "O_CREAT", 0o1000: "O_TRUNC", 0o2000: "O_APPEND", 0o10000000: "O_PATH"},
    0o3,
    {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR"},
)
_prot = _flags({1: "PROT_READ", 2: "PROT_WRITE", 4: "PROT_EXEC"})
_fcntl = _choice(
    {
        0: "F_DUPFD",
        1: "F_GETFD",
        2: "F_SETFD",
        3: "F_GETFL",
        4: "F_SETFL",
        5: "F_GETLK",
        6: "F_SETLK",
        7: "F_SETLKW",
        36: "F_OFD_GETLK",
        37: "F_OFD_SETLK",
        38: "F_OFD_SETLKW",
        1030: "F_DUPFD_CLOEXEC",
        1033: "F_ADD_SEALS",
    }
)
_signal = _choice(
    {
        0: "0",
        1: "SIGHUP",
        2: "SIGINT",
        3: "SIGQUIT",
        6: "SIGABRT",
        9: "SIGKILL",
        10: "SIGUSR1",
        12: "SIGUSR2",
        13: "SIGPIPE",
        14: "SIGALRM",
        15: "SIGTERM",
        17: "SIGCHLD",
        18: "SIGCONT",
        19: "SIGSTOP",
    }
)
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
# linux/capability.h, in the order of their numbers.
_CAPABILITIES = """
chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin
sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override
mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
"""
CAPABILITIES = tuple(f"CAP_{name.upper()}" for name in _CAPABILITIES.split())
_low_capabilities, _high_capabilities = (
    _flags({1 << number: name for number, name in enumerate(names)})
    for names in (CAPABILITIES[:32], CAPABILITIES[32:])
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

# system call -> what matters of its structures, of which audit has only the addresses: the argument that points to
# one, how far inside it is, and how it is read. capset's has three sets, of 32 bits each, twice: the permitted one
# (struct __user_cap_data_struct, linux/capability.h).
_POINTED: Mapping[str, tuple[tuple[int, int, _Class], ...]] = {
    "capset": ((1, 4, _low_capabilities), (1, 16, _high_capabilities)),
    "clone3": ((0, 0, _new),),
}

# What strace prints of it: clone(child_stack=NULL, flags=…), clone3({flags=…, …}, 88),
# capset({version=…, …}, {effective=…, permitted=1<<CAP_KILL|1<<CAP_SYSLOG, …}).
_flags_word = re.compile(r"\bflags=([A-Z0-9_|]+)")
_STRACE_WORDS: Mapping[str, tuple[re.Pattern[str], tuple[_Class, ...]]] = {
    "capset": (re.compile(r"\bpermitted=([A-Z0-9_|<]+)"), (_low_capabilities, _high_capabilities)),
    "clone": (_flags_word, (_new,)),
    "clone3": (_flags_word, (_new,)),
}
_FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
_EXECS = frozenset({"execve", "execveat"})
_REPEATED = frozenset({512, 513, 514, 516})


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
    if not call.args and call.name in _STRACE_WORDS:
        word, classes = _STRACE_WORDS[call.name]
        found = word.search(" ".join(call.words))
        return _joined(class_.read(found[1].replace("1<<", "")) for class_ in classes) if found else ""
    return _joined(
        class_.read(values[place]) for place, class_ in _CLASSES.get(call.name, ()) if place < len(values)
    )


def counted_arguments(name: str) -> tuple[CountedArgument, ...]:
    """Return which arguments of the call NAME make it another kind of call: two at most."""
    if name in _POINTED:
        return tuple(CountedArgument(place, class_.bits, inside) for place, inside, class_ in _POINTED[name])
    return tuple(CountedArgument(place, class_.bits) for place, class_ in _CLASSES.get(name, ()))


def counted_classes(name: str, values: Sequence[int]) -> str:
    """Return, as `argument_classes` does, what VALUES say of the call NAME: its `counted_arguments`, in order."""
    if name in _POINTED:
        classes = [class_ for _, _, class_ in _POINTED[name]]
    else:
        classes = [class_ for _, class_ in _CLASSES.get(name, ())]
    return _joined(class_.read(value) for class_, value in zip(classes, values, strict=False))


def _joined(words: Iterable[str]) -> str:
    return " ".join(words).strip()


def error_name(number: int) -> str:
    """Return the name of the error NUMBER; a call that a signal interrupts and the kernel repeats is EINTR."""
    # include/linux/errno.h: ERESTARTSYS to ERESTARTNOHAND and ERESTART_RESTARTBLOCK, as audit tells them
    if number in _REPEATED:
        number = errno.EINTR
    return errno.errorcode.get(number, f"errno {number}")


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
    return error_name(-call.exit) if call.exit >= -4095 else ""
