# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way to a tally gives exactly what the events give."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model.observation import Observations
from policytool.traces import digest
from policytool.traces.digest import tally_blocks
from policytool.traces.reader import read_events
from policytool.traces.source import read_blocks, read_lines
from policytool.traces.tally import Tally
from tests.traces.reading import CONTEXTS
from tests.traces.test_reader_properties import LINES

TRACES = Path(__file__).parents[2] / "traces" / "libvirt"


def _by_events(lines: list[bytes]) -> Observations:
    tally = Tally("t", complete=False)
    for event in read_events(lines, "t", tally.unread):
        tally.add(event)
    return tally.observations()


def _by_blocks(blocks: list[bytes]) -> Observations:
    tally = Tally("t", complete=False)
    tally_blocks(blocks, "t", tally)
    return tally.observations()


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    """A line much like those of auditd, with a detail or two that may be odd."""
    stamp = draw(st.sampled_from(["1.001:1", "1.002:2", "1.003:2", "0.0:3", "12.5:4"]))
    comm = draw(st.sampled_from(['"a"', "6120", '"exe="', '"a b"', "(null)", "6"]))
    exe = draw(st.sampled_from(['"/bin/a"', "2F61", "(null)", '"/a SYSCALL=no"']))
    inode = draw(st.integers(1, 3))
    name = draw(st.sampled_from(['"x"', '"../x"', '"/a//x"', "(null)", "78", '"for  pid=3 "']))
    node = draw(st.sampled_from(["", "", "", "node=n "]))
    tail = draw(st.sampled_from(["", " permissive=1", " permissive=0 srawcon=6162", ":", " pid=9"]))
    ending = draw(st.sampled_from(["", " subj=a:b:c", " subj=a:b:c key=(null)", ' key="k ARCH=a SYSCALL=b c"']))
    enriched = draw(st.sampled_from(["", "\x1dARCH=x86_64 SYSCALL=openat AUID=a", "ARCH=x86_64 SYSCALL=stat"]))
    about = draw(st.sampled_from([f"name={name}", f"path={name}", f"name={name} ioctlcmd=0x12", f"comm={comm}"]))
    pid = draw(st.sampled_from([" pid=1", " pid=22", " pid=x", "", " pid=1  "]))
    perms = draw(st.sampled_from(["{ read }", "{ read open }", "null", "{ 0x80 }", "{read}"]))
    file, call = f"{CONTEXTS} tclass=file", f"arch=c000003e syscall={inode}"
    body = draw(
        st.sampled_from(
            [
                f'AVC {stamp}avc:  denied  {perms} for {pid} {about} dev="vda" ino={inode} {file}{tail}',
                f"AVC {stamp}avc:  granted  {perms} for {pid} comm={comm} {CONTEXTS} tclass=dir{tail}",
                f"SYSCALL {stamp}{call} success=yes tty=(none) comm={comm} exe={exe}{ending}{enriched}",
                f"SYSCALL {stamp}{call} exe={exe} comm={comm}{enriched}",
                f"CWD {stamp}cwd={name}",
                f"PATH {stamp}item=0 name={name} inode={inode} dev=fe:00 nametype=CREATE{enriched}",
                f"PROCTITLE {stamp}proctitle={name}",
                f"SELINUX_ERR {stamp}op=bounds",
                f"AVC_PATH {stamp} path={name}",
            ]
        )
    )
    kind, _, rest = body.partition(" ")
    return f"{node}type={kind} msg=audit({stamp}): {rest.removeprefix(stamp)}".encode()


@settings(deadline=None)
@given(st.lists(st.one_of(_lines(), _lines(), _lines(), LINES), max_size=25), st.integers(0, 25))
def test_any_lines_in_any_blocks(lines: list[bytes], cut: int) -> None:
    lines = [part for line in lines for part in line.split(b"\n")]
    blocks = [b"\n".join(part) for part in (lines[:cut], lines[cut:]) if part]
    assert _by_blocks(blocks) == _by_events(lines)


@settings(deadline=None)
@given(st.lists(_lines(), max_size=25))
def test_ordinary_lines(lines: list[bytes]) -> None:
    assert _by_blocks([b"\n".join(lines)]) == _by_events(lines)


def test_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log = str(TRACES / "permissive" / "audit.log.xz")
    expected = _by_blocks(list(read_blocks(log)))
    monkeypatch.setattr(digest, "MAX_KNOWN", 3)
    assert _by_blocks(list(read_blocks(log))) == expected


@pytest.mark.parametrize("name", sorted(path.parent.name for path in TRACES.glob("[a-z]*/manifest.json")))
def test_recorded_traces(name: str) -> None:
    log = str(TRACES / name / "audit.log.xz")
    assert _by_blocks(list(read_blocks(log))) == _by_events(list(read_lines(log)))
