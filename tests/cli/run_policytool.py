# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the command line as users do: as a process of its own.

It is forked from one that has loaded the program (warm_program.py), or started anew where it gets an environment.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Seconds; nothing here takes a tenth of it.
_LIMIT = 300


def policytool(
    *words: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    arguments = [str(word) for word in words]
    full = {**os.environ, "NO_COLOR": "1", **(env or {})}
    run = _started if env else _forked
    status, out, err = run(arguments, stdin, full, cwd or REPOSITORY)
    return subprocess.CompletedProcess(arguments, status, out.decode(), err.decode("utf-8", "backslashreplace"))


def _started(words: list[str], stdin: bytes, env: Mapping[str, str], cwd: Path) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "policytool", *words],
        input=stdin,
        capture_output=True,
        env=env,
        cwd=cwd,
        check=False,
        timeout=_LIMIT,
    )
    return done.returncode, done.stdout, done.stderr


def _forked(words: list[str], stdin: bytes, env: Mapping[str, str], cwd: Path) -> tuple[int, bytes, bytes]:
    program = _warm()
    assert program.stdin
    assert program.stdout
    with tempfile.TemporaryDirectory(prefix="policytool-test-") as name:
        given, out, err = (Path(name) / part for part in ("in", "out", "err"))
        given.write_bytes(stdin)
        out.touch()
        err.touch()
        request = {"words": words, "env": dict(env), "cwd": str(cwd), "files": [str(given), str(out), str(err)]}
        program.stdin.write(json.dumps(request).encode() + b"\n")
        child = int(program.stdout.readline())
        if not select.select([program.stdout], [], [], _LIMIT)[0]:
            os.kill(child, signal.SIGKILL)
            program.stdout.readline()
            raise subprocess.TimeoutExpired(words, _LIMIT)
        return int(program.stdout.readline()), out.read_bytes(), err.read_bytes()


@cache
def _warm() -> subprocess.Popen[bytes]:
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.warm_program"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        bufsize=0,  # an answer is waited for where it is not yet read
    )
    atexit.register(program.communicate)
    return program
