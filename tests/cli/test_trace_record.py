# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policytool.cli.trace_record import parse_duration
from policytool.errors import UsageError
from tests.cli.run_policytool import policytool


def test_durations() -> None:
    assert [parse_duration(text) for text in ("90", "90s", "5m", "2h")] == [90, 90, 300, 7200]
    for wrong in ("", "0", "-1", "5d", "m"):
        with pytest.raises(UsageError):
            parse_duration(wrong)


@pytest.mark.skipif(Path("/sys/fs/selinux/enforce").exists(), reason="this host has SELinux")
@pytest.mark.skipif(os.geteuid() != 0, reason="the recorder asks for root first")
def test_a_host_that_cannot_be_recorded_says_what_is_missing() -> None:
    done = policytool("trace", "record", "-d", "virtsecretd", "--dry-run")
    assert done.returncode == 4
    assert "auditd" in done.stderr or "SELinux is off" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_words() -> None:
    for words in (("--mode", "x"), ("--backend", "x"), ("--duration", "1", "--", "true")):
        done = policytool("trace", "record", "-d", "virtsecretd", *words)
        assert done.returncode == 2, done.stderr


def test_strace_records_the_calls_of_a_command(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    words = ("trace", "record", "-d", "virtsecretd", "--backend", "strace", "-o", out, "--", "cat", "/etc/hostname")
    done = policytool(*words)
    assert done.returncode == 0, done.stderr
    assert "no rule" in done.stderr
    called = json.loads(policytool("trace", "calls", out, "--json").stdout)
    opened = [call for call in called if call["call"] == "openat" and call["arguments"] == "O_RDONLY"]
    assert {call["program"] for call in opened} == {"/usr/bin/cat"}
    assert policytool("access", out).stdout.count("\n") <= 1
