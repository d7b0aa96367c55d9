# SPDX-License-Identifier: GPL-2.0-or-later
"""`access` as a viewer, as a process of its own; the logs are synthetic but for the shipped trace."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policytool.cli.moment import moment
from policytool.errors import UsageError
from tests.cli.run_policytool import REPOSITORY, policytool
from tests.traces.reading import avc

LOG = Path(__file__).parent / "synthetic.log"
TRACE = "traces/small/permissive"


def rows(*words: str | Path) -> list[dict[str, object]]:
    done = policytool("access", *words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("words", "perms"),
    [
        (["-d", "greeterd_t"], {"transition", "entrypoint", "read", "open", "search"}),
        (["-d", "init_t"], {"transition"}),
        (["--source", "init_t"], {"transition"}),
        (["--target", "*_exec_t"], {"entrypoint"}),
        (["-c", "dir", "-c", "process"], {"transition", "search"}),
        (["-p", "o*"], {"open"}),
        (["--result", "granted"], {"transition", "entrypoint"}),
        (["--program", "greeterd"], {"transition", "entrypoint", "read", "open", "search"}),
        (["--program", "/usr/sbin/greeterd"], {"transition", "entrypoint", "read", "open"}),
        (["--since", "2023-11-14T22:13:21.200Z"], {"read", "open", "search"}),
        (["--until", "2023-11-14 22:13:21.200"], {"transition", "entrypoint", "read", "open"}),
        (["--since", "2023-11-14T23:13:21.300+01:00"], {"search"}),
        (["--since", "1h"], set()),
    ],
)
def test_filters(words: list[str], perms: set[str]) -> None:
    assert {row["perm"] for row in rows(LOG, *words)} == perms


def test_a_daemon_may_stand_for_its_domain() -> None:
    by_name, by_type = rows(TRACE, "-d", "virtsecretd"), rows(TRACE, "-d", "virtsecretd_t")
    assert by_name == by_type
    assert {"virtsecretd_t"} == {name for row in by_name for name in (row["source"], row["target"])} & {
        "virtsecretd_t", "virtqemud_t"
    }  # fmt: skip


def test_times_and_programs_are_told_of_single_events() -> None:
    everything = rows(TRACE)
    half = ["--until", "2026-11-22T21:21:00Z"], ["--since", "2026-11-22T21:21:00.001Z"]
    counts = [
        sum(int(str(row["count"])) for row in part) for part in (everything, *(rows(TRACE, *h) for h in half))
    ]
    assert counts[0] == counts[1] + counts[2]
    assert all(counts)


def test_moments() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    day = 86_400_000
    assert moment("1970-01-02", "--since", now) == day
    assert moment("1970-01-02T01:00+01:00", "--since", now) == day
    assert moment("24h", "--since", now) == moment("1d", "--since", now) == moment("2026-01-01", "--since", now)
    assert moment("999999w", "--since", now) == 0
    for text in ("", "yesterday", "2 fortnights", "12:00", "-1h", "1" * 5000 + "s"):
        with pytest.raises(UsageError, match="--since takes a time"):
            moment(text, "--since", now)


def test_sorting_and_grouping() -> None:
    counts = [row["count"] for row in rows(TRACE, "--sort", "count")]
    assert counts == sorted(counts, key=lambda count: -int(str(count)))
    assert [row["count"] for row in rows(TRACE, "--sort", "count", "-r")] == counts[::-1]
    total = sum(int(str(count)) for count in counts)
    for by in ("source", "target", "tclass", "perm", "program", "host", "rule"):
        groups = rows(TRACE, "--group-by", by)
        assert sum(int(str(group["count"])) for group in groups) == total
        assert by in groups[0]
    text = policytool("access", LOG, "--group-by", "rule").stdout
    assert "greeterd_t etc_t:file { open read }" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "--csv"], "exclude each other"),
        (["--since", "tomorrow"], "--since takes a time"),
        (["--group-by", "source", "--sort", "source"], "sorted by their counts"),
        (["--follow", "--sort", "count"], "--follow takes one log"),
        (["--follow", str(LOG)], "--follow takes one log"),
        (["--group-by", "colour"], "is not one of"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: list[str], message: str) -> None:
    done = policytool("access", LOG, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_explain_names_commands_programs_and_paths() -> None:
    text = policytool("access", TRACE, "--explain", "-c", "chr_file", "-p", "ioctl").stdout
    assert "0x54ca TUNSETIFF" in text
    assert "/usr/sbin/virtqemud ioctl /dev/net/tun (libvirt/permissive)" in text
    names = [xperm["name"] for row in rows(TRACE, "--explain") for xperm in row["xperms"]]  # type: ignore[attr-defined]
    assert {"KVM_GET_SUPPORTED_CPUID", "DM_VERSION", "TUNSETIFF"} <= set(names)
    assert "blue_t self" not in text


def test_csv_is_read_back_and_starts_no_formula(tmp_path: Path) -> None:
    log = tmp_path / "synthetic.log"
    log.write_text(avc('pid=7 comm="=cmd|calc" path="/srv/a,b\\"') + "\n")
    text = policytool("access", log, "--explain", "--csv").stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["source"], row["count"], row["permissive"]) == ("blue_t", "1", "True")
    assert row["programs"] == "'=cmd|calc"
    assert row["paths"].startswith("/srv/a,b")
    plain = policytool("access", LOG, "--csv").stdout.splitlines()
    assert plain[0] == "source,target,tclass,perm,result,count,permissive,first,last"
    assert len(plain) == 6


def test_hostile_names_reach_no_output_unescaped(tmp_path: Path) -> None:
    log = tmp_path / "synthetic.log"
    hostile = "\x1b]0;x\x07\u202e".encode().hex().upper()
    log.write_text(f"node=\x1b[31mh {avc(f'pid=7 comm={hostile} path=2F{hostile}')}\n")
    for words in ("--explain", "--explain --json", "--explain --csv", "--group-by program", "--group-by host"):
        text = policytool("access", log, *words.split()).stdout
        assert text.isascii(), words
        assert text.replace("\n", "").isprintable(), words
    assert "\\x1b" in text


def on_a_terminal(columns: int, *words: str) -> str:
    """Run `access` with a terminal of so many columns as its standard output."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "policytool", "access", *words], stdout=theirs, cwd=REPOSITORY, env=environment
    ) as child:
        os.close(theirs)
        parts = []
        while True:
            try:
                parts.append(os.read(ours, 1 << 16))
            except OSError:
                break
        os.close(ours)
        assert child.wait(60) == 0
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_a_narrow_terminal_gets_all_of_it_and_no_wide_line() -> None:
    narrow = on_a_terminal(50, str(LOG))
    assert max(map(len, narrow.splitlines())) <= 50
    assert narrow.split() == policytool("access", LOG).stdout.split()
    wide = on_a_terminal(200, str(LOG))
    assert wide == policytool("access", LOG).stdout


class Following:
    """`access --follow` on a log that a test writes."""

    def __init__(self, log: Path, *words: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "policytool", "access", str(log), "--follow", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY, bufsize=0,
        )  # fmt: skip

    def line(self) -> str:
        assert self.child.stdout
        # Unbuffered, so that what select tells is all there is.
        ready, _, _ = select.select([self.child.stdout], [], [], 60)
        assert ready, "nothing new is printed"
        return self.child.stdout.readline().decode()

    def interrupt(self) -> tuple[int, bytes, bytes]:
        self.child.send_signal(signal.SIGINT)
        out, errors = self.child.communicate(timeout=60)
        return self.child.returncode, out, errors


def test_follow_prints_each_new_access_once_through_rotation_and_truncation(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(avc() + "\n" + avc().replace(":45", ":46") + "\n")
    following = Following(log)
    try:
        assert "denied blue_t red_t:file read" in following.line()
        with log.open("a") as more:
            more.write(avc(perms="{ write }")[:90])
            more.flush()
            time.sleep(0.6)
            more.write(avc(perms="{ write }")[90:] + "\n" + avc() + "\n")
        assert "red_t:file write" in following.line()
        log.rename(tmp_path / "audit.log.1")
        log.write_text(avc() + "\n" + avc(perms="{ open }") + "\n")
        assert "red_t:file open" in following.line()
        log.write_text(avc(perms="{ lock }") + "\n")
        assert "red_t:file lock" in following.line()
        code, out, errors = following.interrupt()
    finally:
        following.child.kill()
    assert (code, out, errors) == (130, b"", b"")


def test_follow_with_filters_as_json_lines_and_csv(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    lines = [avc(), avc(perms="{ write }"), "nonsense"]
    log.write_text("".join(f"{line}\n" for line in lines))
    for output, expected in (("--json", '"perm": "write"'), ("--csv", "blue_t,red_t,file,write,denied,1,True,")):
        following = Following(log, output, "-p", "write")
        try:
            line = following.line()
            if output == "--csv":
                assert line.startswith("source,target")
                line = following.line()
            assert expected in line
            assert output == "--csv" or list(json.loads(line))[:2] == ["source", "target"]
            code, out, errors = following.interrupt()
        finally:
            following.child.kill()
        assert (code, out) == (130, b"")
        assert errors == b"policytool: 1 lines or records were not understood\n"


def test_follow_ends_with_its_pipe_and_refuses_what_does_not_grow(tmp_path: Path) -> None:
    done = policytool("access", "-", "--follow", stdin=avc().encode())
    assert (done.returncode, done.stderr) == (0, "")
    assert "blue_t red_t:file read" in done.stdout
    assert policytool("access", "-", "--follow", "--strict", stdin=b"nonsense\n").returncode == 3
    assert policytool("access", tmp_path, "--follow").returncode == 3
    assert policytool("access", tmp_path / "no.log", "--follow").returncode == 3
    packed = f"{TRACE}/audit.log.xz"
    assert "compressed" in policytool("access", packed, "--follow").stderr
