# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that count system calls in the kernel: one where a call begins, one where it ends.

A call is counted under who makes it (the SELinux identifier and the program's file), its number, what matters of
two arguments, and its error. So a million calls are a few thousand numbers, and no call is written down.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policytool.recorder.bpf_code import (
    CURRENT_PID_TGID,
    CURRENT_TASK,
    KTIME,
    MAP_LOOKUP,
    MAP_UPDATE,
    R0,
    R1,
    R2,
    R3,
    R4,
    R6,
    R7,
    R8,
    R9,
    R10,
    READ_KERNEL,
    READ_USER,
    Code,
)
from policytool.recorder.kernel_types import KernelTypes

# sid, number of the call; device, whether it is a call of 32 bits; inode; two arguments; error, nothing.
CALL_KEY = struct.Struct("<IIIIQQQII")
# process, sid, device, nothing; inode.
EXEC_KEY = struct.Struct("<IIIIQ")
COUNT = struct.Struct("<Q")
# Of each of two arguments: its offset in the saved registers, and, where it points to the value, one more than how
# far in that is; the bits that count.
ARGUMENTS = struct.Struct("<IIIIQQ")
# Which map each of these is in.
LOST_INDEX = 0
# Greater than any number of a call of 64 bits (x32 apart, which Debian does not have).
MOST_NUMBERS = 512

# struct pt_regs of x86-64 (arch/x86/include/asm/ptrace.h): the six arguments, and the call's number.
_REGISTERS = (112, 104, 96, 56, 72, 64)
_NUMBER = 120
_EXECS = (59, 322)
# include/linux/err.h
_MOST_ERRORS = 4095
# arch/x86/include/asm/thread_info.h: a call of 32 bits.
_COMPAT = 2
_NO_REPLACE = 1
_NOTHING = (-1, 0, None)

# On the stack, from its end: the key of a call, that of an exec, a place to read into, and one to keep something.
_KEY = -CALL_KEY.size
_EXEC = _KEY - EXEC_KEY.size
_READ = _EXEC - 8
_KEPT = _READ - 8
# Where the parts of the key of a call are.
_SID, _NR, _DEVICE, _WIDTH, _INODE, _FIRST, _SECOND, _ERROR = (_KEY + at for at in (0, 4, 8, 12, 16, 24, 32, 40))


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where the kernel has what the programs read; each but the last is an offset in bytes, the last an address."""

    mm: int
    cred: int
    status: int
    exe_file: int
    inode: int
    number: int
    super_block: int
    device: int
    security: int
    sid: int
    cred_blob: int


@dataclass(frozen=True, slots=True)
class Maps:
    """The file descriptors of the maps: calls counted, execs seen, arguments that matter, what was lost."""

    calls: int
    execs: int
    arguments: int
    lost: int


def kernel_offsets(types: KernelTypes, blob_sizes: int) -> Offsets:
    """Return the offsets of the running kernel; BLOB_SIZES is the address of its selinux_blob_sizes."""
    return Offsets(
        mm=types.offset("task_struct", "mm"),
        cred=types.offset("task_struct", "cred"),
        status=types.offset("task_struct", "thread_info") + types.offset("thread_info", "status"),
        exe_file=types.offset("mm_struct", "exe_file"),
        inode=types.offset("file", "f_inode"),
        number=types.offset("inode", "i_ino"),
        super_block=types.offset("inode", "i_sb"),
        device=types.offset("super_block", "s_dev"),
        security=types.offset("cred", "security"),
        sid=types.offset("task_security_struct", "sid"),
        cred_blob=blob_sizes + types.offset("lsm_blob_sizes", "lbs_cred"),
    )


def argument_table(arguments: Mapping[int, Sequence[tuple[int, int, int | None]]]) -> Mapping[int, bytes]:
    """Return, by number of a call, its entry in the map: of each argument (place, mask, how far in or None)."""
    found = {}
    for number, wanted in arguments.items():
        first, second = (*wanted, _NOTHING, _NOTHING)[:2]
        found[number] = ARGUMENTS.pack(
            _register(first[0]), _inside(first[2]), _register(second[0]), _inside(second[2]), first[1], second[1]
        )
    return found


def enter_program(offsets: Offsets, maps: Maps) -> bytes:
    """Return the program for the kernel's sys_enter: it counts every call.

    R7 is where the registers are saved, R8 the number of the call.
    """
    code = Code()
    code.load(R7, R1, 0)
    code.load(R8, R1, 8)
    _store_caller(code, offsets)
    _count(code, maps)
    code.end()
    return code.assembled()


def exit_program(offsets: Offsets, maps: Maps) -> bytes:
    """Return the program for the kernel's sys_exit: it counts calls that failed, and notes execs that did not.

    R6 is the call's result; else as in `enter_program`.
    """
    code = Code()
    code.load(R7, R1, 0)
    code.load(R6, R1, 8)
    code.jump_if(R6, "s>", 0, "end")
    code.jump_if(R6, "s<", -_MOST_ERRORS, "end")
    _read(code, R7, _NUMBER)
    code.load(R8, R10, _READ)
    # rt_sigreturn ends with the registers of what a signal had interrupted, and no number.
    code.jump_if(R8, ">", MOST_NUMBERS, "end")
    code.jump_if(R6, "!=", 0, "failed")
    for number in _EXECS:
        code.jump_if(R8, "==", number, "exec")
    code.jump("end")
    code.label("failed")
    _store_caller(code, offsets)
    code.negate(R6)
    code.store(R10, _ERROR, R6, 4)
    _count(code, maps)
    code.jump("end")
    code.label("exec")
    _store_caller(code, offsets)
    _note_exec(code, maps)
    code.label("end")
    code.end()
    return code.assembled()


def _register(place: int) -> int:
    return _REGISTERS[place] if place >= 0 else 0


def _inside(offset: int | None) -> int:
    return 0 if offset is None else offset + 1


def _read(
    code: Code, base: int, offset: int, size: int = 8, into: int = _READ, function: int = READ_KERNEL
) -> None:
    """Read SIZE bytes at BASE + OFFSET of the kernel's memory (or, by FUNCTION, the process's) onto the stack."""
    code.move(R3, base)
    if offset:
        code.add(R3, offset)
    code.move(R1, R10)
    code.add(R1, into)
    code.set(R2, size)
    code.call(function)


def _store_caller(code: Code, offsets: Offsets) -> None:
    """Put who calls into a fresh key, with the number in R8. R9 is used."""
    for place in range(_KEPT, 0, 8):
        code.store_value(R10, place, 0)
    code.store(R10, _NR, R8, 4)
    code.call(CURRENT_TASK)
    code.move(R9, R0)
    _read(code, R9, offsets.status, 4)
    code.load(R1, R10, _READ, 4)
    code.and_value(R1, _COMPAT)
    code.store(R10, _WIDTH, R1, 4)
    # task->mm->exe_file->f_inode
    _read(code, R9, offsets.mm)
    for offset in (offsets.exe_file, offsets.inode):
        code.load(R1, R10, _READ)
        _read(code, R1, offset)
    code.load(R1, R10, _READ)
    code.store(R10, _KEPT, R1)
    _read(code, R1, offsets.number, into=_INODE)
    code.load(R1, R10, _KEPT)
    _read(code, R1, offsets.super_block)
    code.load(R1, R10, _READ)
    _read(code, R1, offsets.device, 4, into=_DEVICE)
    # SELinux's part of task->cred->security is as far in as selinux_blob_sizes says.
    _read(code, R9, offsets.cred)
    code.load(R1, R10, _READ)
    _read(code, R1, offsets.security)
    code.load(R9, R10, _READ)
    code.store_value(R10, _READ, 0)
    code.set(R1, offsets.cred_blob)
    _read(code, R1, 0, 4)
    code.load(R1, R10, _READ, 4)
    code.add_register(R9, R1)
    _read(code, R9, offsets.sid, 4, into=_SID)


def _count(code: Code, maps: Maps) -> None:
    """Add what matters of the arguments to the key, and one to its count. R9 is used."""
    code.move(R2, R10)
    code.add(R2, _NR)
    code.set_map(R1, maps.arguments)
    code.call(MAP_LOOKUP)
    code.jump_if(R0, "==", 0, "arguments-read")
    code.move(R9, R0)
    for place, into in ((0, _FIRST), (1, _SECOND)):
        done = f"argument-{place}"
        code.load(R1, R9, 8 * place, 4)
        code.jump_if(R1, "==", 0, done)
        code.move(R3, R7)
        code.add_register(R3, R1)
        _read(code, R3, 0)
        code.load(R1, R9, 8 * place + 4, 4)
        code.jump_if(R1, "==", 0, f"{done}-value")
        code.load(R3, R10, _READ)
        code.add_register(R3, R1)
        code.add(R3, -1)
        code.store_value(R10, _READ, 0)
        _read(code, R3, 0, function=READ_USER)
        code.label(f"{done}-value")
        code.load(R1, R10, _READ)
        code.load(R2, R9, 16 + 8 * place)
        code.and_register(R1, R2)
        code.store(R10, into, R1)
        code.label(done)
    code.label("arguments-read")
    code.store_value(R10, _READ, 0)
    _look_up(code, maps.calls, _KEY)
    code.jump_if(R0, "!=", 0, "add")
    # Another processor may be first: then there is an entry afterwards all the same.
    _update(code, maps.calls, _KEY, _READ, _NO_REPLACE)
    _look_up(code, maps.calls, _KEY)
    code.jump_if(R0, "!=", 0, "add")
    _look_up(code, maps.lost, _READ)
    code.jump_if(R0, "==", 0, "counted")
    code.label("add")
    code.set(R1, 1)
    code.add_atomically(R0, 0, R1)
    code.label("counted")


def _note_exec(code: Code, maps: Maps) -> None:
    """Note when which process ran which program under which identifier, for a log to say what they are."""
    code.call(CURRENT_PID_TGID)
    code.shift_right(R0, 32)
    code.store(R10, _EXEC, R0, 4)
    for source, place in ((_SID, 4), (_DEVICE, 8)):
        code.load(R1, R10, source, 4)
        code.store(R10, _EXEC + place, R1, 4)
    code.load(R1, R10, _INODE)
    code.store(R10, _EXEC + 16, R1)
    code.call(KTIME)
    code.store(R10, _READ, R0)
    _update(code, maps.execs, _EXEC, _READ, 0)
    code.jump_if(R0, "==", 0, "noted")
    code.store_value(R10, _READ, 0)
    _look_up(code, maps.lost, _READ)
    code.jump_if(R0, "==", 0, "noted")
    code.set(R1, 1)
    code.add_atomically(R0, 0, R1)
    code.label("noted")


def _look_up(code: Code, descriptor: int, key: int) -> None:
    code.move(R2, R10)
    code.add(R2, key)
    code.set_map(R1, descriptor)
    code.call(MAP_LOOKUP)


def _update(code: Code, descriptor: int, key: int, value: int, flags: int) -> None:
    code.move(R2, R10)
    code.add(R2, key)
    code.move(R3, R10)
    code.add(R3, value)
    code.set(R4, flags)
    code.set_map(R1, descriptor)
    code.call(MAP_UPDATE)
