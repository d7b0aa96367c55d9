# SPDX-License-Identifier: GPL-2.0-or-later
"""Merging the bundles of hosts gives what reading their logs together gives; every log here is synthetic."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model import access as access_module
from policytool.model import observation as observation_module
from policytool.model.observation import Observations
from policytool.traces.bundle.bundle import read_trace
from policytool.traces.bundle.manifest import Facts, Recording
from policytool.traces.bundle.merged_bundle import merge_bundles
from policytool.traces.bundle.write import import_trace
from policytool.traces.tally import tally as tally_module
from tests.traces.reading import CONTEXTS, record

FACTS = Facts(recording=Recording.COMPLETE, lost=0)
HOSTS = ("alpha", "beta", "gamma")


@st.composite
def _event(draw: st.DrawFn) -> list[str]:
    """Draw the records of an event, with blanks where node and serial go."""
    stamp = f"17000000{draw(st.integers(0, 99)):02}.123:SERIAL"
    perms = draw(st.sampled_from(["{ read }", "{ read open }", "{ ioctl }"]))
    more = draw(st.sampled_from(["", " ioctlcmd=0x5401", " ioctlcmd=0xae01"]))
    result = draw(st.sampled_from(["denied", "granted"]))
    lines = [
        record(
            "AVC", f'avc:  {result}  {perms} for  pid=7 comm="blued" name="n"{more} {CONTEXTS} tclass=file', stamp
        )
    ]
    if draw(st.booleans()):
        numbers = "a0=1 a1=2 a2=3 a3=4 items=1 ppid=1 pid=7 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0"
        call = f"arch=c000003e syscall=16 success=yes exit=0 {numbers} fsgid=0 tty=(none) ses=1"
        exe = draw(st.sampled_from(["/usr/sbin/blued", "/usr/bin/redd"]))
        lines.append(record("SYSCALL", f'{call} comm="blued" exe="{exe}" key=(null)', stamp))
        path = draw(st.integers(0, 12).map("/srv/{:02}/n".format))
        lines.append(record("PATH", f'item=0 name="{path}" inode=3 dev=00:01 nametype=CREATE', stamp))
        lines.append(record("PROCTITLE", "proctitle=626C756564", stamp))
    if draw(st.integers(0, 9)) == 0:
        lines.append(record("SELINUX_ERR", "op=security_compute_av reason=bounds", stamp))
    if draw(st.integers(0, 9)) == 0:
        lines.append("nonsense")
    return lines


def _logs(events: list[tuple[int, list[str]]]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the log of each host, and the one of them all in the order of the EVENTS."""
    apart: dict[str, list[str]] = {}
    together = []
    for serial, (host, lines) in enumerate(events, start=1):
        name = HOSTS[host]
        whole = [f"node={name} {line.replace('SERIAL', str(serial))}" for line in lines]
        apart.setdefault(name, []).extend(whole)
        together += whole
    return apart, together


def _write(path: Path, lines: list[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def _without_places(seen: Observations) -> Observations:
    """Leave out the lines at which something was not understood: they differ by nature."""
    return replace(seen, unread=())


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), _event()), min_size=1, max_size=14))
def test_merged_bundles_are_the_same_as_one_log_of_all_hosts(events: list[tuple[int, list[str]]]) -> None:
    apart, together = _logs(events)
    with TemporaryDirectory() as name:
        folder = Path(name)
        # One name for all, since evidence tells traces apart.
        for host, lines in apart.items():
            import_trace([_write(folder / f"{host}.log", lines)], folder / host, "fleet", FACTS)
        import_trace([_write(folder / "all.log", together)], folder / "all", "fleet", FACTS)
        manifest = merge_bundles([folder / host for host in apart], folder / "merged", "fleet")
        merged, read = read_trace(str(folder / "merged")), read_trace(str(folder / "all"))
        parts = [read_trace(str(folder / host)) for host in apart]
    assert _without_places(merged) == _without_places(read)
    assert manifest.hosts == read.hosts
    for order in itertools.permutations(parts):
        assert Observations().merge(*order) == merged
        # Any tree of merges, as a reduction over many machines makes them.
        assert functools.reduce(Observations.merge, order) == merged
        assert order[0].merge(Observations().merge(*order[1:])) == merged


def test_every_host_keeps_its_count_with_every_access(tmp_path: Path) -> None:
    line = record("AVC", f'avc:  denied  {{ read }} for  pid=7 comm="x" {CONTEXTS} tclass=file permissive=1')
    for host, lines in {"alpha": [line], "beta": [line, line.replace(":45", ":46")]}.items():
        import_trace([_write(tmp_path / f"{host}.log", lines)], tmp_path / host, host, FACTS)
    named = [f"node=gamma {line}"] * 3
    import_trace([_write(tmp_path / "c.log", named)], tmp_path / "c", "c", FACTS)
    manifest = merge_bundles([tmp_path / "alpha", tmp_path / "beta", tmp_path / "c"], tmp_path / "all", "all")
    merged = read_trace(str(tmp_path / "all"))
    assert manifest.hosts == merged.hosts == (("alpha", 1), ("beta", 2), ("gamma", 3))
    assert merged.vectors[0].evidence.hosts == merged.hosts


def test_more_hosts_than_are_kept_are_still_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (access_module, observation_module, tally_module):
        monkeypatch.setattr(module, "MAX_HOSTS", 2)
    line = record("AVC", f'avc:  denied  {{ read }} for  pid=7 comm="x" {CONTEXTS} tclass=file permissive=1')
    log = _write(tmp_path / "c.log", [f"node={node} {line}" for node in ("d", "b", "c", "b", "a", "d", "e")])
    evidence = read_trace(log).vectors[0].evidence
    assert evidence.hosts == (("a", 1), ("b", 2)), "the first by name, and exact"
    assert evidence.count == 7
