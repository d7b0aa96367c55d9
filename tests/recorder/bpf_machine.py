# SPDX-License-Identifier: GPL-2.0-or-later
"""A BPF machine for tests: it runs a program's bytes on a made-up kernel memory, and knows what we use."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

_WIDE = (1 << 64) - 1
_STACK, _STACK_SIZE = 0x7000_0000, 512
_CONTEXT = 0x6000_0000


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


@dataclass
class Machine:
    """`memory` is the kernel's and the process's, by address; `maps` are by descriptor, key to value."""

    memory: dict[int, bytes]
    task: int
    process: int
    maps: dict[int, dict[bytes, bytearray]]
    sizes: dict[int, tuple[int, int, int]]
    time: int = 0
    _pointers: dict[int, bytearray] = field(default_factory=dict)

    def run(self, code: bytes, context: tuple[int, ...]) -> int:
        """Run CODE with CONTEXT as what R1 points to, and return R0."""
        instructions = [struct.unpack_from("<BBhi", code, at) for at in range(0, len(code), 8)]
        stack = bytearray(b"\xa5" * _STACK_SIZE)
        self._pointers = {_STACK: stack, _CONTEXT: bytearray(struct.pack(f"<{len(context)}Q", *context))}
        register = [0] * 11
        register[1], register[10] = _CONTEXT, _STACK + _STACK_SIZE
        place = steps = 0
        while True:
            opcode, registers, offset, value = instructions[place]
            to, source = registers & 15, registers >> 4
            place += 1
            steps += 1
            assert steps < 5000, "the program does not end"
            match opcode:
                case 0x18:
                    high = instructions[place][3] & 0xFFFFFFFF
                    place += 1
                    register[to] = value & 0xFFFFFFFF | high << 32
                case 0x07:
                    register[to] = register[to] + value & _WIDE
                case 0x0F:
                    register[to] = register[to] + register[source] & _WIDE
                case 0x57:
                    register[to] &= value & _WIDE
                case 0x5F:
                    register[to] &= register[source]
                case 0x77:
                    register[to] >>= value
                case 0x87:
                    register[to] = -register[to] & _WIDE
                case 0xB7:
                    register[to] = value & _WIDE
                case 0xBF:
                    register[to] = register[source]
                case 0x61 | 0x79:
                    size = 4 if opcode == 0x61 else 8
                    register[to] = int.from_bytes(self._known(register[source] + offset, size), "little")
                case 0x62 | 0x7A:
                    size = 4 if opcode == 0x62 else 8
                    self._store(register[to] + offset, (value & _WIDE).to_bytes(8, "little")[:size])
                case 0x63 | 0x7B:
                    size = 4 if opcode == 0x63 else 8
                    self._store(register[to] + offset, register[source].to_bytes(8, "little")[:size])
                case 0xDB:
                    there = register[to] + offset
                    total = int.from_bytes(self._known(there, 8), "little") + register[source]
                    self._store(there, total.to_bytes(8, "little"))
                case 0x85:
                    register[0] = self._call(value, register)
                    # What a call leaves in them is nobody's.
                    register[1:6] = [0xBAD] * 5
                case 0x05:
                    place += offset
                case 0x15 | 0x55 | 0x25 | 0xC5 | 0x65:
                    if self._holds(opcode, register[to], value):
                        place += offset
                case 0x95:
                    return register[0]
                case _:
                    raise AssertionError(f"unknown instruction {opcode:#x}")

    def _holds(self, opcode: int, left: int, right: int) -> bool:
        relations: dict[int, Callable[[], bool]] = {
            0x15: lambda: left == right & _WIDE,
            0x55: lambda: left != right & _WIDE,
            0x25: lambda: left > right & _WIDE,
            0xC5: lambda: _signed(left) < right,
            0x65: lambda: _signed(left) > right,
        }
        return relations[opcode]()

    def _call(self, function: int, register: list[int]) -> int:
        _, first, second, third, fourth, *_ = register
        if function == 35:
            return self.task
        if function == 14:
            return self.process << 32 | 77
        if function == 5:
            self.time += 1
            return self.time
        if function in (112, 113):
            self._store(first, self._read(third, second))
            return 0
        key_size, value_size, most = self.sizes[first]
        key = bytes(self._known(second, key_size))
        entries = self.maps[first]
        if function == 1:
            if key not in entries:
                return 0
            address = 0x5000_0000 + len(self._pointers) * 0x1000
            self._pointers[address] = entries[key]
            return address
        assert function == 2, f"unknown function {function}"
        if fourth == 1 and key in entries:
            return -17 & _WIDE
        if key not in entries and len(entries) >= most:
            return -7 & _WIDE
        entries[key] = bytearray(self._known(third, value_size))
        return 0

    def _known(self, address: int, size: int) -> bytearray:
        """Return what the program may load itself: its stack, its context, a map's value."""
        for begin, block in self._pointers.items():
            if begin <= address and address + size <= begin + len(block):
                return block[address - begin : address - begin + size]
        raise AssertionError(f"the verifier would not allow {address:#x}")

    def _store(self, address: int, content: bytes) -> None:
        for begin, block in self._pointers.items():
            if begin <= address and address + len(content) <= begin + len(block):
                block[address - begin : address - begin + len(content)] = content
                return
        raise AssertionError(f"the verifier would not allow {address:#x}")

    def _read(self, address: int, size: int) -> bytes:
        """Return what is at ADDRESS of the made-up memory; zeros where nothing is, as after a fault."""
        for begin, block in self.memory.items():
            if begin <= address and address + size <= begin + len(block):
                return block[address - begin : address - begin + size]
        return bytes(size)
