# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether hardware virtualisation really runs a kernel; else QEMU translates (TCG)."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import ToolFailedError
from policytool.toolchain.run import run

_KVM = Path("/dev/kvm")

# A machine that runs at all starts its first sector within a tenth of a second, translated or not. One that
# takes seconds emulates one instruction at a time: translation is quicker.
_PROBE_SECONDS = 2.0

# From its start to "no root file system": a second or two on hardware, ten when translated.
_KERNEL_SECONDS = 8.0
_PANIC = b"Kernel panic"

# QEMU's isa-debug-exit ends QEMU with (value << 1) | 1.
_VALUE = 0x10
_STATUS = _VALUE << 1 | 1

# mov al, VALUE; out 0xf4, al; hlt
_CODE = bytes([0xB0, _VALUE, 0xE6, 0xF4, 0xF4])


@dataclass(frozen=True, slots=True)
class Accelerator:
    """QEMU's -accel and -cpu, and why this one was chosen."""

    options: tuple[str, ...]
    reason: str


TCG = Accelerator(("-accel", "tcg,thread=multi", "-cpu", "max"), "")
# Xen's dom0 crashes at once on the processor that QEMU calls max. Xen was never tried on KVM here.
XEN_TCG = Accelerator(("-accel", "tcg,thread=multi", "-cpu", "Nehalem-v1"), "a Xen machine: QEMU translates (TCG)")
KVM = Accelerator(("-accel", "kvm", "-cpu", "max"), "hardware virtualisation runs (KVM)")


def boot_sector() -> bytes:
    """Return a disk whose first sector ends QEMU with a value of ours."""
    return _CODE.ljust(510, b"\0") + b"\x55\xaa"


def choose(kernel: Path) -> Accelerator:
    """Return KVM if machines with it run our boot sector, and KERNEL to its panic, in time; else TCG, and why.

    Both are asked: a nested KVM may run real mode, and then abort or crawl in a kernel.
    """
    if not _KVM.exists():
        return _translated(f"{_KVM} does not exist")
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return _translated(f"{_KVM} may not be opened")
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        disk = Path(name) / "disk"
        disk.write_bytes(boot_sector())
        try:
            done = run(probe_command(KVM, disk), ok=range(-64, 256), timeout=_PROBE_SECONDS)
        except ToolFailedError:
            return _translated(f"KVM ran no instruction within {_PROBE_SECONDS:g} s")
        if done.status != _STATUS:
            return _translated(f"a machine with KVM ended with status {done.status}")
        console = Path(name) / "console"
        try:
            run(kernel_command(KVM, kernel, console), ok=range(-64, 256), timeout=_KERNEL_SECONDS)
        except ToolFailedError:
            return _translated(f"KVM does not get through a kernel's start within {_KERNEL_SECONDS:g} s")
        if not console.exists() or _PANIC not in console.read_bytes():
            return _translated("a kernel ends under KVM before it looks for its disk")
    return KVM


def probe_command(accelerator: Accelerator, disk: Path) -> list[str]:
    """Return the command that boots DISK, a boot sector."""
    return [
        "qemu-system-x86_64",
        *accelerator.options,
        *("-nodefaults", "-display", "none", "-no-reboot", "-m", "16"),
        *("-drive", f"file={disk},format=raw,if=ide"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=1"),
    ]


def kernel_command(accelerator: Accelerator, kernel: Path, console: Path) -> list[str]:
    """Return the command that boots KERNEL without a disk, so that it panics and ends, with CONSOLE as its log."""
    return [
        "qemu-system-x86_64",
        *accelerator.options,
        *("-nodefaults", "-display", "none", "-no-reboot", "-m", "256", "-smp", "2"),
        *("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1 quiet"),
        *("-serial", f"file:{console}"),
    ]


def _translated(why: str) -> Accelerator:
    return Accelerator(
        TCG.options, f"no hardware virtualisation ({why}): QEMU translates (TCG), about ten times slower"
    )
