# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings of systemd.exec(5) that needs leave room for: each with its evidence, or held back with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policytool.hardening.needed import Needer, NeedKind, Needs
from policytool.hardening.unit_tree import UnitTree
from policytool.hardening.written_folders import writable_folders

# How many of those who need something a comment names.
_NAMED = 4
# How many values; the capabilities that there are (linux/capability.h) fit.
_LISTED = 41
# What DevicePolicy=closed lets everybody use (systemd, src/core/cgroup.c), and PrivateDevices=yes shows.
_PSEUDO = frozenset({"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"})
# What ProtectKernelTunables=yes makes read-only (systemd, src/core/namespace.c).
_TUNABLES = ("/proc/sys", "/proc/acpi", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger", "/sys")
# What calls show as well as access decisions.
_TOLD_BY_CALLS = frozenset({NeedKind.MEMORY, NeedKind.REALTIME, NeedKind.HOSTNAME})
_PSEUDO_FOLDER = "/dev/pts/"


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a unit. BECAUSE is its evidence; HELD says why it is not in force, "" if it is."""

    key: str
    value: str
    because: tuple[str, ...]
    held: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What settings are decided by: the tree of processes, what they need, and how well that is known.

    INCOMPLETE says why what was not seen may have happened all the same, "" if it was recorded whole; UNCALLED says
    it of what calls tell as well. REFUSED is what was done in the recording, and the policy does not permit.
    """

    tree: UnitTree
    needs: Needs
    incomplete: str = ""
    uncalled: str = ""
    refused: Needs = field(default_factory=dict)

    def of(self, kind: NeedKind) -> Mapping[str, tuple[Needer, ...]]:
        """Return what is needed of KIND, with those who need it."""
        return self.needs.get(kind, {})

    @property
    def paths_open(self) -> str:
        """Why nothing certain is known of the paths that processes use, "" if it is."""
        if self.tree.guests:
            names = ", ".join(self.tree.guests)
            return f"{names} is a guest's or container's domain: its owner chooses its files, and it inherits this"
        if self.tree.unseen:
            return f"what {', '.join(self.tree.unseen)} opens was not recorded, and it inherits this"
        return self.incomplete


def access_settings(grounds: Grounds) -> tuple[Setting, ...]:
    """Return the settings that access decisions tell, in the order of a unit."""
    return (
        _capabilities(grounds),
        _families(grounds),
        # A socket that is made to ask the kernel about interfaces (ioctl) sends nothing.
        _unless(grounds, "IPAddressDeny", [NeedKind.INTERNET], value="any"),
        _namespaces(grounds),
        _unless(grounds, "MemoryDenyWriteExecute", [NeedKind.MEMORY]),
        _unless(grounds, "RestrictRealtime", [NeedKind.REALTIME]),
        _unless(grounds, "ProtectHostname", [NeedKind.HOSTNAME]),
        *_mounted(grounds),
        *_devices(grounds),
    )


def evidence(values: Mapping[str, Sequence[Needer]]) -> tuple[str, ...]:
    """Return a line for each of VALUES: who needs it, how often."""
    lines = [f"{value or 'not known which'}: {_needers(needers)}" for value, needers in values.items()]
    more = [f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
    return (*lines[:_LISTED], *more)


def _needers(needers: Sequence[Needer]) -> str:
    together: dict[tuple[str, str], int] = {}
    for needer in needers:
        key = (needer.domain, needer.program)
        together[key] = together.get(key, 0) + needer.count
    needers = [Needer(*key, count) for key, count in together.items()]
    first = sorted(needers, key=lambda needer: (-needer.count, needer))[:_NAMED]
    texts = [
        f"{' '.join(word for word in (needer.domain, needer.program) if word)} ({needer.count})"
        if needer.count
        else f"{needer.domain} (its policy allows it)"
        for needer in first
    ]
    more = len(needers) - len(first)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _capabilities(grounds: Grounds) -> Setting:
    found = grounds.of(NeedKind.CAPABILITY)
    because = evidence(found) or ("no process of the unit asked for a capability",)
    return Setting("CapabilityBoundingSet", " ".join(found), because, grounds.incomplete)


def _families(grounds: Grounds) -> Setting:
    found = grounds.of(NeedKind.FAMILY)
    held = grounds.uncalled
    if "" in found:
        held = "a socket of a class that says no family was made"
    value = " ".join(family for family in found if family) or "none"
    return Setting(
        "RestrictAddressFamilies", value, evidence(found) or ("no process of the unit made a socket",), held
    )


def _namespaces(grounds: Grounds) -> Setting:
    found = grounds.of(NeedKind.NAMESPACE)
    held = grounds.uncalled
    if "" in found:
        held = "namespaces are made or entered, and access decisions do not tell which: a recording of calls does"
    value = " ".join(name for name in found if name) or "yes"
    because = evidence(found) or ("no process of the unit made or entered a namespace",)
    return Setting("RestrictNamespaces", value, because, held)


def _unless(grounds: Grounds, key: str, kinds: Sequence[NeedKind], value: str = "yes", open_: str = "") -> Setting:
    """Return KEY, held back if somebody needs anything of KINDS, or OPEN says why that is not known."""
    found = {name: needers for kind in kinds for name, needers in grounds.of(kind).items()}
    by_call = all(kind in _TOLD_BY_CALLS for kind in kinds)
    unknown = grounds.uncalled if by_call else grounds.incomplete
    held = "somebody needs what it takes away" if found else unknown or open_
    names = ", ".join(kind.value for kind in kinds)
    refused = tuple(
        f"the policy refuses it anyway: {line}"
        for kind in kinds
        for line in evidence(grounds.refused.get(kind, {}))
    )
    return Setting(key, value, (evidence(found) or (f"not needed by anybody: {names}",)) + refused, held)


def _mounted(grounds: Grounds) -> tuple[Setting, ...]:
    """Return the settings that give the unit a mount namespace of its own."""
    mounts = grounds.of(NeedKind.MOUNT)
    open_ = grounds.paths_open
    if mounts:
        open_ = "mounts that the unit makes would not be seen outside of its namespace: " + "; ".join(
            evidence(mounts)
        )
    reached = grounds.of(NeedKind.REACHED)

    def hidden(key: str, folders: Sequence[str], value: str = "yes") -> Setting:
        found = {folder: reached[folder] for folder in folders if folder in reached}
        held = "somebody uses what it hides" if found else open_
        return Setting(key, value, evidence(found) or (f"nobody used anything in {', '.join(folders)}",), held)

    written = grounds.of(NeedKind.WRITTEN)
    folders = writable_folders(folder for folder in written if folder)

    unknown = written.get("", ())
    strict = f"where {_needers(unknown)} wrote is not known" if unknown else ""

    def kept(key: str, roots: Sequence[str]) -> Setting:
        found = {folder: written[folder] for folder in written if folder and _under(folder, roots)}
        held = "somebody writes there" if found else strict or open_
        return Setting(key, "yes", evidence(found) or (f"nobody wrote to {', '.join(roots)}",), held)

    because = tuple(
        f"{name}: {_needers([needer for folder in inside for needer in written[folder]])}"
        for name, inside in folders.items()
    )
    processes = grounds.of(NeedKind.PROCESS)
    return (
        Setting("ProtectSystem", "strict", ("ReadWritePaths= has what was written",), strict or open_),
        Setting(
            "ReadWritePaths",
            " ".join(f"-{name}" for name in folders),
            because or ("nobody wrote to a file by its name",),
            strict or open_,
        ),
        Setting(
            "PrivateMounts",
            "yes",
            evidence(mounts) or ("nobody mounted anything",),
            open_,
        ),
        hidden("ProtectHome", ("/home", "/root", "/run/user")),
        hidden("PrivateTmp", ("/tmp", "/var/tmp")),  # noqa: S108 -- names to compare
        kept("ProtectKernelTunables", _TUNABLES),
        kept("ProtectControlGroups", ("/sys/fs/cgroup",)),
        _unless(grounds, "ProtectKernelModules", [NeedKind.MODULES], open_=open_),
        _unless(grounds, "ProtectKernelLogs", [NeedKind.KERNEL_LOG], open_=open_),
        Setting(
            "ProtectProc",
            "invisible",
            evidence(processes) or ("nobody looked at a process of another domain in /proc",),
            "somebody looks at processes of others" if processes else open_,
        ),
    )


def _devices(grounds: Grounds) -> tuple[Setting, ...]:
    every = grounds.of(NeedKind.DEVICE)
    modes: dict[str, set[str]] = {}
    who: dict[str, list[Needer]] = {}
    for value, needers in every.items():
        path, _, mode = value.rpartition(" ")
        if value and path not in _PSEUDO and not path.startswith(_PSEUDO_FOLDER):
            modes.setdefault(path, set()).add(mode)
            who.setdefault(path, []).extend(needers)
    held = grounds.paths_open
    if "" in every:
        held = held or f"which device {_needers(every[''])} used is not known"
    clock = grounds.of(NeedKind.CLOCK)
    nothing = ("no device but those that every unit has: null, zero, full, random, urandom, tty, ptmx, pts",)
    beside = {folder: who_ for folder, who_ in grounds.of(NeedKind.REACHED).items() if folder == "/dev"}
    taken = {"CAP_MKNOD", "CAP_SYS_RAWIO"} & grounds.of(NeedKind.CAPABILITY).keys()
    used = {**who, **beside}
    private = held
    if used:
        private = "somebody uses what it hides"
    elif grounds.of(NeedKind.MOUNT):
        private = "mounts that the unit makes would not be seen outside of its namespace"
    elif taken:
        private = f"{' and '.join(sorted(taken))} is needed, which it takes"
    return (
        Setting("DevicePolicy", "closed", nothing if not who else ("with DeviceAllow= below",), held),
        *(
            Setting(
                "DeviceAllow",
                f"{path} {''.join(mode for mode in 'rwm' if mode in modes[path])}",
                evidence({path: who[path]}),
                held,
            )
            for path in sorted(modes)
        ),
        Setting("PrivateDevices", "yes", evidence(used) or nothing, private),
        # It brings DeviceAllow=char-rtc, which closes the list of devices.
        Setting(
            "ProtectClock",
            "yes",
            evidence(clock) or ("nobody set the clock or opened /dev/rtc",),
            "somebody needs what it takes away" if clock else held,
        ),
    )


def _under(folder: str, roots: Iterable[str]) -> bool:
    return any(folder == root or folder.startswith(f"{root}/") for root in roots)
