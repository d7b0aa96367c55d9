# SPDX-License-Identifier: GPL-2.0-or-later
"""Where members are in the running kernel's structures, by its own description of its types (BTF).

The format is Documentation/bpf/btf.rst of the kernel; /sys/kernel/btf/vmlinux has the types of what runs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_MAGIC = 0xEB9F
_STRUCT, _UNION = 4, 5
# Bytes behind a type of each kind: so many, and so many for each of its elements (include/uapi/linux/btf.h).
_BEHIND = {
    1: (4, 0),  # an integer
    3: (12, 0),  # an array
    _STRUCT: (0, 12),
    _UNION: (0, 12),
    6: (0, 8),  # an enumeration
    13: (0, 8),  # a function's parameters
    14: (4, 0),  # a variable
    15: (0, 12),  # a section
    17: (4, 0),  # a tag of a declaration
    19: (0, 12),  # an enumeration of 64 bits
}


class KernelTypes:
    """The structures that BTF data describe."""

    def __init__(self, data: bytes) -> None:
        """Read DATA; ValueError if they are not BTF."""
        if len(data) < _HEADER.size:
            raise ValueError("no BTF: too short")
        magic, _, _, header, types, types_size, names, names_size = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise ValueError("no BTF: it does not begin with the magic number")
        self._data = data
        self._names = data[header + names : header + names + names_size]
        # A type's number is its place, from 1; 0 is void.
        self._places = [0]
        self._structs: dict[str, int] = {}
        place, end = header + types, header + types + types_size
        while place < end:
            name, info, _ = _TYPE.unpack_from(data, place)
            kind, elements = info >> 24 & 0x1F, info & 0xFFFF
            if kind == _STRUCT and name:
                self._structs.setdefault(self._name(name), len(self._places))
            self._places.append(place)
            each = _BEHIND.get(kind, (0, 0))
            place += _TYPE.size + each[0] + each[1] * elements

    def offset(self, structure: str, member: str) -> int:
        """Return how many bytes into STRUCTURE its MEMBER is; KeyError if there is none.

        A member of a structure without a name that is in it counts as its own, as in C.
        """
        for name, offset in self._members(self._structs[structure]):
            if name == member:
                return offset
        raise KeyError(f"{structure}.{member}")

    def _members(self, number: int, base: int = 0) -> Iterator[tuple[str, int]]:
        place = self._places[number]
        _, info, _ = _TYPE.unpack_from(self._data, place)
        if info >> 24 & 0x1F not in (_STRUCT, _UNION):
            return
        for index in range(info & 0xFFFF):
            name, type_, bits = _TYPE.unpack_from(self._data, place + _TYPE.size * (index + 1))
            # With bit fields in it, a structure tells their sizes in the upper byte.
            offset = base + (bits & 0xFFFFFF if info >> 31 else bits) // 8
            if name:
                yield self._name(name), offset
            else:
                yield from self._members(type_, offset)

    def _name(self, offset: int) -> str:
        return self._names[offset : self._names.index(b"\0", offset)].decode("ascii", "replace")
