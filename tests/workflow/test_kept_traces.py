# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.traces.bundle.bundle import read_parts, read_trace
from policytool.workflow import kept_traces
from policytool.workflow.kept_traces import read_each_part, read_whole
from policytool.workflow.read import read_all
from tests.cli.run_policytool import REPOSITORY

BUNDLE = REPOSITORY / "traces" / "small" / "permissive"
LOG = REPOSITORY / "tests" / "cli" / "synthetic.log"


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a bundle with two parts, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return str(shutil.copytree(BUNDLE, tmp_path / "bundle"))


def entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "policytool").glob("*/observations/*/table"))


def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the logs are read again")

    monkeypatch.setattr(kept_traces, "read_trace", fail)
    monkeypatch.setattr(kept_traces, "read_parts", fail)


def test_a_bundle_is_read_once(bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, parts = read_trace(bundle), list(read_parts(bundle))
    assert read_whole(bundle) == expected
    assert read_each_part(bundle) == parts
    nothing_is_read(monkeypatch)
    assert read_whole(bundle) == expected
    assert read_whole(bundle, executions=False) == read_trace(bundle, executions=False)
    assert read_each_part(bundle) == parts
    assert read_all([bundle], 1) == read_all([bundle], 2) == [expected]


def test_several_processes_keep_what_they_read(bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (expected,) = read_all([bundle], 2)
    nothing_is_read(monkeypatch)
    assert read_whole(bundle) == expected == read_trace(bundle)


def test_what_was_read_without_executions_is_not_kept(bundle: str, tmp_path: Path) -> None:
    read_whole(bundle, executions=False)
    read_all([bundle], 2, executions=False)
    assert entries(tmp_path) == []


def test_raw_logs_are_always_read(bundle: str, tmp_path: Path) -> None:
    assert read_whole(str(LOG)) == read_trace(str(LOG))
    assert list(read_each_part(str(LOG))) == list(read_parts(str(LOG)))
    assert entries(tmp_path) == []


def test_a_bundle_that_was_changed_is_an_error(bundle: str) -> None:
    read_whole(bundle)
    (log,) = Path(bundle).glob("*.xz")
    log.write_bytes(log.read_bytes() + b"\0")
    with pytest.raises(InputError, match="sha256 differs"):
        read_whole(bundle)


def test_another_manifest_and_other_code_have_other_entries(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_whole(bundle)
    manifest = Path(bundle) / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    read_whole(bundle)
    assert len(entries(tmp_path)) == 2
    monkeypatch.setattr(kept_traces, "readers", lambda: "other")
    read_whole(bundle)
    assert len(entries(tmp_path)) == 3


def test_a_broken_entry_is_read_anew(bundle: str, tmp_path: Path) -> None:
    expected = read_whole(bundle)
    (table,) = entries(tmp_path)
    table.write_bytes(table.read_bytes()[:-8])
    assert read_whole(bundle) == expected


def test_a_cache_that_cannot_be_written_is_no_error(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache" / "policytool").mkdir(parents=True)
    (tmp_path / "cache" / "policytool" / "1").mkdir()
    (tmp_path / "cache" / "policytool" / "1" / "observations").touch()
    assert read_whole(bundle) == read_trace(bundle)
