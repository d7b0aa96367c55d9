# SPDX-License-Identifier: GPL-2.0-or-later
"""No input whatever makes the readers raise, and each line is either records or counted as unread."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model.observation import Observations
from policytool.traces.formats.lines import read_events
from policytool.traces.tally.tally import Tally
from tests.traces.reading import avc, record

_SEEDS = [
    avc('pid=7 comm=6120 path="/a//b" name="c" dev="0:53" ino=2 ioctlcmd=0x5401'),
    avc(tail="tclass=dbus: permissive=1 srawcon=6162 trawcon=x"),
    record("USER_AVC", "pid=1 msg='" + avc().partition("): ")[2] + ' exe="/x"\'\x1dUID="a"'),
    record("SYSCALL", 'arch=c000003e syscall=257 exit=EACCES(x) a0=9 a1=9 a2=9 a3=9 exe="/x"SYSCALL=open'),
    record("CWD", 'cwd="/w"'),
    record("PATH", 'item=1 name="n" inode=2 dev=00:35 mode=file,644 obj=a:b:c nametype=CREATE'),
    record("EXECVE", "argc=2 a0[0]=61 a1_len=3 a1=62"),
    record("PROCTITLE", "proctitle=612062"),
    record("SOCKADDR", "saddr=02000035C0000201"),
    record("SELINUX_ERR", "op=security_compute_av reason=bounds perms=siginh"),
    "type=SYSCALL msg=audit(10/20/2023 11:15:41.492:2202) : arch=x86_64 syscall=openat exit=EACCES(x) comm=a b",
    "type=EXECVE msg=audit(10/20/2023 11:15:41.492:2202) : argc=1 a0=a a1=",
    "audit: type=1400 audit(1.5:6): avc:  denied",
]

_PIECES = sorted({piece for seed in _SEEDS for piece in seed.replace("=", "= ").split()})


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """One of the seeds, with a part of it cut out, doubled or replaced."""
    line = draw(st.sampled_from(_SEEDS)).encode()
    start = draw(st.integers(0, len(line)))
    end = draw(st.integers(start, len(line)))
    middle = draw(st.one_of(st.just(b""), st.just(line[start:end] * 2), st.binary(max_size=12)))
    return line[:start] + middle + line[end:]


LINES = st.one_of(
    st.binary(max_size=120),
    _damaged(),
    st.lists(st.sampled_from(_PIECES), max_size=20).map(lambda words: " ".join(words).encode()),
)


def _observed(lines: list[bytes]) -> Observations:
    tally = Tally("hostile", complete=False)
    for event in read_events(lines, "hostile", tally.unread):
        tally.add(event)
    return tally.observations()


@settings(deadline=None)
@given(LINES)
def test_each_line_is_read_or_reported(line: bytes) -> None:
    observations = _observed([line])
    assert observations.records + observations.unread_total > 0 or not line.strip(b"\r\n\t\v\f -")


@settings(deadline=None)
@given(st.lists(LINES, max_size=12))
def test_no_bytes_make_the_reader_raise(lines: list[bytes]) -> None:
    observations = _observed(lines)
    # A line that the one before it goes on with is part of what was read, or reported, there.
    assert observations.records + observations.unread_total > 0 or not b"".join(lines).strip(b"\r\n\t\v\f -")


@settings(deadline=5000, max_examples=20)
@given(st.integers(1, 40), st.integers(0, 3))
def test_long_lines_take_time_in_proportion_only(kilobytes: int, which: int) -> None:
    # Each would take minutes if any pattern went back over it for every character.
    filler = (b"scontext=", b"a", b" ", b'name="')[which] * (kilobytes * 100)
    line = avc().encode().replace(b"pid=7", filler)
    list(read_events([line, filler, b"type=AVC msg=audit(1.1:1): avc: denied {" + filler], "x", lambda _: None))
