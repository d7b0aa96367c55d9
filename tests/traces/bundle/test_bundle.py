# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import gzip
import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.traces.bundle.bundle import load, read_manifest, read_trace, recordings_of
from policytool.traces.bundle.manifest import Facts, Manifest, RecordedBase, Recording, parse_manifest
from policytool.traces.bundle.merged_bundle import merge_bundles
from policytool.traces.bundle.write import import_trace
from tests.traces.reading import avc

FACTS = Facts(
    kernel="6.1.0",
    base=RecordedBase("selinux-policy-default", "2:2.1", None),
    selinux="permissive",
    recording=Recording.COMPLETE,
    daemons=(("auditd", "3.0.9"),),
    scenario="synthetic",
    lost=0,
)


def _log(folder: Path, *serials: int) -> str:
    path = folder / f"synthetic{serials[0]}.log"
    path.write_text("".join(f"node=n{serial} {avc()}\n".replace(":45)", f":{serial})") for serial in serials))
    return str(path)


def _bundle(folder: Path, name: str, facts: Facts, *serials: int) -> Path:
    import_trace([_log(folder, *serials)], folder / name, name, facts)
    return folder / name


def test_a_bundle_reads_as_its_log_does(tmp_path: Path) -> None:
    log = _log(tmp_path, 1, 2)
    manifest = import_trace([log], tmp_path / "b", "synthetic", FACTS)
    assert (manifest.records, manifest.hosts) == (2, (("n1", 1), ("n2", 1)))
    assert (manifest.begin, manifest.end) == (1700000000123, 1700000000123)
    assert read_manifest(tmp_path / "b") == manifest
    (of_log,), (of_bundle,) = read_trace(log).vectors, read_trace(str(tmp_path / "b")).vectors
    assert of_bundle.complete
    assert not of_log.complete
    assert of_bundle.evidence.count == of_log.evidence.count == 2
    assert read_trace(str(tmp_path / "b")).traces == ("synthetic",)


def test_a_bundle_is_one_recording_and_a_raw_log_another(tmp_path: Path) -> None:
    one, two = _bundle(tmp_path, "one", FACTS, 1), _bundle(tmp_path, "two", FACTS, 2)
    (tmp_path / "logs").mkdir()
    _bundle(tmp_path / "logs", "one", FACTS, 1)
    log = _log(tmp_path, 5)
    found = recordings_of([str(one), str(two), log])
    assert found.keys() == {"one", "two", "synthetic5.log"}
    assert [len(recordings) for recordings in found.values()] == [1, 1, 1]
    assert recordings_of([str(one), str(tmp_path / "logs")])["one"] == found["one"], "the same recording, copied"


def test_the_same_log_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (_bundle(tmp_path, name, FACTS, 1) for name in ("one", "two"))
    assert (first / "audit.log.xz").read_bytes() == (second / "audit.log.xz").read_bytes()
    texts = [(folder / "manifest.json").read_text().replace(folder.name, "x") for folder in (first, second)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "facts",
    [replace(FACTS, lost=3), replace(FACTS, lost=None), replace(FACTS, recording=Recording.PERMISSIVE), Facts()],
)
def test_what_lost_records_or_is_another_mode_is_not_complete(tmp_path: Path, facts: Facts) -> None:
    folder = _bundle(tmp_path, "b", facts, 1)
    assert not read_manifest(folder).complete
    assert not read_trace(str(folder)).vectors[0].complete


def test_merging_is_exact_and_order_free(tmp_path: Path) -> None:
    folders = [
        _bundle(tmp_path, "a", FACTS, 1, 2),
        _bundle(tmp_path, "b", replace(FACTS, lost=3), 3),
        _bundle(tmp_path, "c", replace(FACTS, kernel="6.2.0"), 4),
    ]
    results = set()
    for index, order in enumerate(itertools.permutations(folders)):
        merged = merge_bundles(order, tmp_path / f"m{index}", "merged")
        results.add(merged)
        parts = [read_trace(str(folder)) for folder in folders]
        assert read_trace(str(tmp_path / f"m{index}")) == parts[0].merge(*parts[1:])
    (manifest,) = results
    assert (manifest.records, manifest.facts.lost, manifest.facts.kernel) == (4, 3, None)
    assert manifest.facts.recording is Recording.COMPLETE
    assert dict(manifest.hosts) == {"n1": 1, "n2": 1, "n3": 1, "n4": 1}
    assert not manifest.complete


def test_merging_keeps_evidence_that_two_bundles_share_once(tmp_path: Path) -> None:
    first, second = _bundle(tmp_path, "a", FACTS, 1), _bundle(tmp_path, "b", replace(FACTS, lost=None), 2)
    merge_bundles([first, second], tmp_path / "ab", "ab")
    manifest = merge_bundles([tmp_path / "ab", second], tmp_path / "abb", "abb")
    assert (manifest.records, len(manifest.evidence), manifest.facts.lost) == (2, 2, None)


def test_nothing_is_left_when_an_import_fails_and_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        import_trace([str(tmp_path / "missing")], tmp_path / "b", "b", FACTS)
    assert list(tmp_path.iterdir()) == []
    folder = _bundle(tmp_path, "b", FACTS, 1)
    with pytest.raises(InputError, match="exists already"):
        import_trace([_log(tmp_path, 1)], folder, "b", FACTS)
    import_trace([_log(tmp_path, 1, 2)], folder, "b", FACTS, overwrite=True)
    assert read_manifest(folder).records == 2


def test_evidence_that_was_changed_or_is_a_link_is_refused(tmp_path: Path) -> None:
    folder = _bundle(tmp_path, "b", FACTS, 1)
    evidence = folder / "audit.log.xz"
    packed = evidence.read_bytes()
    evidence.write_bytes(packed[:-1] + b"!")
    with pytest.raises(InputError, match="sha256"):
        load(str(folder))
    evidence.unlink()
    (tmp_path / "outside").write_bytes(packed)
    evidence.symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="not a plain file"):
        load(str(folder))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 2, "format 2"),
        ("name", None, "name must be a string"),
        ("records", -1, "records must be a whole number"),
        ("recording", "some", "recording must be null or one of"),
        ("begin", "yesterday", "begin must be null or a time"),
        ("base", [], "base must be an object"),
        ("hosts", {"h": "1"}, "hosts.h must be"),
        ("evidence", {}, "evidence must be a list"),
        ("surprise", 1, "surprise is not a key"),
    ],
)
def test_the_manifest_reader_names_the_key(tmp_path: Path, key: str, value: object, message: str) -> None:
    data = json.loads((_bundle(tmp_path, "b", FACTS, 1) / "manifest.json").read_text())
    data[key] = value
    with pytest.raises(InputError, match=f"m.json: {message}"):
        parse_manifest(json.dumps(data), "m.json")
    del data[key]
    if key != "surprise":
        with pytest.raises(InputError, match=f"m.json: {key} is missing"):
            parse_manifest(json.dumps(data), "m.json")


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "a/b", "..", "", ".hidden", "a\n", "-x"])
def test_evidence_may_not_leave_the_folder(tmp_path: Path, file: str) -> None:
    data = json.loads((_bundle(tmp_path, "b", FACTS, 1) / "manifest.json").read_text())
    data["evidence"][0]["file"] = file
    with pytest.raises(InputError, match=r"evidence\[0\].file"):
        parse_manifest(json.dumps(data), "m.json")


def test_unknown_is_null() -> None:
    manifest = Manifest("n", Facts(), 0, ())
    text = manifest.to_json()
    assert text.endswith("}\n")
    assert json.loads(text)["kernel"] is None
    assert parse_manifest(text, "m.json") == manifest


def test_strict_reading_stops_at_what_is_not_understood(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nonsense\n" + avc() + "\n")
    assert read_trace(str(tmp_path / "log")).unread_total == 1
    with pytest.raises(InputError, match=r"log:1: not a record, and 1 such"):
        read_trace(str(tmp_path / "log"), strict=True)


def test_parts_are_traces_of_their_own(tmp_path: Path) -> None:
    logs = [_log(tmp_path, 1), _log(tmp_path, 2, 3)]
    manifest = import_trace(logs, tmp_path / "b", "whole", FACTS, parts=["boot", "work"])
    assert {(file.file, file.trace) for file in manifest.evidence} == {
        ("boot.log.xz", "boot"),
        ("work.log.xz", "work"),
    }
    assert read_trace(str(tmp_path / "b")).traces == ("boot", "work")


def test_a_folder_stands_for_all_that_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "host").mkdir(parents=True)
    (folder / "b.log").write_text(avc() + "\n")
    (folder / "a.log.gz").write_bytes(gzip.compress(avc(perms="{ write }").encode()))
    (folder / "host" / "c.log").write_text(avc() + "\n")
    (folder / ".hidden").write_text("x\n")
    import_trace([str(folder / "b.log")], folder / "bundle", "bundled", Facts())
    logs = load(str(folder)).logs
    assert [log.trace for log in logs] == ["logs/a.log.gz", "logs/b.log", "bundled"]
    observations = read_trace(str(folder))
    assert [(v.perm, v.evidence.count) for v in observations.vectors] == [("read", 2), ("write", 1)]
    manifest = import_trace([str(folder / "host"), str(folder / "b.log")], tmp_path / "made", "made", Facts())
    assert (manifest.records, len(manifest.evidence)) == (2, 2)


def test_a_pattern_stands_for_all_that_match(tmp_path: Path) -> None:
    for name in ("b.log", "a.log", "c.txt"):
        (tmp_path / name).write_text(avc() + "\n")
    assert [log.trace for log in load(str(tmp_path / "*.log")).logs] == ["a.log", "b.log"]
    (tmp_path / "[x].log").write_text(avc() + "\n")
    assert [log.trace for log in load(str(tmp_path / "[x].log")).logs] == ["[x].log"]
    with pytest.raises(InputError, match="no file matches"):
        load(str(tmp_path / "*.none"))


def test_an_empty_folder_is_no_trace(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a trace bundle"):
        load(str(tmp_path))
