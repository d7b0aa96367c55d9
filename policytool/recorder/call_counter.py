# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the system calls of a whole machine in its kernel while a command runs, and writes the counts down.

    python3 -m policytool.recorder.call_counter ARGUMENTS COUNTS COMMAND...

Needs root, Linux 5.8 or newer on x86-64 with BTF, SELinux, and nothing but Python. What identifiers and inodes
stand for is not said here: audit's records of the same execs tell (traces/tally/counted_calls.py).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from policytool.recorder.call_program import (
    ARGUMENTS,
    CALL_KEY,
    COUNT,
    EXEC_KEY,
    LOST_INDEX,
    MOST_NUMBERS,
    Maps,
    argument_table,
    enter_program,
    exit_program,
    kernel_offsets,
)
from policytool.recorder.kernel_types import KernelTypes

# include/uapi/linux/bpf.h
_MAP_CREATE, _LOOK_UP, _UPDATE, _NEXT_KEY, _PROG_LOAD, _INFO, _RAW_TRACEPOINT = 0, 1, 2, 4, 5, 15, 17
_HASH, _ARRAY = 1, 2
_PROGRAM_OF_RAW_TRACEPOINT = 17
# struct bpf_prog_info: recursion_misses, and as much of the structure as holds it.
_MISSES, _INFO_SIZE = 208, 216
_LOG_SIZE = 1 << 20

# So many kinds of calls and execs; what is more is counted as lost.
_MOST_CALLS = 1 << 17
_MOST_EXECS = 1 << 18

_BPF_CALL = 321
_TYPES = Path("/sys/kernel/btf/vmlinux")
_SYMBOLS = Path("/proc/kallsyms")
_BLOB_SIZES = "selinux_blob_sizes"

_libc = ctypes.CDLL(None, use_errno=True)


class Buffer:
    """Memory that the kernel is told the address of."""

    def __init__(self, content: bytes | int) -> None:
        self._memory = ctypes.create_string_buffer(content) if isinstance(content, int) else None
        if isinstance(content, bytes):
            self._memory = ctypes.create_string_buffer(content, max(len(content), 1))

    @property
    def address(self) -> int:
        """Where it is."""
        return ctypes.addressof(self._memory) if self._memory is not None else 0

    def content(self) -> bytes:
        """Return its bytes as they are now."""
        return b"" if self._memory is None else self._memory.raw


def _bpf(command: int, form: str, *values: int) -> int:
    attributes = Buffer(struct.pack(form, *values).ljust(128, b"\0"))
    result: int = _libc.syscall(_BPF_CALL, command, ctypes.c_void_p(attributes.address), 128)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"bpf command {command}: {os.strerror(number)}")
    return result


def _create_map(kind: int, key: int, value: int, entries: int) -> int:
    return _bpf(_MAP_CREATE, "<IIIII", kind, key, value, entries, 0)


def _set(descriptor: int, key: bytes, value: bytes) -> None:
    there, put = Buffer(key), Buffer(value)
    _bpf(_UPDATE, "<IxxxxQQQ", descriptor, there.address, put.address, 0)


def _number(descriptor: int, key: bytes) -> int:
    there, found = Buffer(key), Buffer(COUNT.size)
    _bpf(_LOOK_UP, "<IxxxxQQQ", descriptor, there.address, found.address, 0)
    return int.from_bytes(found.content(), "little")


def _keys(descriptor: int, size: int) -> Iterator[bytes]:
    following = Buffer(size)
    try:
        _bpf(_NEXT_KEY, "<IxxxxQQ", descriptor, 0, following.address)
        while True:
            key = following.content()
            yield key
            there = Buffer(key)
            _bpf(_NEXT_KEY, "<IxxxxQQ", descriptor, there.address, following.address)
    except FileNotFoundError:
        return


def _load(code: bytes) -> int:
    instructions, licence = Buffer(code), Buffer(b"GPL\0")
    head = (_PROGRAM_OF_RAW_TRACEPOINT, len(code) // 8, instructions.address, licence.address)
    with contextlib.suppress(OSError):
        return _bpf(_PROG_LOAD, "<IIQQ", *head)
    # Once more, for the verifier to say why.
    log = Buffer(_LOG_SIZE)
    try:
        return _bpf(_PROG_LOAD, "<IIQQIIQ", *head, 1, _LOG_SIZE, log.address)
    except OSError as error:
        said = log.content().split(b"\0")[0].decode("utf-8", "replace").splitlines()[-20:]
        raise SystemExit(f"the kernel does not take the program: {error.strerror}\n" + "\n".join(said)) from error


def _attach(program: int, tracepoint: str) -> int:
    name = Buffer(tracepoint.encode() + b"\0")
    return _bpf(_RAW_TRACEPOINT, "<QI", name.address, program)


def _misses(program: int) -> int:
    info = Buffer(_INFO_SIZE)
    _bpf(_INFO, "<IIQ", program, _INFO_SIZE, info.address)
    return int.from_bytes(info.content()[_MISSES : _MISSES + 8], "little")


def _address(symbol: str) -> int:
    with _SYMBOLS.open("r", encoding="ascii") as lines:
        for line in lines:
            address, _, name = line.split()[:3]
            if name == symbol:
                return int(address, 16)
    raise SystemExit(f"the kernel has no {symbol}: SELinux is not in it")


def main(words: Sequence[str]) -> int:
    """Count while the command runs; return its status."""
    arguments, output, *command = words
    wanted = {
        int(number): [(place, mask, inside) for place, mask, inside in each]
        for number, each in json.loads(Path(arguments).read_text("utf-8")).items()
    }
    maps = Maps(
        calls=_create_map(_HASH, CALL_KEY.size, COUNT.size, _MOST_CALLS),
        execs=_create_map(_HASH, EXEC_KEY.size, COUNT.size, _MOST_EXECS),
        arguments=_create_map(_ARRAY, 4, ARGUMENTS.size, MOST_NUMBERS),
        lost=_create_map(_ARRAY, 4, COUNT.size, 1),
    )
    for number, entry in argument_table(wanted).items():
        _set(maps.arguments, number.to_bytes(4, "little"), entry)
    offsets = kernel_offsets(KernelTypes(_TYPES.read_bytes()), _address(_BLOB_SIZES))
    programs = {"sys_exit": _load(exit_program(offsets, maps)), "sys_enter": _load(enter_program(offsets, maps))}
    links = [_attach(program, name) for name, program in programs.items()]
    # Not through toolchain/run.py: where calls are counted, there is little of policytool.
    status = os.spawnvp(os.P_WAIT, command[0], command)  # noqa: S606 -- what the user asked for
    for link in links:
        os.close(link)
    lost = _number(maps.lost, LOST_INDEX.to_bytes(4, "little"))
    document = {
        "format": 1,
        "machine": platform.machine(),
        "lost": lost + sum(_misses(program) for program in programs.values()),
        "calls": [
            [*CALL_KEY.unpack(key)[:8], _number(maps.calls, key)] for key in _keys(maps.calls, CALL_KEY.size)
        ],
        "execs": [
            [*EXEC_KEY.unpack(key)[:3], EXEC_KEY.unpack(key)[4], _number(maps.execs, key)]
            for key in _keys(maps.execs, EXEC_KEY.size)
        ],
    }
    aside = Path(f"{output}.new")
    aside.write_text(json.dumps(document, separators=(",", ":")), "utf-8")
    aside.rename(output)
    return status


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
