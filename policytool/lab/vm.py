# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the machine: QEMU without a network, watched through the guest's own status, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO

from policytool.errors import ToolFailedError
from policytool.lab.accelerator import Accelerator
from policytool.lab.status import Status
from policytool.toolchain.run import Running, background

CONSOLE = "console.log"
STATUS = "status.log"
_QEMU_LOG = "qemu.log"

# In seconds, and generous: a machine that translates on a busy host boots in a minute.
BOOT_LIMIT = 300.0
# A hypervisor's kernel boots in three times as long.
_HYPERVISOR_BOOTS = 3
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
    """What a machine is made of. All disks are raw files; the guest sees them as vda, vdb and vdc.

    A `hypervisor` takes the first serial port for itself and the kernel, which it starts.
    """

    kernel: Path
    initrd: Path
    disk: Path
    payload: Path
    results: Path
    enforcing: bool
    accelerator: Accelerator
    hypervisor: Path | None = None
    memory: int = 3072
    cpus: int = 2


# Half of the memory is left to guests. What the last four words turn off protects the hypervisor from its guests,
# and takes its time where a machine translates.
_XEN_LINE = (
    "dom0_mem=1536M,max:1536M dom0_max_vcpus=2 com1=115200,8n1 console=com1 noreboot smep=0 smap=0 pv-l1tf=0 xpti=0"
)


def kernel_line(*, enforcing: bool, interactive: bool = False, console: str = "ttyS0") -> str:
    """Return the kernel's command line: SELinux and audit on, panic ends the machine."""
    words = [
        f"root=/dev/vda rw console={console} security=selinux selinux=1",
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
        *_started(machine, interactive=interactive),
        *disks,
        *("-device", "virtio-rng-pci"),
        *("-serial", console),
        # After a reboot it goes on where it was.
        *("-chardev", f"file,id=status,append=on,path={folder / STATUS}", "-serial", "chardev:status"),
    ]


def _started(machine: Machine, *, interactive: bool) -> Iterator[str | Path]:
    """Yield what QEMU starts: the kernel, or the hypervisor with the kernel as the first of its modules."""
    line = partial(kernel_line, enforcing=machine.enforcing, interactive=interactive)
    if machine.hypervisor is None:
        yield from ("-kernel", machine.kernel, "-initrd", machine.initrd, "-append", line())
    else:
        modules = f"{machine.kernel} {line(console='hvc0')},{machine.initrd}"
        yield from ("-kernel", machine.hypervisor, "-append", _XEN_LINE, "-initrd", modules)


def run_machine(machine: Machine, folder: Path, told: Callable[[str], None], limit: float) -> Status:
    """Run MACHINE to its end, at most LIMIT seconds, and return what it said; TOLD is called with each line.

    FOLDER gets console.log, status.log and qemu.log. Where a scenario restarts the machine, QEMU ends, and is
    started again with the same disks. LostVmError when the machine did not end as it should.
    """
    (folder / STATUS).write_bytes(b"")
    (folder / CONSOLE).write_bytes(b"")
    status = Status()
    boot_limit = BOOT_LIMIT * (_HYPERVISOR_BOOTS if machine.hypervisor else 1)
    end = time.monotonic() + limit
    with (folder / STATUS).open("rb") as stream:
        while status.done is None:
            with background(command(machine, folder), folder / _QEMU_LOG) as qemu:
                _watch(qemu, stream, folder, status, told, boot_limit, end)
    if status.done:
        what = _GUEST_STATUS.get(status.done, f"its runner ended with {status.done}")
        raise _lost(Lost.FULL if status.done == 8 else Lost.ENDED, what, status, folder)
    return status


def shell(machine: Machine, folder: Path) -> None:
    """Run MACHINE with its console on the user's terminal until it powers off."""
    with background(command(machine, folder, interactive=True), folder / _QEMU_LOG, terminal=True) as qemu:
        while qemu.wait(3600.0) is None:
            continue


def _watch(
    qemu: Running,
    stream: BinaryIO,
    folder: Path,
    status: Status,
    told: Callable[[str], None],
    boot_limit: float,
    end: float,
) -> None:
    """Read what the machine says, from STREAM, until it ends: done, to be started again, or lost at END."""
    boots = status.boots
    begin = heard = time.monotonic()
    rest = b""
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
            _ended(exit_status, qemu, status, folder, boots)
            return
        if status.done is not None:
            if now - heard > _POWEROFF_LIMIT:
                return  # all was reported and handed over; only the way down hangs
        elif status.boots == boots and now - begin > boot_limit:
            raise _lost(Lost.BOOT, f"no word of it after {boot_limit:g} s", status, folder)
        elif status.boots > boots and now - heard > SILENCE_LIMIT:
            raise _lost(Lost.HANG, f"silent for {SILENCE_LIMIT:g} s", status, folder)
        elif now > end:
            raise _lost(Lost.HANG, f"not done after {now - begin:.0f} s", status, folder)


def _ended(exit_status: int, qemu: Running, status: Status, folder: Path, boots: int) -> None:
    """Judge a machine that has ended after it had booted BOOTS times before.

    All is well after DONE, and after a REBOOT of this boot.
    """
    if status.done is not None or (status.reboots > boots and not exit_status):
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
