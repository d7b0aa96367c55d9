# SPDX-License-Identifier: GPL-2.0-or-later
"""The fast path to a tally gives exactly what the full path gives."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model.observation import Observations
from policytool.traces.bundle.source import read_blocks, read_lines
from policytool.traces.formats.lines import read_events
from policytool.traces.tally import fast_path, shapes
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from tests.traces.formats.test_lines_properties import LINES
from tests.traces.reading import CONTEXTS

TRACES = Path(__file__).parents[3] / "traces" / "small"


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


NUMBERS = (
    "success=yes exit=3 a0=ffffff9c a1=7f a2=0 a3=0 items=1 ppid=1 pid={pid} auid=4294967295 uid=0 gid=0 euid=0"
    " suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 "
)


@st.composite
def whole_events(draw: st.DrawFn) -> list[bytes]:
    """The lines of an event as the kernel writes it, whole or with something left out, doubled or odd."""
    stamp = draw(st.sampled_from(["1700000000.001:1", "1700000000.001:2", "1700000009.999:3", "1600000000.000:4"]))
    pid = draw(st.integers(1, 3))
    tails = ["", " permissive=1", " srawcon=6162", " tclass=file"]
    about = ['comm="a" name="x" dev="vda" ino=1', 'path="/a/x" dev="vda" ino=2', "ioctlcmd=0x12", "comm=", "pid=4"]
    perms = ["{ read }", "{ read open }", "{ 0x80 }", "{  }"]
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        verb, perm = draw(st.sampled_from(["denied", "granted"])), draw(st.sampled_from(perms))
        rest = f"{draw(st.sampled_from(about))} {CONTEXTS} tclass=file{draw(st.sampled_from(tails))}"
        lines.append(f"AVC|avc:  {verb}  {perm} for  pid={pid} {rest}")
    numbers = draw(st.sampled_from([NUMBERS, NUMBERS, NUMBERS, "success=yes ", 'tty="a b" ']))
    tail = draw(
        st.sampled_from(['comm="a" exe="/bin/a" key=(null)', 'comm=61 exe="/bin/b"\x1dSYSCALL=stat', "comm="])
    )
    arch = draw(st.sampled_from(["c000003e", "c00000b7", "x"]))
    lines.append(f"SYSCALL|arch={arch} syscall={draw(st.integers(0, 300))} {numbers.format(pid=pid)}{tail}")
    more = ['CWD|cwd="/c"', 'PATH|item=0 name="x" inode=1 dev=fe:00 nametype=NORMAL', "EXECVE|argc=1 a0=61",
            "MMAP|fd=3", "SELINUX_ERR|op=bounds", "PATH|item=9", "SOCKADDR|saddr=00", "EOE|"]  # fmt: skip
    lines += draw(st.lists(st.sampled_from(more), max_size=3))
    lines += draw(st.sampled_from([["PROCTITLE|proctitle=61"]] * 4 + [[], ["PROCTITLE|proctitle=61", "EOE|"]]))
    if draw(st.integers(0, 5)) == 0:
        lines.reverse()  # as ausearch prints them
    made = [line.partition("|") for line in lines]
    return [f"type={kind} msg=audit({stamp}): {body}".encode() for kind, _, body in made]


@settings(deadline=None, max_examples=300)
@given(st.lists(whole_events(), max_size=12), st.lists(st.integers(0, 60), max_size=4))
def test_whole_events_and_broken_ones(events: list[list[bytes]], cuts: list[int]) -> None:
    lines = [line for event in events for line in event]
    for cut in cuts:  # a line of one event in the middle of another
        if cut + 2 < len(lines):
            lines.insert(cut, lines.pop(cut + 2))
    half = cuts[0] if cuts else 0
    blocks = [b"\n".join(part) for part in (lines[:half], lines[half:]) if part]
    assert _by_blocks(blocks) == _by_events(lines)


@st.composite
def _bent(draw: st.DrawFn) -> list[bytes]:
    """The lines of some events, one after another, with a few places of them changed as nobody would expect."""
    text = b"\n".join(line for event in draw(st.lists(whole_events(), min_size=1, max_size=4)) for line in event)
    odd = [b" type=AVC msg=audit(1700000000.001:1): avc:  denied  { x } for  pid=1 comm=\"z\" ", b"msg=audit(",
           b"\r", b"\n", b"\x1d", b"): ", b" success=yes exit=0 a0=0 items=0 ppid=", b"(1700000000.001:1)", b"(",
           b"\xff", b" exe=\"/o\"", b"SYSCALL=x", b"node=n ", b"\n----\n", b" item=0",
           b"1700000000.001:1"]  # fmt: skip
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.sampled_from([0, 0, 0, 1, 7, 40])))
        text = text[:begin] + draw(st.sampled_from([*odd, b"", text[begin:end] * 2])) + text[end:]
    return text.split(b"\n")


@settings(deadline=None, max_examples=400)
@given(_bent(), st.booleans())
def test_bent_events(lines: list[bytes], twice: bool) -> None:
    lines = lines * 2 if twice else lines
    assert _by_blocks([b"\n".join(lines)]) == _by_events(lines)


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        (fast_path, "MAX_KNOWN", 3),
        (fast_path, "MAX_COUNTED_BYTES", 900),
        (shapes, "MAX_KNOWN", 3),
        (shapes, "MAX_KNOWN_BYTES", 500),
        (shapes, "MAX_SHARED", 9),
        (shapes, "MAX_SHARED_BYTES", 700),
        (shapes, "MAX_PLACES", 9),
    ],
)
def test_forgetting_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, limit: str, value: int
) -> None:
    log = str(TRACES / "permissive" / "audit.log.xz")
    expected = _by_blocks(list(read_blocks(log)))
    monkeypatch.setattr(module, limit, value)
    assert _by_blocks(list(read_blocks(log))) == expected


@pytest.mark.parametrize(
    "log",
    # Of each kind; the largest would take a minute. Of those that were reduced the smallest.
    sorted(
        path
        for folder in (*TRACES.iterdir(), TRACES.parent / "libvirt" / "virtsecretd")
        for path in folder.glob("*.log.xz")
        if path.stat().st_size < 300_000
    ),
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_recorded_traces(log: Path) -> None:
    assert _by_blocks(list(read_blocks(str(log)))) == _by_events(list(read_lines(str(log))))
