# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.run_policytool import REPOSITORY, policytool

LOG = Path(__file__).parent / "synthetic.log"

ACCESS_KEYS = ["source", "target", "tclass", "perm", "result", "count", "permissive", "first", "last"]


def test_help_names_every_verb() -> None:
    done = policytool("--help")
    assert done.returncode == 0
    for verb in ("demo", "access", "graph", "generate", "check", "replay", "explain", "compare", "report", "trace"):
        assert f"\n  {verb} " in done.stdout
        assert policytool(verb, "--help").returncode == 0


def test_help_imports_none_of_the_heavy_parts() -> None:
    code = (
        "import sys, policytool.cli; policytool.cli.main(sys.argv[1:]); "
        "print(sorted({'networkx', 'setools', 'selinux', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nonsense"], 2, "No such command"),
        (["access"], 2, "Missing argument"),
        (["access", "/no/such.log"], 3, "/no/such.log"),
        (["access", "traces"], 3, "neither a trace bundle"),
        (["replay", str(LOG)], 2, "--module DIR"),
        (["replay", str(LOG), "--policy", str(LOG)], 3, "not a binary policy"),
        (["generate", str(LOG), "-o", "build/x", "-d", "bad name"], 2, "neither a known daemon"),
        (["check", "docs"], 3, "holds no policy module"),
        (["explain", "no rule", "policies"], 2, "is not a rule"),
        (["trace", "import", str(LOG), "-o", "build/x", "--recording", "loud"], 2, "--recording is one of"),
    ],
)
def test_errors_are_short_and_have_their_exit_code(words: list[str], code: int, message: str) -> None:
    done = policytool(*words)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 5
    assert done.stdout == ""


def test_debug_shows_where_before_and_after_the_verb() -> None:
    for words in (["--debug", "access", "/no/such.log"], ["access", "/no/such.log", "--debug"]):
        assert "Traceback" in policytool(*words).stderr


def test_access_json_has_the_shape_of_the_contract() -> None:
    rows = json.loads(policytool("access", LOG, "--json").stdout)
    assert [list(row) for row in rows] == [ACCESS_KEYS] * 5
    first = rows[0]
    assert first == {
        "source": "greeterd_t", "target": "etc_t", "tclass": "file", "perm": "open", "result": "denied",
        "count": 1, "permissive": True, "first": "2023-11-14T22:13:21.200Z", "last": "2023-11-14T22:13:21.200Z",
    }  # fmt: skip


def test_stdin_is_a_trace() -> None:
    assert policytool("access", "-", stdin=LOG.read_bytes()).stdout == policytool("access", LOG).stdout


def test_an_empty_log_has_no_accesses(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    done = policytool("access", tmp_path / "empty.log", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_what_was_not_understood_is_told_and_strict_makes_it_an_error() -> None:
    text = LOG.read_bytes() + b"type=AVC msg=audit(1700000003.1:13): avc:  denied  { read\n\x1b[31mnoise\n"
    done = policytool("access", "-", stdin=text)
    assert done.returncode == 0
    assert "stdin:9" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    strict = policytool("access", "-", "--strict", stdin=text)
    assert strict.returncode == 3
    assert strict.stdout == ""
    assert policytool("access", "-", "--quiet", stdin=text).stderr == ""


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m policytool access traces/small/permissive | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("count")


def test_an_interrupt_leaves_no_half_file(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    with subprocess.Popen(
        [sys.executable, "-m", "policytool", "trace", "import", "-", "-o", str(out)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPOSITORY,
        # A shell starts what runs in the background with it ignored, and the tests may run there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as child:
        assert child.stdin
        assert child.stderr
        child.stdin.write(LOG.read_bytes())
        child.stdin.flush()
        for _ in range(100):
            if list(tmp_path.iterdir()):
                break
            time.sleep(0.05)
        assert list(tmp_path.iterdir()), "the import had begun to write"
        child.send_signal(signal.SIGINT)
        errors = child.stderr.read()
        assert child.wait(20) == 130
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.base
def test_a_missing_tool_names_its_package(tmp_path: Path) -> None:
    # A cache of its own: a warm one would not need the tool.
    env = {"PATH": "", "XDG_CACHE_HOME": str(tmp_path)}
    done = policytool("check", "tests/policies/cil_good", env=env)
    assert done.returncode == 4, done.stderr
    assert "apt install" in done.stderr
    assert "dnf install" in done.stderr


def test_an_unwritable_output_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = policytool("graph", LOG, "-o", tmp_path / "file" / "graph.json")
    assert done.returncode == 3
    assert "file" in done.stderr


@pytest.mark.parametrize("language", ["json", "graphml", "dot", "svg"])
def test_graph_in_every_format(language: str, tmp_path: Path) -> None:
    done = policytool("graph", LOG, "-d", "greeterd_t", "--format", language)
    assert done.returncode == 0, done.stderr
    assert "greeterd_t" in done.stdout
    assert policytool("graph", LOG, "--format", language, "-o", tmp_path / "g").returncode == 0
    assert (tmp_path / "g").stat().st_size > 0


def test_trace_import_show_merge(tmp_path: Path) -> None:
    first, second, both = tmp_path / "one", tmp_path / "two", tmp_path / "both"
    assert policytool("trace", "import", LOG, "-o", first, "--scenario", "hello", "--lost", "0").returncode == 0
    other = tmp_path / "other.log"
    other.write_bytes(LOG.read_bytes().replace(b"type=", b"node=beta type="))
    assert policytool("trace", "import", other, "-o", second, "--recording", "complete").returncode == 0
    assert policytool("trace", "import", LOG, "-o", first).returncode == 3, "nothing is overwritten unasked"
    assert policytool("trace", "merge", first, second, "-o", both).returncode == 0
    (shown,) = json.loads(policytool("trace", "show", both, "--json").stdout)
    assert shown["manifest"]["hosts"] == shown["hosts"] == {"one": 8, "beta": 8}
    assert shown["records"] == 16
    assert "hello" in policytool("trace", "show", first).stdout
    single = json.loads(policytool("access", LOG, "--json").stdout)
    merged = json.loads(policytool("access", both, "--json").stdout)
    assert [row["count"] for row in merged] == [2 * row["count"] for row in single]


def test_trace_redact_makes_a_bundle_that_says_so(tmp_path: Path) -> None:
    private = REPOSITORY / "tests" / "traces" / "redaction" / "private_synthetic.log"
    done = policytool("trace", "redact", private, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "users" in done.stderr
    assert "1 lines or records that were not understood are left out" in done.stderr
    shown = policytool("trace", "show", tmp_path / "out").stdout
    assert "redacted: yes, 1 lines left out" in shown
    assert not {"alice", "db1", "1.2.3.4"} & set(shown.replace("/", " ").split())
    piped = policytool("trace", "redact", "-", "-o", tmp_path / "piped", stdin=private.read_bytes())
    assert piped.returncode == 0, piped.stderr
    assert [path.name for path in sorted((tmp_path / "piped").iterdir())] == ["audit.log.xz", "manifest.json"]
    assert policytool("trace", "redact", private, "-o", tmp_path / "out").returncode == 3
    texts = [
        policytool("access", path, "--json").stdout for path in (private, tmp_path / "out", tmp_path / "piped")
    ]
    assert texts[0] == texts[1] == texts[2]


def test_no_color_and_no_cut_in_a_pipe() -> None:
    done = policytool("access", "traces/small/permissive", env={"COLUMNS": "20", "TERM": "dumb"})
    assert "\x1b" not in done.stdout
    assert not any(line.endswith(("...", "\u2026")) for line in done.stdout.splitlines())


def test_the_entry_point_is_installed() -> None:
    script = Path(sys.executable).with_name("policytool")
    assert os.access(script, os.X_OK)
