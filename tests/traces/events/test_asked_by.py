# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.traces.events.asked_by import Call, asked_by, read_args, read_call
from policytool.traces.events.record import Form

SAID = Call(exe="", comm="worker")


@pytest.mark.parametrize(
    ("call", "told", "wanted"),
    [
        (Call("openat", "/usr/bin/x", "x"), SAID, ("/usr/bin/x", "openat")),
        # An old kernel's SYSCALL record has no exe=.
        (Call("openat", "", "x"), SAID, ("worker", "openat")),
        (Call("openat", "", "x"), Call(), ("x", "openat")),
        (None, SAID, ("worker", "")),
        # An object manager tells the program itself.
        (None, Call(exe="/usr/bin/dbus-daemon", comm="dbus"), ("/usr/bin/dbus-daemon", "")),
        (Call("sendmsg", "/usr/bin/x", "x"), Call(exe="/usr/bin/dbus-daemon"), ("/usr/bin/x", "sendmsg")),
    ],
)
def test_the_program_is_the_calls_then_the_object_managers_then_a_comm(
    call: Call | None, told: Call, wanted: tuple[str, str]
) -> None:
    assert asked_by(call, told) == wanted


def test_what_the_logs_writer_interpreted_counts() -> None:
    fields = {"arch": "c000003e", "syscall": "257", "exe": '"/usr/bin/x"', "comm": "6120622E"}
    found = read_call(fields, Form.RAW)
    assert (found.name, found.exe, found.comm) == ("openat", "/usr/bin/x", "a b.")
    enriched = {**fields, "ARCH": "aarch64", "SYSCALL": "mkdirat"}
    assert read_call(enriched, Form.RAW).name == "mkdirat"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"a0": "ffffff9c", "a1": "0", "a2": "2", "a3": "1b6"}, (0xFFFFFF9C, 0, 2, 0o666)),
        ({"a0": "0", "a1": "0", "a2": "0"}, ()),
        ({"a0": "x", "a1": "0", "a2": "0", "a3": "0"}, ()),
        ({}, ()),
    ],
)
def test_the_arguments_are_all_there_or_none(fields: dict[str, str], wanted: tuple[int, ...]) -> None:
    assert read_args(fields) == wanted
