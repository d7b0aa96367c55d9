# SPDX-License-Identifier: GPL-2.0-or-later
"""A reduced bundle reads as the whole one does; the logs are synthetic where they were not recorded."""

from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.errors import InputError
from policytool.model.execution import Execution
from policytool.model.observation import Observations
from policytool.model.selection import Selection
from policytool.traces.bundle import distinct_events, reduced_bundle
from policytool.traces.bundle.bundle import load, read_log, read_manifest, read_parts, read_trace
from policytool.traces.bundle.manifest import Facts, Recording
from policytool.traces.bundle.merged_bundle import merge_bundles
from policytool.traces.bundle.reduced_bundle import reduce_bundle
from policytool.traces.bundle.selected import read_selected
from policytool.traces.bundle.write import import_trace
from policytool.traces.redaction.redacted_bundle import redact_trace
from tests.traces.formats.test_lines_properties import LINES
from tests.traces.reading import avc
from tests.traces.tally.test_fast_path import whole_events
from tests.traces.tally.test_process_tree_synthetic import CLONE, DAEMON, EXECVE, SH, TOOL, VFORK, call

TRACES = Path(__file__).parents[3] / "traces" / "small"
FACTS = Facts(recording=Recording.COMPLETE, lost=0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compress little: what compresses best sets up a hundred megabytes for each small log."""
    monkeypatch.setattr(reduced_bundle, "_FILTERS", [{"id": lzma.FILTER_LZMA2, "preset": 0}])


def _bundle(folder: Path, lines: list[bytes], facts: Facts = FACTS) -> Path:
    log = folder / "synthetic.log"
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    import_trace([str(log)], folder / "whole", "synthetic", facts, overwrite=True)
    return folder / "whole"


def _reduced(folder: Path, lines: list[bytes]) -> tuple[Observations, Observations, dict[str, str]]:
    """Return what the log of LINES gives whole and reduced, and what of it could not be reduced."""
    whole = _bundle(folder, lines)
    _, kept_whole = reduce_bundle(whole, folder / "reduced", overwrite=True)
    return read_trace(str(whole)), read_trace(str(folder / "reduced")), kept_whole


def _log(*times: int, perm: str = "read") -> list[bytes]:
    """Return the lines of one access at TIMES (seconds)."""
    return [
        avc(perms=f"{{ {perm} }}").replace("1700000000.123:45", f"{1700000000 + seconds}.123:{serial}").encode()
        for serial, seconds in enumerate(times, start=1)
    ]


@st.composite
def _processes(draw: st.DrawFn) -> list[bytes]:
    pids = st.sampled_from([10, 20, 30])
    number, pid, exe = draw(st.sampled_from([CLONE, VFORK, EXECVE])), draw(pids), draw(st.sampled_from([SH, TOOL]))
    result = 0 if number == EXECVE else draw(pids)
    line = call(
        number, result, pid, draw(st.sampled_from([1, 10, 20, 99])), exe, draw(st.sampled_from("ab")) + "_t"
    )
    stamp = f"17000000{draw(st.integers(10, 30))}.000:{draw(st.integers(50, 90))}"
    return [line.replace(f"1700000000.000:{pid}", stamp).encode(), f"type=PROCTITLE msg=audit({stamp}): p".encode()]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.one_of(whole_events(), _processes()), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=20),
    st.sampled_from([1 << 18, 2]),
)
def test_any_events_repeated_in_any_order(
    events: list[list[bytes]], again: list[tuple[int, int]], room: int
) -> None:
    lines = [line for event in events for line in event]
    lines += _log(1)
    for which, later in again:
        # The same words, another time: a serial of its own and, now and then, a time before the first.
        lines += [line.replace(b"00000", b"0000%d" % later, 1) for line in events[which % len(events)]]
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct_events, "MAX_SAID", room)
        before, after, kept_whole = _reduced(Path(name), lines)
    assert kept_whole == {}
    assert after == before


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(LINES, whole_events().map(b"\n".join)), max_size=8), st.integers(1, 3))
def test_any_lines_whatever(lines: list[bytes], times: int) -> None:
    with TemporaryDirectory() as name:
        before, after, _ = _reduced(Path(name), (lines + _log(1, 2)) * times)
    assert after == before


def test_what_repeats_is_counted_and_not_kept(tmp_path: Path) -> None:
    before, after, kept_whole = _reduced(tmp_path, _log(5, 3, 9, 3) + _log(4, perm="write"))
    assert (after, kept_whole) == (before, {})
    manifest = read_manifest(tmp_path / "reduced")
    assert (manifest.records, manifest.kept) == (5, 2)
    assert manifest.evidence[0].origin == read_manifest(tmp_path / "whole").evidence[0].sha256
    kept = lzma.decompress((tmp_path / "reduced" / "audit.log.xz").read_bytes()).splitlines()
    assert kept == [_log(5)[0], _log(4, perm="write")[0]], "whole, as auditd wrote them"
    table = lzma.decompress((tmp_path / "reduced" / "audit.counts.xz").read_bytes()).decode()
    assert table == "policytool counts 1\n1\t4\t-2000\t4000\n1\t1\t0\t0\n"


def test_who_ran_whom_is_proven_by_records_that_are_kept(tmp_path: Path) -> None:
    lines = [call(CLONE, 7, 6, 1, SH, "other_t")] * 3
    lines += [call(CLONE, 20, 10, 1, DAEMON), call(EXECVE, 0, 20, 10, TOOL)] * 3
    before, after, kept_whole = _reduced(tmp_path, [line.encode() for line in lines] + _log(1))
    assert (after, kept_whole) == (before, {})
    assert after.executions == (Execution("greeterd_t", DAEMON, TOOL),)


def test_what_was_not_understood_is_still_told(tmp_path: Path) -> None:
    before, after, kept_whole = _reduced(
        tmp_path, [*_log(1, 2), b"type=AVC msg=audit(1.5:6)\xff", b"nonsense"] * 30
    )
    assert (after, kept_whole) == (before, {})
    assert (after.unread_total, len(after.unread)) == (60, 20)
    with pytest.raises(InputError, match="redact the whole bundle"):
        redact_trace(str(tmp_path / "reduced"), tmp_path / "redacted", "redacted")


def test_reducing_again_gives_the_same_bytes_and_so_does_another_run(tmp_path: Path) -> None:
    whole = _bundle(tmp_path, _log(*range(9)))
    for source, target in ((whole, "one"), (tmp_path / "one", "two"), (whole, "three")):
        reduce_bundle(source, tmp_path / target)
    contents = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two", "three")
    ]
    assert contents[0] == contents[1] == contents[2]
    assert set(contents[0]) == {"manifest.json", "audit.log.xz", "audit.counts.xz"}


def test_a_log_without_accesses_is_kept_whole_and_said_to_be(tmp_path: Path) -> None:
    whole = _bundle(tmp_path, [call(CLONE, 20, 10, 1, DAEMON).encode()] * 4)
    manifest, kept_whole = reduce_bundle(whole, tmp_path / "reduced")
    assert (manifest.kept, kept_whole) == (None, {"audit.log.xz": "it has no access decision"})
    assert (tmp_path / "reduced" / "audit.log.xz").read_bytes() == (whole / "audit.log.xz").read_bytes()


def test_nothing_is_left_of_a_reduction_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _bundle(tmp_path, _log(1))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reduced_bundle, "_pack", stopped)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        reduce_bundle(whole, tmp_path / "reduced")
    assert sorted(tmp_path.iterdir()) == before


def test_a_table_that_is_not_the_logs_is_refused(tmp_path: Path) -> None:
    reduce_bundle(_bundle(tmp_path, _log(1, 2)), tmp_path / "reduced")
    path = tmp_path / "reduced" / "audit.counts.xz"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match=r"audit.counts.xz: not the file"):
        load(str(tmp_path / "reduced"))
    path.unlink()
    with pytest.raises(InputError, match="not a plain file"):
        load(str(tmp_path / "reduced"))


def test_merging_takes_reduced_bundles_and_knows_what_they_were_reduced_from(tmp_path: Path) -> None:
    for name, lines in (("a", _log(1, 2)), ("b", _log(3, 3, 3, perm="write"))):
        (tmp_path / name).mkdir()
        reduce_bundle(_bundle(tmp_path / name, lines), tmp_path / name / "reduced")
    parts = [tmp_path / name / "reduced" for name in ("a", "b")]
    manifest = merge_bundles(parts, tmp_path / "both", "both")
    assert (manifest.records, manifest.kept, manifest.begin, manifest.end) == (5, 2, 1700000001123, 1700000003123)
    assert read_trace(str(tmp_path / "both")) == read_trace(str(parts[0])).merge(read_trace(str(parts[1])))
    again = merge_bundles([*parts, tmp_path / "a" / "whole"], tmp_path / "again", "again")
    assert (again.records, again.kept) == (5, 3), "counted once, and whole where it is there whole"
    with pytest.raises(InputError, match="trace merge"):
        import_trace([str(parts[0])], tmp_path / "c", "c", FACTS)


def test_redacting_a_reduced_bundle_keeps_its_numbers(tmp_path: Path) -> None:
    lines = [line.replace(b"pid=7", b'pid=7 path="/home/alice/x"') for line in _log(1, 2, 3)]
    reduce_bundle(_bundle(tmp_path, lines), tmp_path / "reduced")
    manifest, counts = redact_trace(str(tmp_path / "reduced"), tmp_path / "redacted", "redacted")
    assert (manifest.records, manifest.kept, counts["users"]) == (3, 1, 1)
    (vector,) = read_trace(str(tmp_path / "redacted")).vectors
    assert [(use.path, count) for use, count in vector.evidence.uses] == [("/home/user1/x", 3)]


def test_what_needs_every_event_is_refused(tmp_path: Path) -> None:
    whole = _bundle(tmp_path, [*_log(1, 5, 9), *_log(20, perm="write")])
    reduce_bundle(whole, tmp_path / "reduced")
    reduced = str(tmp_path / "reduced")
    (log,) = load(reduced).logs
    with pytest.raises(InputError, match="only the whole recording"):
        next(read_log(log, lambda _: None))
    since = Selection(since=1700000004000)
    with pytest.raises(InputError, match="only the whole recording"):
        read_selected(reduced, since)
    for exact in (
        Selection(programs=("blued",)),
        Selection(programs=("other",)),
        Selection(since=1700000000000),
        Selection(since=1700000012000),
        Selection(until=1700000012000),
        replace(since, programs=("other",)),
    ):
        assert read_selected(reduced, exact).vectors == read_selected(str(whole), exact).vectors


@pytest.mark.parametrize("name", ["permissive", "enforced-after-audit2allow", "complete"])
def test_a_recorded_trace_stays_the_same(name: str, tmp_path: Path) -> None:
    manifest, kept_whole = reduce_bundle(TRACES / name, tmp_path / "reduced")
    assert kept_whole == {}
    assert manifest == read_manifest(tmp_path / "reduced")
    assert replace(manifest, evidence=()) == replace(read_manifest(TRACES / name), evidence=(), tool=manifest.tool)
    assert dict(read_parts(str(tmp_path / "reduced"))) == dict(read_parts(str(TRACES / name)))


def test_traces_that_are_left_out(tmp_path: Path) -> None:
    whole = TRACES.parent / "libvirt" / "virtsecretd"
    names = {evidence.trace for evidence in read_manifest(whole).evidence}
    manifest, _ = reduce_bundle(whole, tmp_path / "reduced", without=names - {"virtsecretd-wrong"})
    assert [evidence.trace for evidence in manifest.evidence] == ["virtsecretd-wrong"]
    assert manifest.records == manifest.evidence[0].records
    parts = dict(read_parts(str(whole)))
    assert read_trace(str(tmp_path / "reduced")).vectors == parts["virtsecretd-wrong"].vectors
    with pytest.raises(InputError, match="has no trace nosuch; it has"):
        reduce_bundle(whole, tmp_path / "other", without=["nosuch"])
    with pytest.raises(InputError, match="nothing would be left"):
        reduce_bundle(whole, tmp_path / "other", without=names)
