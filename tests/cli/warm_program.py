# SPDX-License-Identifier: GPL-2.0-or-later
"""The program, loaded once: it reads how to run from its standard input, and forks for each run.

Loading takes half of the time of a short command. Each run is a process of its own all the same, with the folder,
the environment and the three files that it would have had.

A request is a line of JSON: `words`, `env`, `cwd`, and `files`, which names a file for standard input, output and
error. The answer is two lines: the number of the process, and its exit status when it has ended.
"""

from __future__ import annotations

import json
import os
import pkgutil
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import policytool
from policytool.cli import run


def load() -> None:
    """Load every module, and what they load; `__main__` would run."""
    for module in pkgutil.walk_packages(policytool.__path__, "policytool."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def serve() -> None:
    """Answer requests until there are no more; return in the process of a run, which is then to be done."""
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if not child:
            become(**request)
            return
        answers.write(f"{child}\n")
        answers.flush()
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()
    sys.exit()


def become(words: list[str], env: Mapping[str, str], cwd: str, files: list[str]) -> None:
    """Make this process what it would be if it had been started with these."""
    given, *written = files
    os.dup2(pipe_of(Path(given).read_bytes()), 0)
    for number, name in enumerate(written, start=1):
        os.dup2(os.open(name, os.O_WRONLY), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["policytool", *words]


def pipe_of(data: bytes) -> int:
    """Return the end of a pipe that DATA can be read from; a process of its own writes it."""
    end, start = os.pipe()
    if data and not os.fork():
        os.close(end)
        with os.fdopen(start, "wb") as stream:
            stream.write(data)
        os._exit(0)
    os.close(start)
    return end


if __name__ == "__main__":
    load()
    serve()
    run()
