# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs that were made (synthetic) to fill the memory: what is kept of them is bounded, what is counted is exact."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from policytool.errors import InputError
from policytool.model.access import MAX_USES
from policytool.model.observation import Observations
from policytool.traces.events import joiner as joiner_module
from policytool.traces.events.joiner import Joiner
from policytool.traces.events.record import Form
from policytool.traces.tally import fast_path, shapes, tally
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from tests.traces.reading import avc, record

MANY = 20_000


def _observed(blocks: Iterable[bytes]) -> Observations:
    counted = Tally("hostile", complete=False)
    tally_blocks(blocks, "hostile", counted)
    return counted.observations()


def _log(lines: Iterable[str]) -> Iterator[bytes]:
    some: list[str] = []
    for line in lines:
        some.append(line)
        if len(some) == 1000:
            yield "\n".join(some).encode()
            some = []
    yield "\n".join(some).encode()


def _stamped(number: int, line: str) -> str:
    return line.replace("1700000000.123:45", f"{1700000000 + number}.123:{number}")


def _ended(number: int, about: str, tail: str = "tclass=file") -> str:
    return _stamped(number, f"{avc(about, tail)}\n{record('PROCTITLE', 'proctitle=61')}")


@pytest.mark.parametrize("about", ['path="/srv/{}/x"', 'comm="c{}"', 'name="n{}" ino={}'])
def test_of_many_paths_and_programs_a_few_are_kept_and_all_are_counted(about: str) -> None:
    (vector,) = _observed(_log(_ended(number, about.format(number, number)) for number in range(MANY))).vectors
    assert vector.evidence.count == MANY
    assert len(vector.evidence.uses) <= MAX_USES + 1, "and one for those of which no more is known"


def test_memory_does_not_grow_with_the_number_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MAX_KNOWN_BYTES", 1 << 16)
    monkeypatch.setattr(fast_path, "MAX_COUNTED_BYTES", 1 << 16)

    def peak(events: int) -> int:
        tracemalloc.start()
        _observed(_log(_ended(number, f'path="/srv/{number}/x"') for number in range(events)))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1000)  # what is imported and compiled once is not counted
    few, many = peak(4000), peak(8000)
    assert many < 1.3 * few


@pytest.mark.parametrize("tail", ["tclass=file", "tclass=c{}"], ids=["one class, many commands", "many classes"])
def test_too_many_distinct_accesses_are_refused(monkeypatch: pytest.MonkeyPatch, tail: str) -> None:
    monkeypatch.setattr(tally, "MAX_SIZE", 1 << 18)
    few = [_ended(number, f"ioctlcmd=0x{number:x}", tail.format(number)) for number in range(100)]
    assert sum(vector.evidence.count for vector in _observed(_log(few)).vectors) == 100
    many = (_ended(number, f"ioctlcmd=0x{number:x}", tail.format(number)) for number in range(MANY))
    with pytest.raises(InputError, match=r"^hostile: \d+ distinct accesses .* more than the limit"):
        _observed(_log(many))


def test_long_paths_weigh_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MAX_SIZE", 1 << 18)
    lines = [_ended(number, f'path="/{"x" * 60_000}{number}"') for number in range(20)]
    with pytest.raises(InputError, match="more than the limit"):
        _observed(_log(lines))


def test_nodes_and_errors_are_limited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MAX_SIZE", 1 << 18)
    nodes = (_stamped(number, f"node=n{number} {avc()}") for number in range(MANY))
    errors = (_stamped(number, record("SELINUX_ERR", f"op=o{number}")) for number in range(MANY))
    for lines in (nodes, errors):
        with pytest.raises(InputError, match="more than the limit"):
            _observed(_log(lines))


def test_open_events_are_bounded_in_number_and_in_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joiner_module, "MAX_BYTES", 1000)
    joiner = Joiner()
    ended = [
        len(group)
        for number in range(50)
        for group in joiner.add((b"%d" % (number // 5), b"AVC", b"x" * 90, number, Form.RAW))
    ]
    assert joiner.size <= 1000
    assert sum(ended) + sum(map(len, joiner.rest())) == 50
