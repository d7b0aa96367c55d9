# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with a scheduler; tests/workflow/test_fleet.py has one at work."""

from __future__ import annotations

import socket
import sys

import pytest

from policytool.errors import MissingToolError, ToolFailedError, UsageError
from policytool.workflow import cluster
from policytool.workflow.cluster import connected
from tests.cli.run_policytool import policytool


def test_a_missing_extra_is_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingToolError) as raised, connected("tcp://127.0.0.1:1"):
        pass
    assert len(str(raised.value).splitlines()) == 2
    assert "pip install 'policytool[fleet]'" in str(raised.value)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    with socket.socket() as taken:
        # Bound, and nobody listens.
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ToolFailedError, match="no scheduler of Dask answers there"), connected(address):
            pass


@pytest.mark.parametrize(
    "address", ["nonsense://x:1", "tcp://u:tiger@127.0.0.1:1", "tcp://127.0.0.1", "scheduler.json"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="tcp://HOST:8786") as raised, connected(address):
        pass
    assert "tiger" not in str(raised.value)


@pytest.mark.parametrize("words", [["--jobs", "2"], ["--follow"]])
def test_what_excludes_a_scheduler(words: list[str]) -> None:
    done = policytool("access", "x.log", "--scheduler", "tcp://127.0.0.1:1", *words)
    assert done.returncode == 2
    assert "--scheduler" in done.stderr
