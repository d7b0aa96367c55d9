# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of machine: one whose kernel runs on the (virtual) hardware, and one whose kernel is the dom0 of a Xen.

Both are made of the same layers. A Xen machine has more packages in it, and starts the hypervisor, which starts the
kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from policytool.lab.packages import read_packages

_FOLDER = Path(__file__).parent


class MachineName(StrEnum):
    """What a kind is called."""

    PLAIN = "plain"
    XEN = "xen"


@dataclass(frozen=True, slots=True)
class MachineKind:
    """A kind of machine.

    `scenarios` is the folder of those that it can run. `packages` come to those that every machine has. `kernel`
    and `initrd` are patterns of file names below /boot, and `hypervisor` is one where there is one. `guest` is a
    folder with a script `assemble-NAME`, if more is to be done to the file system.
    """

    name: MachineName
    scenarios: Path
    guest: Path | None = None
    packages: tuple[str, ...] = ()
    kernel: str = "vmlinuz-*-cloud-*"
    initrd: str = "initrd.img-*-cloud-*"
    hypervisor: str | None = None


PLAIN = MachineKind(MachineName.PLAIN, _FOLDER / "scenarios")

XEN = MachineKind(
    MachineName.XEN,
    _FOLDER / "scenarios-xen",
    _FOLDER / "guest-xen",
    read_packages(_FOLDER / "guest-xen" / "machine.packages"),
    kernel="vmlinuz-*[0-9]-amd64",
    initrd="initrd.img-*[0-9]-amd64",
    hypervisor="xen-*-amd64.gz",
)

MACHINES = {kind.name: kind for kind in (PLAIN, XEN)}
