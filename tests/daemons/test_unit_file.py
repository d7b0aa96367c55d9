# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.daemons.unit_file import daemon_of_units
from policytool.model.daemon import Daemon, DaemonError, is_plain_path

SERVICE = """\
# a comment = that is none
[Unit]
Description=Keeps   notes

[Service]
ExecStartPre=/bin/true
ExecStart=-/opt/notes/notesd --port 7311 \\
    --verbose
"""
SOCKET = "[Socket]\nListenStream=/run/notes.sock\nListenStream=7311\nListenFIFO=/run/notes.fifo\n"


def test_a_unit_tells_program_summary_and_sockets() -> None:
    assert daemon_of_units("notes-keeper", [SERVICE], [SOCKET]) == Daemon(
        name="notes_keeper",
        domain="notes_keeper_t",
        exec_type="notes_keeper_exec_t",
        summary="Keeps notes",
        executables=("/opt/notes/notesd",),
        unit="notes-keeper.service",
        sockets=("/run/notes.sock", "/run/notes.fifo"),
    )


def test_a_drop_in_takes_away_and_adds() -> None:
    drop_in = "[Service]\nExecStart=\nExecStart=@/usr/sbin/other other -x\nDescription=\n"
    found = daemon_of_units("notes@", [SERVICE, drop_in])
    assert (found.name, found.unit, found.executables) == ("notes", "notes@.service", ("/usr/sbin/other",))
    assert found.summary == "notes@"


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("/usr/sbin/x", "/usr/sbin/x"),
        ("+!!/usr/sbin/x -y", "/usr/sbin/x"),
        ('"/usr/sbin/x" "a b"', "/usr/sbin/x"),
        ("'/usr/sbin/x' a", "/usr/sbin/x"),
        (": /usr/sbin/x a", "/usr/sbin/x"),
    ],
)
def test_the_program_of_a_command(command: str, path: str) -> None:
    assert daemon_of_units("x", [f"ExecStart={command}"]).executables == (path,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Service]\nType=oneshot\n", "no ExecStart=, so nothing tells the program"),
        ("ExecStart=/usr/bin/python3 /opt/x.py", "/usr/bin/python3, which runs other programs too"),
        ("ExecStart=/bin/sh -c x", "/bin/sh, which runs other programs too"),
        ("ExecStart=notesd", "'notesd', which is not a plain absolute path"),
        ("ExecStart=/opt/%i/x", "not a plain absolute path"),
        ("ExecStart=@", "'', which is not a plain absolute path"),
    ],
)
def test_what_tells_no_program_of_its_own_is_said(text: str, message: str) -> None:
    with pytest.raises(DaemonError, match=re.escape(message)):
        daemon_of_units("x", [text])


@given(st.lists(st.text(max_size=60), max_size=3), st.text(max_size=20))
def test_any_text_is_described_or_refused(texts: list[str], name: str) -> None:
    try:
        found = daemon_of_units(name, texts, texts)
    except DaemonError:
        return
    assert found.executables
    assert all(is_plain_path(path) for path in (*found.executables, *found.sockets))
