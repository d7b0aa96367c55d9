# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of the call counter, run on a made-up kernel memory. The lab loads them into a real kernel."""

from __future__ import annotations

import struct

from policytool.recorder.call_program import (
    ARGUMENTS,
    CALL_KEY,
    COUNT,
    EXEC_KEY,
    Maps,
    Offsets,
    argument_table,
    enter_program,
    exit_program,
)
from tests.recorder.bpf_machine import Machine

# Made up, and each another one, so that no two can be mixed up unseen.
OFFSETS = Offsets(
    mm=0x40,
    cred=0x48,
    status=0x10,
    exe_file=0x18,
    inode=0x20,
    number=0x28,
    super_block=0x30,
    device=0x38,
    security=0x50,
    sid=4,
    cred_blob=0xFFFF_FFFF_8123_4564,
)
MAPS = Maps(calls=3, execs=4, arguments=5, lost=6)
TASK, MM, FILE, INODE, SUPER, CRED, BLOB, REGISTERS, USER = (
    0xFFFF_8880_0000_0000 + n * 0x1000 for n in range(1, 10)
)
SID, DEVICE, NUMBER = 222, 0xFE00000, 8757


def block(**at: tuple[int, int]) -> bytes:
    content = bytearray(0x100)
    for place, (value, size) in ((int(name[1:], 16), both) for name, both in at.items()):
        content[place : place + size] = value.to_bytes(8, "little")[:size]
    return bytes(content)


def registers(number: int, *arguments: int) -> bytes:
    content = bytearray(168)
    for place, value in zip((112, 104, 96, 56), arguments, strict=False):
        struct.pack_into("<Q", content, place, value)
    struct.pack_into("<Q", content, 120, number)
    return bytes(content)


def machine(number: int, *arguments: int, narrow: bool = False, most: int = 100) -> Machine:
    memory = {
        TASK: block(x10=(2 if narrow else 0, 4), x40=(MM, 8), x48=(CRED, 8)),
        MM: block(x18=(FILE, 8)),
        FILE: block(x20=(INODE, 8)),
        INODE: block(x28=(NUMBER, 8), x30=(SUPER, 8)),
        SUPER: block(x38=(DEVICE, 4)),
        CRED: block(x50=(BLOB, 8)),
        # Another security module has the first 8 bytes.
        BLOB: block(x4=(1, 4), xc=(SID, 4)),
        0xFFFF_FFFF_8123_4564: struct.pack("<i", 8),
        REGISTERS: registers(number, *arguments),
        USER: struct.pack("<QQQQ", 0x5000_0000, 0x6_0000_0005, 0x7_0000_0000, 0),
    }
    table = argument_table(
        {
            41: [(0, 0xFFFFFFFF, None), (1, 0xF, None)],
            126: [(1, 0xFFFFFFFF, 8), (1, 0x1FF, 12)],
            435: [(0, 0x7E000000, 0)],
        }
    )
    arguments_map = {
        key.to_bytes(4, "little"): bytearray(table.get(key, bytes(ARGUMENTS.size))) for key in range(512)
    }
    return Machine(
        memory,
        TASK,
        393,
        {3: {}, 4: {}, 5: arguments_map, 6: {bytes(4): bytearray(8)}},
        {3: (CALL_KEY.size, 8, most), 4: (EXEC_KEY.size, 8, most), 5: (4, ARGUMENTS.size, 512), 6: (4, 8, 1)},
    )


def counted(made: Machine) -> dict[tuple[int, ...], int]:
    return {CALL_KEY.unpack(key)[:8]: COUNT.unpack(bytes(value))[0] for key, value in made.maps[3].items()}


def test_a_call_is_counted_under_who_makes_it_and_what_matters_of_its_arguments() -> None:
    made = machine(41, 0xBAD_0000_0010, 0x80003, 5)
    enter = enter_program(OFFSETS, MAPS)
    for _ in range(3):
        assert made.run(enter, (REGISTERS, 41)) == 0
    assert counted(made) == {(SID, 41, DEVICE, 0, NUMBER, 0x10, 3, 0): 3}
    made = machine(0, 7, 8)
    made.run(enter, (REGISTERS, 0))
    assert counted(made) == {(SID, 0, DEVICE, 0, NUMBER, 0, 0, 0): 1}, "no argument of read matters"


def test_what_an_argument_points_to_is_read() -> None:
    made = machine(435, USER, 88)
    made.run(enter_program(OFFSETS, MAPS), (REGISTERS, 435))
    assert counted(made) == {(SID, 435, DEVICE, 0, NUMBER, 0x50000000, 0, 0): 1}
    made = machine(126, 1, USER)
    made.run(enter_program(OFFSETS, MAPS), (REGISTERS, 126))
    assert counted(made) == {(SID, 126, DEVICE, 0, NUMBER, 5, 6, 0): 1}
    made = machine(435, 0xDEAD_0000, 88)
    made.run(enter_program(OFFSETS, MAPS), (REGISTERS, 435))
    assert counted(made) == {(SID, 435, DEVICE, 0, NUMBER, 0, 0, 0): 1}, "a fault leaves nothing of a stack behind"


def test_a_call_of_32_bits_is_told_apart() -> None:
    made = machine(5, narrow=True)
    made.run(enter_program(OFFSETS, MAPS), (REGISTERS, 5))
    assert counted(made) == {(SID, 5, DEVICE, 2, NUMBER, 0, 0, 0): 1}


def test_a_call_that_failed_is_counted_under_its_error_and_others_are_not() -> None:
    leave = exit_program(OFFSETS, MAPS)
    for result, wanted in ((-13, 13), (-4095, 4095), (-512, 512)):
        made = machine(41, 1, 1)
        made.run(leave, (REGISTERS, result & (1 << 64) - 1))
        assert counted(made) == {(SID, 41, DEVICE, 0, NUMBER, 1, 1, wanted): 1}
    for result in (0, 5, 0x7F00_0000_0000, -4096):
        made = machine(41, 1, 1)
        made.run(leave, (REGISTERS, result & (1 << 64) - 1))
        assert counted(made) == {}
        assert made.maps[4] == {}


def test_the_end_of_a_signal_is_no_end_of_a_call() -> None:
    made = machine(-1 & (1 << 64) - 1)
    made.run(exit_program(OFFSETS, MAPS), (REGISTERS, -4 & (1 << 64) - 1))
    assert counted(made) == {}


def test_an_exec_that_succeeds_is_noted_with_its_time() -> None:
    leave = exit_program(OFFSETS, MAPS)
    for number in (59, 322):
        made = machine(number)
        made.run(leave, (REGISTERS, 0))
        ((key, time),) = made.maps[4].items()
        assert EXEC_KEY.unpack(key) == (393, SID, DEVICE, 0, NUMBER)
        assert (bytes(time), counted(made)) == (COUNT.pack(1), {})
        made.run(leave, (REGISTERS, 0))
        assert bytes(made.maps[4][key]) == COUNT.pack(2), "the last one counts"
        made = machine(number)
        made.run(leave, (REGISTERS, -2 & (1 << 64) - 1))
        assert made.maps[4] == {}


def test_what_finds_no_room_is_counted_as_lost() -> None:
    made = machine(41, 1, 1, most=1)
    enter = enter_program(OFFSETS, MAPS)
    made.run(enter, (REGISTERS, 41))
    made.run(enter, (REGISTERS, 42))
    made.run(enter, (REGISTERS, 42))
    made.run(enter, (REGISTERS, 41))
    assert list(counted(made).values()) == [2]
    assert COUNT.unpack(bytes(made.maps[6][bytes(4)]))[0] == 2
    made = machine(59, most=0)
    made.run(exit_program(OFFSETS, MAPS), (REGISTERS, 0))
    assert COUNT.unpack(bytes(made.maps[6][bytes(4)]))[0] == 1
