# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs at URLs of files and of memory; tests/workflow/test_fleet.py reads them over HTTP."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from policytool.errors import InputError, MissingToolError
from policytool.traces.bundle import url as url_module
from policytool.traces.bundle.bundle import load, read_trace
from policytool.traces.bundle.source import plain_size, read_blocks, read_range, window
from policytool.traces.bundle.url import is_url, matching, name_of, open_url, shown, without_secrets
from policytool.workflow.read import read_all
from tests.cli.run_policytool import policytool

TRACES = Path(__file__).parents[3] / "traces" / "small"
LOG = TRACES / "permissive" / "audit.log.xz"


@pytest.mark.parametrize(
    ("url", "harmless"),
    [
        ("https://scott:tiger@host:80/a/b.log", "https://host:80/a/b.log"),
        ("https://host/b.log?X-Amz-Signature=tiger", "https://host/b.log?..."),
        ("https://host/b.log#tiger", "https://host/b.log"),
        ("https://host/b.log?...", "https://host/b.log?..."),
        ("s3://key:ti@ger@bucket/x@y.log", "s3://bucket/x@y.log"),
        ("s3://bucket", "s3://bucket"),
        ("file:///a/b.log", "file:///a/b.log"),
        ("a:b@c/d?e", "a:b@c/d?e"),
    ],
)
def test_what_is_shown_of_a_url(url: str, harmless: str) -> None:
    assert shown(url) == harmless
    assert without_secrets(f"x ({url}), {url}: no\n'{url}' \"{url}\". Is it {url}?") == (
        f"x ({harmless}), {harmless}: no\n'{harmless}' \"{harmless}\". Is it {harmless}?"
    )


def test_what_is_a_url_and_what_it_is_called() -> None:
    assert [is_url(text) for text in ("S3://b/c", "file:///c", "c://", "/a/b", "a://b", "-", "./a://b")] == [
        True, True, True, False, True, False, False,
    ]  # fmt: skip
    assert name_of("https://u:p@host/a/b%20c.log?sig=x") == "b c.log"
    assert name_of("s3://bucket/host/audit.log") == "audit.log"
    assert name_of("https://u:p@host") == "host"


def test_the_bytes_at_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_module, "CHUNK", 7)
    path = tmp_path / "a.log"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(50)))
    url = f"file://{path}"
    assert list(read_blocks(url)) == list(read_blocks(str(path)))
    assert plain_size(url) == path.stat().st_size
    for begin, end in ((0, 16), (8, 24), (16, None), (400, 800)):
        assert list(read_range(url, begin, end)) == list(read_range(str(path), begin, end))
    assert window(url, 8, 10) == window(str(path), 8, 10) == b"line 1\nlin"[1:] + b"e"
    assert window(url, 10_000, 10) == b""
    with open_url(url, 3, 3) as stream:
        assert stream.read() == b""
    assert plain_size(f"file://{LOG}") is None, "compressed"


def test_a_log_at_a_url_is_read_as_the_file_is(tmp_path: Path) -> None:
    fs: Any = importlib.import_module("fsspec").filesystem("memory")
    fs.pipe_file("/host/audit.log.xz", LOG.read_bytes())
    for url in (f"file://{LOG}", "memory://host/audit.log.xz", "memory://ho*/audit.*"):
        assert read_trace(url) == read_trace(str(LOG))
    assert read_all([f"file://{LOG}"], 2) == [read_trace(str(LOG))]
    (tmp_path / "b.log").write_text("nothing\n")
    (tmp_path / "a.log").write_text("nothing\n")
    logs = load(f"file://{tmp_path}/*.log").logs
    assert [(log.path, log.trace) for log in logs] == [
        (f"file://{tmp_path}/{name}", name) for name in ("a.log", "b.log")
    ]
    assert matching("https://host/*.log") == ("https://host/*.log",)


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for url, message in (
        (f"file://x:tiger@{tmp_path}/none.log", "none.log: cannot be read"),
        (f"file://{tmp_path}", "a folder; name a log"),
        (f"file://{tmp_path}/*.log", "no file matches"),
        ("tiger://x/y.log", "fsspec knows no such kind of URL"),
    ):
        with pytest.raises(InputError, match=message) as raised:
            read_trace(url)
        assert "x:tiger" not in str(raised.value)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingToolError, match="which is not installed\npip install 'policytool\\[fleet\\]'"):
        read_trace(f"file://{LOG}")


def test_no_verb_tells_a_password(tmp_path: Path) -> None:
    url = f"file://x:tiger@{tmp_path}/none.log?sig=secret"
    for words in (["access", url], ["trace", "show", url], ["trace", "merge", url, "-o", str(tmp_path / "out")]):
        done = policytool(*words, "--debug")
        assert done.returncode == 3, done.stderr
        assert "none.log?..." in done.stderr
        for secret in ("tiger", "secret"):
            assert secret not in done.stdout + done.stderr
