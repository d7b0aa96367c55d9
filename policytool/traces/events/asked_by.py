# SPDX-License-Identifier: GPL-2.0-or-later
"""Who asked for an access: the program, and the system call that it made.

The fast path, the full path and the process tree all ask here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from policytool.traces.events.fields import number, text_value
from policytool.traces.events.record import Form
from policytool.traces.events.syscalls import arch_name, syscall_name


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a SYSCALL record says of who asked: the name of the system call, exe= and comm=; "" is not told."""

    name: str = ""
    exe: str = ""
    comm: str = ""


class Caller(Protocol):
    """A SYSCALL record, read in full or as a `Call`."""

    @property
    def name(self) -> str:
        """The name of the system call."""
        ...

    @property
    def exe(self) -> str:
        """exe= of the record."""
        ...

    @property
    def comm(self) -> str:
        """comm= of the record."""
        ...


class Told(Protocol):
    """What the record of a decision says of who asked."""

    @property
    def exe(self) -> str:
        """exe= of the record: only object managers tell it."""
        ...

    @property
    def comm(self) -> str:
        """comm= of the record."""
        ...


NO_CALL = Call()


def asked_by(call: Caller | None, told: Told) -> tuple[str, str]:
    """Return the program and the system call that asked; CALL is that of the event, TOLD the decision.

    The program is the system call's, else what the object manager told, else a comm.
    """
    if call is None:
        return told.exe or told.comm, ""
    return call.exe or told.exe or told.comm or call.comm, call.name


def read_call(fields: Mapping[str, str], form: Form) -> Call:
    """Read the FIELDS of a SYSCALL record, with syscall= among them. What its writer has interpreted counts."""
    return Call(
        fields.get("SYSCALL") or syscall_name(read_arch(fields), fields["syscall"]),
        text_value(fields.get("exe"), form),
        text_value(fields.get("comm"), form),
    )


def read_arch(fields: Mapping[str, str]) -> str:
    """Read the architecture among the FIELDS of a SYSCALL record."""
    return fields.get("ARCH") or arch_name(fields.get("arch", ""))


def read_args(fields: Mapping[str, str]) -> tuple[int, ...]:
    """Read the arguments among the FIELDS of a SYSCALL record; () if they are not all there."""
    args = [number(fields.get(f"a{index}"), 16) for index in range(4)]
    return () if None in args else tuple(arg or 0 for arg in args)
