# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs for the kernel's BPF machine, put together from instructions (Documentation/bpf/instruction-set.rst)."""

from __future__ import annotations

import struct

_INSTRUCTION = struct.Struct("<BBhi")

# Registers: R1 to R5 are a call's arguments, R0 its result; R6 to R9 outlive calls; R10 is the end of the stack.
R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = range(11)

# Functions of the kernel (include/uapi/linux/bpf.h, enum bpf_func_id).
MAP_LOOKUP, MAP_UPDATE, KTIME, CURRENT_PID_TGID, CURRENT_TASK, READ_USER, READ_KERNEL = 1, 2, 5, 14, 35, 112, 113

_SIZES = {4: 0x00, 8: 0x18}
_MAP_BY_DESCRIPTOR = 1
_JUMP = {"==": 0x15, "!=": 0x55, ">": 0x25, "s<": 0xC5, "s>": 0x65, "&": 0x45}


class Code:
    """Instructions in order; a jump names a label, which may come later."""

    def __init__(self) -> None:
        self._bytes: list[bytes] = []
        self._labels: dict[str, int] = {}
        self._jumps: list[tuple[int, int, int, int, str]] = []

    def assembled(self) -> bytes:
        """Return the program's bytes; KeyError if a jump's label does not stand anywhere."""
        done = list(self._bytes)
        for place, opcode, registers, value, label in self._jumps:
            done[place] = _INSTRUCTION.pack(opcode, registers, self._labels[label] - place - 1, value)
        return b"".join(done)

    def label(self, name: str) -> None:
        """Name the place of the next instruction."""
        self._labels[name] = len(self._bytes)

    def set(self, register: int, value: int) -> None:
        """Load a number of 64 bits into a register."""
        self._wide(register, 0, value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF)

    def set_map(self, register: int, descriptor: int) -> None:
        """Load a map, by its file descriptor, into a register."""
        self._wide(register, _MAP_BY_DESCRIPTOR, descriptor, 0)

    def move(self, register: int, source: int) -> None:
        """Copy a register."""
        self._emit(0xBF, register, source, 0, 0)

    def add(self, register: int, value: int) -> None:
        """Add a number to a register."""
        self._emit(0x07, register, 0, 0, value)

    def add_register(self, register: int, source: int) -> None:
        """Add a register to another."""
        self._emit(0x0F, register, source, 0, 0)

    def and_register(self, register: int, source: int) -> None:
        """Keep the bits of a register that another has."""
        self._emit(0x5F, register, source, 0, 0)

    def and_value(self, register: int, value: int) -> None:
        """Keep the bits of a register that VALUE has."""
        self._emit(0x57, register, 0, 0, value)

    def shift_right(self, register: int, bits: int) -> None:
        """Shift a register to the right."""
        self._emit(0x77, register, 0, 0, bits)

    def negate(self, register: int) -> None:
        """Change the sign of a register."""
        self._emit(0x87, register, 0, 0, 0)

    def load(self, register: int, base: int, offset: int, size: int = 8) -> None:
        """Load SIZE bytes from memory that the verifier knows."""
        self._emit(0x61 | _SIZES[size], register, base, offset, 0)

    def store(self, base: int, offset: int, source: int, size: int = 8) -> None:
        """Store a register in memory."""
        self._emit(0x63 | _SIZES[size], base, source, offset, 0)

    def store_value(self, base: int, offset: int, value: int, size: int = 8) -> None:
        """Store a small number in memory."""
        self._emit(0x62 | _SIZES[size], base, 0, offset, value)

    def add_atomically(self, base: int, offset: int, source: int) -> None:
        """Add a register to 8 bytes of memory, whatever other processors do."""
        self._emit(0xDB, base, source, offset, 0)

    def call(self, function: int) -> None:
        """Call a function of the kernel."""
        self._emit(0x85, 0, 0, 0, function)

    def jump(self, label: str) -> None:
        """Go on at LABEL."""
        self._jump(0x05, 0, 0, label)

    def jump_if(self, register: int, relation: str, value: int, label: str) -> None:
        """Go on at LABEL if the register is in RELATION to VALUE."""
        self._jump(_JUMP[relation], register, value, label)

    def end(self) -> None:
        """Return 0 to the kernel."""
        self._emit(0xB7, R0, 0, 0, 0)
        self._emit(0x95, 0, 0, 0, 0)

    def _jump(self, opcode: int, register: int, value: int, label: str) -> None:
        self._jumps.append((len(self._bytes), opcode, register, value, label))
        self._bytes.append(b"")

    def _emit(self, opcode: int, register: int, source: int, offset: int, value: int) -> None:
        self._bytes.append(_INSTRUCTION.pack(opcode, register | source << 4, offset, value))

    def _wide(self, register: int, source: int, low: int, high: int) -> None:
        # Two places; the kernel reads the values as bits.
        self._bytes.append(struct.pack("<BBhI", 0x18, register | source << 4, 0, low))
        self._bytes.append(struct.pack("<BBhI", 0, 0, 0, high))
