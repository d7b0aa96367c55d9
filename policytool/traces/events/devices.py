# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether two records speak of one device: an AVC record has its name, a PATH record its numbers in hexadecimal."""

from __future__ import annotations

import re
from functools import lru_cache

from policytool.traces.events.fields import number

# Names that tell the numbers, by Linux's Documentation/admin-guide/devices.txt: kind, major number (0: any), and
# how many numbers each disk of letters has, of which the first is the whole disk.
_DISK = re.compile(r"(sd|vd|xvd)([a-z]{1,2})(\d{0,3})")
_DISKS = {"sd": (8, 16), "vd": (0, 16), "xvd": (202, 16)}
_NUMBERED = re.compile(r"(dm-|loop|sr|md)(\d{1,5})")
_MAJORS = {"dm-": 0, "loop": 7, "sr": 11, "md": 9}
# A file system without a device is called by its kind.
_KERNELS = (
    "anon_inodefs autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts efivarfs fusectl mqueue "
    "nsfs pipefs proc pstore securityfs selinuxfs sockfs sysfs tracefs"
)
# What the kernel keeps itself: no path of a file context is on it, and nothing there has a label of its own.
KERNELS = frozenset(_KERNELS.split())
_KINDS = KERNELS | {"overlay", "ramfs", "rootfs", "tmpfs", "devtmpfs", "hugetlbfs"}
_HEX = re.compile(r"([0-9a-f]{2,3}):([0-9a-f]{2,5})")


def tidy_device(dev: str) -> str:
    """Return DEV of an AVC record; MAJOR:MINOR of a file system without a device as PATH records have them."""
    major, colon, minor = dev.partition(":")
    if not colon:
        return dev
    numbers = number(major), number(minor)
    return dev if None in numbers else f"{numbers[0]:02x}:{numbers[1]:02x}"


def has_numbers(dev: str) -> bool:
    """Say whether DEV is MAJOR:MINOR."""
    return ":" in dev


@lru_cache(maxsize=4096)
def may_be_same(dev: str, numbers: str) -> bool:
    """Say whether DEV of an AVC record may be the device with NUMBERS of a PATH record; unknown is anything."""
    dev = tidy_device(dev)
    match = _HEX.fullmatch(numbers)
    if not dev or match is None:
        return True
    if has_numbers(dev):
        return _HEX.fullmatch(dev) is None or dev == numbers
    major, minor = int(match[1], 16), int(match[2], 16)
    if dev in _KINDS:
        return major == 0
    if major == 0:
        # btrfs has such numbers of its own, on any disk.
        return True
    if disk := _DISK.fullmatch(dev):
        kind, letters, part = disk.groups()
        of_kind, minors = _DISKS[kind]
        index = 0
        for letter in letters:
            index = index * 26 + ord(letter) - ord("a") + 1
        # The disks after the first sixteen have other numbers.
        return index > minors or (of_kind in (0, major) and minor == (index - 1) * minors + int(part or 0))
    if numbered := _NUMBERED.fullmatch(dev):
        return _MAJORS[numbered[1]] in (0, major) and minor == int(numbered[2])
    return True
