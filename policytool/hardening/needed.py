# SPDX-License-Identifier: GPL-2.0-or-later
"""What a unit's processes need of what systemd can take away, and who of them needs it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from posixpath import dirname, normpath

from policytool.model.access import AccessVector, Use
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.traces.tally.system_calls import CAPABILITIES, SystemCall


class NeedKind(StrEnum):
    """Of what kind a need is; its value is given behind the colon. "" is a value that nobody knows."""

    CAPABILITY = "capability"  # CAP_NAME
    FAMILY = "address family"  # AF_NAME
    NAMESPACE = "namespace"  # as RestrictNamespaces= names it, or "" where only the fact is known
    MEMORY = "memory written and executed"  # the permission or call
    REALTIME = "scheduling policy"  # the permission or call
    HOSTNAME = "host name"  # the call
    PERSONALITY = "personality"  # the call
    MODULES = "kernel module"  # the permission or path
    KERNEL_LOG = "kernel log"  # the permission or path
    CLOCK = "clock"  # the capability or path
    MOUNT = "mount"  # the permission
    DEVICE = "device"  # PATH MODE
    WRITTEN = "written"  # a folder
    REACHED = "reached"  # one of WATCHED
    PROCESS = "another domain's process"  # its type
    INTERNET = "packets of the Internet protocol"  # the class of the socket


@dataclass(frozen=True, slots=True, order=True)
class Needer:
    """Who needs something: a program in a domain, in COUNT decisions or calls; 0 if only a policy allows it."""

    domain: str
    program: str
    count: int


# Of each kind, each value with those who need it.
Needs = Mapping[NeedKind, Mapping[str, tuple[Needer, ...]]]

# Folders that systemd can hide or replace as a whole.
WATCHED = ("/home", "/root", "/run/user", "/tmp", "/var/tmp", "/dev")  # noqa: S108 -- names to compare

# security/selinux/hooks.c, socket_type_to_security_class: the family that a socket of each class is of.
_FAMILIES = {
    "unix_stream_socket": ("AF_UNIX",),
    "unix_dgram_socket": ("AF_UNIX",),
    **dict.fromkeys(
        ("tcp_socket", "udp_socket", "rawip_socket", "sctp_socket", "icmp_socket", "dccp_socket"),
        ("AF_INET", "AF_INET6"),
    ),
    "packet_socket": ("AF_PACKET",),
    "key_socket": ("AF_KEY",),
    "appletalk_socket": ("AF_APPLETALK",),
    "alg_socket": ("AF_ALG",),
    "vsock_socket": ("AF_VSOCK",),
    "bluetooth_socket": ("AF_BLUETOOTH",),
    "can_socket": ("AF_CAN",),
    "tipc_socket": ("AF_TIPC",),
    "xdp_socket": ("AF_XDP",),
    "qipcrtr_socket": ("AF_QIPCRTR",),
    "rds_socket": ("AF_RDS",),
    "smc_socket": ("AF_SMC",),
    "nfc_socket": ("AF_NFC",),
    "kcm_socket": ("AF_KCM",),
}
# Made by opening /dev/net/tun, not by socket(2).
_NO_FAMILY = "tun_socket"
# Sockets whose packets IPAddressDeny= judges, and what is asked of one that sends and receives none.
_INTERNET = frozenset(
    {"tcp_socket", "udp_socket", "rawip_socket", "sctp_socket", "icmp_socket", "dccp_socket", "ping_socket"}
)
_WITHOUT_PACKETS = frozenset({"create", "ioctl", "getopt", "setopt", "getattr", "setattr", "lock", "map"})
_NAMESPACES = {
    "CLONE_NEWNS": "mnt",
    "CLONE_NEWCGROUP": "cgroup",
    "CLONE_NEWUTS": "uts",
    "CLONE_NEWIPC": "ipc",
    "CLONE_NEWUSER": "user",
    "CLONE_NEWPID": "pid",
    "CLONE_NEWNET": "net",
}
_NAMESPACE_CALLS = frozenset({"clone", "clone3", "unshare", "setns"})
_SCHEDULING_CALLS = frozenset({"sched_setscheduler", "sched_setattr", "sched_setparam"})
_HOST_CALLS = frozenset({"sethostname", "setdomainname"})
_PROTECTING_CALLS = frozenset({"mprotect", "pkey_mprotect"})
# The calls that look a name up. What acts on an open descriptor asks neither mounts nor the device cgroup.
_LOOKING_UP = frozenset({"open", "openat", "openat2", "creat", "truncate", "mknod", "mknodat", "bind"})
_MEMORY_PERMS = frozenset({"execmem", "execheap", "execstack", "execmod"})
_OWN_MEMORY = frozenset({"execmem", "execheap", "execstack"})
_FILES = frozenset({"file", "dir", "lnk_file", "sock_file", "fifo_file"})
_DEVICES = frozenset({"chr_file", "blk_file"})
_CHANGES = frozenset({"create", "unlink", "rename", "link", "setattr", "relabelfrom", "relabelto", "rmdir"})
_ENTRIES = frozenset({"add_name", "remove_name"})
_LOOKS = frozenset({"getattr", "search"})
# What a /dev of its own has besides devices (systemd, src/core/namespace.c).
_KEPT_DEV = ("/dev/shm", "/dev/log", "/dev/pts", "/dev/mqueue", "/dev/hugepages")  # noqa: S108 -- a name to compare
# Where the kernel's own file systems are mounted, by the dev= of a record.
_MOUNTED = {"sysfs": "/sys", "proc": "/proc", "cgroup": "/sys/fs/cgroup", "cgroup2": "/sys/fs/cgroup"}
_MODE = {"read": "r", "write": "w", "append": "w", "create": "m"}
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./@+:,=-]*", re.ASCII)

_Found = tuple[NeedKind, str]
# By need, its value, domain and program.
_Counted = dict[tuple[NeedKind, str, str, str], int]


def observed_needs(
    vectors: Iterable[AccessVector], domains: Collection[str], processes: Collection[str] = ()
) -> Needs:
    """Return what VECTORS show that processes of DOMAINS need. PROCESSES are the types that processes have."""
    counted: _Counted = {}
    own = [vector for vector in vectors if vector.source.type_ in domains]
    folders = _folders_by_type(own)
    for vector in own:
        rest = vector.evidence.count
        for use, count in vector.evidence.uses:
            rest -= count
            found = [
                (kind, folder)
                for kind, value in _of_use(vector, use, processes)
                for folder in ([value] if value or kind is not NeedKind.WRITTEN else _guessed(vector, use, folders))
            ]
            _count(counted, found, vector.source.type_, use.program, count)
        if rest > 0:
            _count(counted, _of_use(vector, Use("", "", "", ""), processes), vector.source.type_, "", rest)
    return _grouped(counted)


def called_needs(calls: Mapping[SystemCall, int], domains: Collection[str]) -> Needs:
    """Return what CALLS of DOMAINS show by their arguments; a call without a domain is taken for one of theirs."""
    counted: _Counted = {}
    for call, count in calls.items():
        if not call.domain or call.domain in domains:
            _count(counted, _of_call(call), call.domain, call.program, count)
    return _grouped(counted)


def permitted_needs(policy: CompiledPolicy, domain: str) -> Needs:
    """Return what POLICY lets DOMAIN have: the most that it can need, whatever it does.

    Nothing is said of paths: a policy has types only.
    """
    names = {domain, *policy.attributes_of(domain)}
    counted: _Counted = {}
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: source in names):
        if rule.enabled:
            for perm in rule.perms:
                found = [*_of_access(rule.tclass, perm, "")]
                if (rule.tclass, perm) in {("capability", "sys_admin"), ("process", "setsched")}:
                    found += [(NeedKind.NAMESPACE, ""), (NeedKind.HOSTNAME, perm)] if perm == "sys_admin" else []
                    found += [(NeedKind.REALTIME, perm)] if perm == "setsched" else []
                _count(counted, found, domain, "", 0)
    return _grouped(counted)


def split_refused(needs: Needs, policy: CompiledPolicy) -> tuple[Needs, Needs]:
    """Return what of NEEDS the POLICY lets processes have, and what it refuses them: memory written and executed.

    What was recorded where everything was permitted and fails under the policy fails no more in the unit. A mapping
    (mmap) asks for execmem, and is refused with it; where no execmem was recorded, it was another mapping.
    """
    memory = needs.get(NeedKind.MEMORY, {})
    asked = {needer.domain for needer in memory.get("execmem", ())}
    refused = {
        value: needers
        for value, needers in memory.items()
        if (value in _OWN_MEMORY or (value == "mmap" and all(needer.domain in asked for needer in needers)))
        and not any(_may(policy, needer.domain, "execmem" if value == "mmap" else value) for needer in needers)
    }
    kept = {value: needers for value, needers in memory.items() if value not in refused}
    return {**needs, NeedKind.MEMORY: kept}, {NeedKind.MEMORY: refused}


def _may(policy: CompiledPolicy, domain: str, perm: str) -> bool:
    """Say whether POLICY lets DOMAIN have PERM on its own process; one that is not enforced may have anything."""
    if domain not in policy.types or domain in policy.permissive:
        return True
    rules = policy.rules({TeRuleType.ALLOW}, lambda _, __, tclass: tclass == "process", perm)
    return any(
        rule.enabled and domain in policy.expand(rule.source) and domain in policy.expand(rule.target)
        for rule in rules
    )


def joined_needs(every: Iterable[Needs]) -> Needs:
    """Return the union of EVERY."""
    found: dict[NeedKind, dict[str, list[Needer]]] = {}
    for needs in every:
        for kind, values in needs.items():
            for value, needers in values.items():
                found.setdefault(kind, {}).setdefault(value, []).extend(needers)
    return {
        kind: {value: tuple(sorted(set(needers))) for value, needers in sorted(values.items())}
        for kind, values in found.items()
    }


def _folders_by_type(vectors: Iterable[AccessVector]) -> Mapping[str, frozenset[str]]:
    """Return the folders of each type that something was put into or taken from, where the record told the path."""
    found: dict[str, set[str]] = {}
    for vector in vectors:
        if vector.tclass == "dir" and vector.perm in _ENTRIES:
            told = {_written_of(use) for use, _ in vector.evidence.uses}
            found.setdefault(vector.target.type_, set()).update(told - {""})
    return {type_: frozenset(folders) for type_, folders in found.items()}


def _written_of(use: Use) -> str:
    return _folder(use.path, normpath(use.path)) if _PLAIN_PATH.fullmatch(use.path) else ""


def _guessed(vector: AccessVector, use: Use, folders: Mapping[str, frozenset[str]]) -> Sequence[str]:
    """Return where something was written whose path is not told: a file system, or folders of the same type.

    A rename names two folders in records that do not tell which is whose.
    """
    if use.identity.dev in _MOUNTED:
        return (_MOUNTED[use.identity.dev],)
    if use.syscall.startswith("rename"):
        return sorted(folders.get(vector.target.type_, ())) or ("",)
    return ("",)


def _count(
    counted: _Counted,
    found: Iterable[_Found],
    domain: str,
    program: str,
    count: int,
) -> None:
    for kind, value in dict.fromkeys(found):
        key = (kind, value, domain, program)
        counted[key] = counted.get(key, 0) + count


def _grouped(counted: Mapping[tuple[NeedKind, str, str, str], int]) -> Needs:
    found: dict[NeedKind, dict[str, tuple[Needer, ...]]] = {}
    for (kind, value, domain, program), count in sorted(counted.items()):
        values = found.setdefault(kind, {})
        values[value] = (*values.get(value, ()), Needer(domain, program, count))
    return found


def _of_use(vector: AccessVector, use: Use, processes: Collection[str]) -> Iterator[_Found]:
    yield from _of_access(vector.tclass, vector.perm, use.syscall)
    if vector.tclass in _FILES and vector.target.type_ in processes and vector.target.type_ != vector.source.type_:
        yield NeedKind.PROCESS, vector.target.type_
    path = normpath(use.path) if _PLAIN_PATH.fullmatch(use.path) else ""
    if vector.tclass in _DEVICES:
        mode = _MODE.get(vector.perm)
        if mode and (use.syscall in _LOOKING_UP or not use.syscall):
            yield NeedKind.DEVICE, f"{path} {mode}" if path else ""
        yield from _of_path(path, vector.perm, no_device=False)
    elif vector.tclass in _FILES:
        yield from _of_path(path, vector.perm, no_device=not path.startswith(_KEPT_DEV))
        if vector.perm in _ENTRIES:
            # The path is that of the entry.
            yield NeedKind.WRITTEN, _written_of(use)
        elif vector.tclass not in {"dir", "sock_file", "fifo_file"} and (
            (vector.perm in {"write", "append"} and (use.syscall in _LOOKING_UP or not use.syscall))
            or (vector.perm in _CHANGES and vector.perm != "create")
        ):
            yield NeedKind.WRITTEN, _written_of(use)
        elif vector.tclass == "dir" and vector.perm in _CHANGES - {"create", "rmdir", "unlink", "rename", "link"}:
            yield NeedKind.WRITTEN, path


def _of_access(tclass: str, perm: str, syscall: str) -> Iterator[_Found]:
    if tclass in _INTERNET and perm not in _WITHOUT_PACKETS:
        yield NeedKind.INTERNET, tclass
    if tclass in {"capability", "capability2"}:
        yield NeedKind.CAPABILITY, f"CAP_{perm.upper()}"
        if perm == "sys_admin" and syscall in _NAMESPACE_CALLS:
            yield NeedKind.NAMESPACE, ""
        if perm == "sys_admin" and syscall in _HOST_CALLS:
            yield NeedKind.HOSTNAME, syscall
        if perm == "sys_module":
            yield NeedKind.MODULES, perm
        if perm == "syslog":
            yield NeedKind.KERNEL_LOG, perm
        if perm in {"sys_time", "wake_alarm"}:
            yield NeedKind.CLOCK, perm
    elif tclass in {"cap_userns", "cap2_userns", "user_namespace"}:
        yield NeedKind.NAMESPACE, "user"
    elif perm == "create" and (tclass.endswith("_socket") or tclass == "socket") and tclass != _NO_FAMILY:
        netlink = ("AF_NETLINK",) if tclass.startswith("netlink_") else ("",)
        for family in _FAMILIES.get(tclass, netlink):
            yield NeedKind.FAMILY, family
    elif tclass in {"process", "file"} and perm in _MEMORY_PERMS:
        yield NeedKind.MEMORY, perm
    elif tclass == "file" and perm == "execute" and syscall in _PROTECTING_CALLS:
        yield NeedKind.MEMORY, syscall
    elif (tclass, perm) == ("process", "setsched") and syscall in _SCHEDULING_CALLS:
        yield NeedKind.REALTIME, syscall
    elif (tclass, perm) == ("system", "module_load"):
        yield NeedKind.MODULES, perm
    elif tclass == "system" and perm.startswith("syslog"):
        yield NeedKind.KERNEL_LOG, perm
    elif perm in {"mount", "remount", "unmount", "mounton"} and (tclass in {"filesystem", "dir", "file"}):
        yield NeedKind.MOUNT, perm


def _of_path(path: str, perm: str, *, no_device: bool) -> Iterator[_Found]:
    for folder in WATCHED:
        if folder == "/dev" and not no_device:
            continue
        if path.startswith(f"{folder}/") or (path == folder and perm not in _LOOKS):
            yield NeedKind.REACHED, folder
    if path.startswith(("/usr/lib/modules", "/lib/modules")):
        yield NeedKind.MODULES, path
    if path in {"/dev/kmsg", "/proc/kmsg"}:
        yield NeedKind.KERNEL_LOG, path
    if path.startswith("/dev/rtc"):
        yield NeedKind.CLOCK, path


def _folder(told: str, path: str) -> str:
    """Return the folder of PATH; TOLD ends in a slash where only the folder is known."""
    if not path:
        return ""
    return path if told.endswith("/") else dirname(path)


def _of_call(call: SystemCall) -> Iterator[_Found]:
    words = call.arguments.split()
    if call.name == "socket" and words:
        yield NeedKind.FAMILY, words[0] if words[0].startswith("AF_") else ""
    if call.name == "capset":
        # The kernel asks no policy for what a process gives itself: that it has it is enough.
        given = {name for word in words for name in word.split("|")}
        # Who keeps most of them has looked at what it has, and takes some away; it can do with less.
        if len(given) <= len(CAPABILITIES) // 2:
            for name in sorted(given):
                yield NeedKind.CAPABILITY, name
    if call.name in _NAMESPACE_CALLS:
        flags = {flag for word in words for flag in word.split("|")} & _NAMESPACES.keys()
        for flag in flags:
            yield NeedKind.NAMESPACE, _NAMESPACES[flag]
        if call.name == "setns" and not flags:
            yield NeedKind.NAMESPACE, ""
    if call.name in {"mmap", *_PROTECTING_CALLS} and words:
        flags = set(words[0].split("|"))
        if "PROT_EXEC" in flags and ("PROT_WRITE" in flags or call.name != "mmap"):
            yield NeedKind.MEMORY, call.name
    if call.name in _SCHEDULING_CALLS:
        yield NeedKind.REALTIME, call.name
    if call.name in _HOST_CALLS:
        yield NeedKind.HOSTNAME, call.name
    if call.name == "personality":
        yield NeedKind.PERSONALITY, call.name
