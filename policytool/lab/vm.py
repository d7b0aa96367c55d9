# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the machine: QEMU without a network, watched through the guest's own status, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from policytool.errors import ToolFailedError
from policytool.lab.accelerator import Accelerator
from policytool.lab.status import Status
from policytool.toolchain.run import Running, background

CONSOLE = "console.log"
STATUS = "status.log"
_QEMU_LOG = "qemu.log"

# In seconds, and generous: a machine that translates on a busy host boots in a minute.
BOOT_LIMIT = 300.0
SILENCE_LIMIT = 400.0

# The runner prints DONE and powers off; what is still unwritten then has this long.
_POWEROFF_LIMIT = 60.0
_TICK = 0.2

_PANIC = b"Kernel panic - not syncing"
_NO_BOOT = (b"emergency mode", b"ALERT!", b"Failed to load SELinux policy", b"Failed to mount")
_FULL = b"No space left on device"

# What the runner ends with when it could not go on (policytool/lab/guest/run).
_GUEST_STATUS = {
    8: "its disk is full",
    9: "it could not read its payload",
    10: "it could not hand over its results",
}


class Lost(StrEnum):
    """The ways to lose a machine."""

    BOOT = "did not boot"
    PANIC = "kernel panic"
    HANG = "hangs"
    FULL = "disk full"
    ENDED = "ended early"


class LostVmError(ToolFailedError):
    """The machine was lost: nothing is known of the steps that it had not reported. `kind` says how."""

    def __init__(self, kind: Lost, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is made of. All disks are raw files; the guest sees them as vda, vdb and vdc."""

    kernel: Path
    initrd: Path
    disk: Path
    payload: Path
    results: Path
    enforcing: bool
    accelerator: Accelerator
    memory: int = 3072
    cpus: int = 2


def kernel_line(*, enforcing: bool, interactive: bool = False) -> str:
    """Return the kernel's command line: SELinux and audit on, panic ends the machine."""
    words = [
        "root=/dev/vda rw console=ttyS0 security=selinux selinux=1",
        f"enforcing={int(enforcing)}",
        # A busy host delays the guest's timer, so that the kernel's test of it fails and ends in a panic.
        "audit=1 audit_backlog_limit=0 panic=-1 net.ifnames=0 no_timer_check",
        # The console is a serial port: every line of it costs the guest time.
        "systemd.show_status=no quiet" if not interactive else "policytool.shell",
    ]
    return " ".join(words)


def command(machine: Machine, folder: Path, *, interactive: bool = False) -> list[str | Path]:
    """Return QEMU's command line; console and status go to files of FOLDER, or the console to the terminal."""
    console = "mon:stdio" if interactive else f"file:{folder / CONSOLE}"
    disks = []
    for path, read_only in ((machine.disk, False), (machine.payload, True), (machine.results, False)):
        mode = ",readonly=on" if read_only else ""
        disks += ["-drive", f"file={path},format=raw,if=virtio,cache=unsafe{mode}"]
    return [
        "qemu-system-x86_64",
        *machine.accelerator.options,
        *("-smp", str(machine.cpus), "-m", str(machine.memory)),
        *("-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"),
        *("-kernel", machine.kernel, "-initrd", machine.initrd),
        *("-append", kernel_line(enforcing=machine.enforcing, interactive=interactive)),
        *disks,
        *("-device", "virtio-rng-pci"),
        *("-serial", console, "-serial", f"file:{folder / STATUS}"),
    ]


def run_machine(machine: Machine, folder: Path, told: Callable[[str], None], limit: float) -> Status:
    """Run MACHINE to its end, at most LIMIT seconds, and return what it said; TOLD is called with each line.

    FOLDER gets console.log, status.log and qemu.log. LostVmError when the machine did not end as it should.
    """
    (folder / STATUS).write_bytes(b"")
    (folder / CONSOLE).write_bytes(b"")
    status = Status()
    with background(command(machine, folder), folder / _QEMU_LOG) as qemu:
        _watch(qemu, folder, status, told, limit)
    if status.done:
        what = _GUEST_STATUS.get(status.done, f"its runner ended with {status.done}")
        raise _lost(Lost.FULL if status.done == 8 else Lost.ENDED, what, status, folder)
    return status


def shell(machine: Machine, folder: Path) -> None:
    """Run MACHINE with its console on the user's terminal until it powers off."""
    with background(command(machine, folder, interactive=True), folder / _QEMU_LOG, terminal=True) as qemu:
        while qemu.wait(3600.0) is None:
            continue


def _watch(qemu: Running, folder: Path, status: Status, told: Callable[[str], None], limit: float) -> None:
    begin = heard = time.monotonic()
    rest = b""
    with (folder / STATUS).open("rb") as stream:
        while True:
            exit_status = qemu.wait(_TICK)
            data = rest + stream.read()
            *lines, rest = data.split(b"\n")
            now = time.monotonic()
            for line in lines:
                heard = now
                text = line.decode("utf-8", "replace").strip()
                status.read(text)
                told(text)
            if exit_status is not None:
                _ended(exit_status, qemu, status, folder)
                return
            if status.done is not None:
                if now - heard > _POWEROFF_LIMIT:
                    return  # all was reported and handed over; only the way down hangs
            elif not status.booted and now - begin > BOOT_LIMIT:
                raise _lost(Lost.BOOT, f"no word of it after {BOOT_LIMIT:g} s", status, folder)
            elif now - heard > SILENCE_LIMIT and status.booted:
                raise _lost(Lost.HANG, f"silent for {SILENCE_LIMIT:g} s", status, folder)
            elif now - begin > limit:
                raise _lost(Lost.HANG, f"not done after {limit:g} s", status, folder)


def _ended(exit_status: int, qemu: Running, status: Status, folder: Path) -> None:
    """Judge a machine that has ended: after DONE all is well, before it something has gone wrong."""
    if status.done is not None:
        return
    if exit_status:
        end = qemu.completed(exit_status).messages.strip().splitlines()[-1:]
        raise _lost(Lost.ENDED, f"QEMU ended with status {exit_status}: {' '.join(end)}", status, folder)
    raise _lost(Lost.ENDED, "it powered off before it was done", status, folder)


def _lost(kind: Lost, what: str, status: Status, folder: Path) -> LostVmError:
    """Make the error; the console may know better than the caller what has happened."""
    console = (folder / CONSOLE).read_bytes()
    if _PANIC in console:
        kind = Lost.PANIC
        what = console[console.index(_PANIC) :].split(b"\n")[0].decode("utf-8", "replace").strip()
    elif _FULL in console:
        kind = Lost.FULL
    elif not status.booted and any(words in console for words in _NO_BOOT):
        kind = Lost.BOOT
    return LostVmError(kind, f"the machine was lost ({kind}: {what}), {status.place}; console: {folder / CONSOLE}")
