# SPDX-License-Identifier: GPL-2.0-or-later
"""Names for extended permissions: ioctl commands, and netlink message types by class.

The tables stand beside this file and name their source. Drivers choose their numbers freely, so that one number may
be several commands: the object's class and type tell which header is meant, and otherwise all names are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_IOCTLS = "ioctl_names.tsv"
_NETLINK = "netlink_names.tsv"

# The layout of a command, asm-generic/ioctl.h: number, type, size, direction. SELinux looks at the first two only,
# and so does the kernel's log.
_SIZE_SHIFT, _DIRECTION_SHIFT = 16, 30
_DIRECTIONS = ("no data", "write", "read", "read and write")

# Commands of whatever is behind any descriptor: `isatty()` asks a plain file for TCGETS.
_COMMON = ("asm-generic/ioctls.h", "linux/fs.h")

_SOCKETS = ("linux/sockios.h", "linux/wireless.h")

# What a type's name says about the driver behind a device file.
_BY_TYPE: tuple[tuple[str, str], ...] = (
    ("kvm", "linux/kvm.h"),
    ("tun_tap", "linux/if_tun.h"),
    ("vhost", "linux/vhost.h"),
    ("vfio", "linux/vfio.h"),
    ("lvm_control", "linux/dm-ioctl.h"),
    ("clock_device", "linux/rtc.h"),
    ("random_device", "linux/random.h"),
    ("watchdog", "linux/watchdog.h"),
    ("loop_control", "linux/loop.h"),
    ("removable_device", "linux/cdrom.h"),
    ("scsi_generic", "scsi/sg.h"),
    ("sound_device", "sound/asound.h"),
    ("v4l_device", "linux/videodev2.h"),
    ("usb_device", "linux/usbdevice_fs.h"),
    ("event_device", "linux/input.h"),
    ("ppp_device", "linux/ppp-ioctl.h"),
    ("ptmx", "asm-generic/ioctls.h"),
    ("devpts", "asm-generic/ioctls.h"),
    ("tty", "asm-generic/ioctls.h"),
    ("nsfs", "linux/nsfs.h"),
)

# How many names are given where a number is ambiguous.
_MANY = 3


def xperm_name(number: int, tclass: str, target: str) -> str:
    """Name the extended permission NUMBER on an object of TCLASS and type TARGET; what it is made of if unknown."""
    if tclass.startswith("netlink_"):
        names = _netlink_names()
        return names.get((tclass, number)) or names.get(("*", number)) or f"message type {number}"
    found = " or ".join(_ioctl_names(number & 0xFFFF, tclass, target))
    if found and number <= 0xFFFF:
        return found
    return f"{found} ({_parts(number)})" if found else _parts(number)


def xperm_number(name: str, tclass: str) -> int | None:
    """Return the number of the command or message type NAME of TCLASS, as `ausearch -i` writes it; None if unknown.

    Of a name that several headers have, the number of the first.
    """
    if tclass.startswith("netlink_"):
        numbers = _netlink_numbers()
        return numbers.get((tclass, name), numbers.get(("*", name)))
    return _ioctl_numbers().get(name)


def _ioctl_names(command: int, tclass: str, target: str) -> tuple[str, ...]:
    headers = _ioctl_headers().get(command, {})
    for header in _preferred(tclass, target):
        if header in headers:
            return headers[header]
    return tuple(name for names in headers.values() for name in names)[:_MANY]


def _preferred(tclass: str, target: str) -> tuple[str, ...]:
    if tclass.endswith("socket"):
        return (*_SOCKETS, *_COMMON)
    return (*(header for mark, header in _BY_TYPE if mark in target), *_COMMON)


def _parts(number: int) -> str:
    kind, place = number >> 8 & 0xFF, number & 0xFF
    shown = f"{kind:#04x} {chr(kind)!r}" if 0x20 < kind < 0x7F else f"{kind:#04x}"
    text = f"type {shown}, number {place}"
    if number <= 0xFFFF:
        return text
    return f"{text}, {_DIRECTIONS[number >> _DIRECTION_SHIFT & 3]}, {number >> _SIZE_SHIFT & 0x3FFF} bytes"


@cache
def _ioctl_headers() -> Mapping[int, Mapping[str, tuple[str, ...]]]:
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for command, header, names in _rows(_IOCTLS):
        found.setdefault(int(command, 16), {})[header] = tuple(names.split())
    return found


@cache
def _netlink_names() -> Mapping[tuple[str, int], str]:
    return {(tclass, int(number)): name for tclass, number, _, name in _rows(_NETLINK)}


@cache
def _ioctl_numbers() -> Mapping[str, int]:
    found: dict[str, int] = {}
    for command, headers in _ioctl_headers().items():
        for names in headers.values():
            for name in names:
                found.setdefault(name, command)
    return found


@cache
def _netlink_numbers() -> Mapping[tuple[str, str], int]:
    return {(tclass, name): number for (tclass, number), name in _netlink_names().items()}


def _rows(name: str) -> list[list[str]]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
