# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands in a document: a block of code whose lines begin with `$ `, each followed by what the command prints.

The commands of a page run in their order, in one folder that has the checkout's `docs`, `policies` and `traces`. A
block with the language `stderr` holds what the command before it said on stderr.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

# A block of code: its language, and its lines.
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Printed:
    """What a command printed."""

    stdout: str
    stderr: str


def commands(page: str) -> list[str]:
    """Return the commands of PAGE in their order."""
    return [command for block in BLOCK.finditer(page) for command, _ in _parts(block[2])]


def run_all(page: str, folder: Path) -> Mapping[str, Printed]:
    """Run the commands of PAGE in FOLDER."""
    for name in ("docs", "policies", "traces"):
        (folder / name).symlink_to(REPOSITORY / name)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    printed = {}
    for command in commands(page):
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, cwd=folder, env=env, check=False, timeout=600
        )
        printed[command] = Printed(done.stdout, done.stderr)
    return printed


def with_printed(page: str, printed: Mapping[str, Printed]) -> str:
    """Return PAGE as it is with what its commands PRINTED."""
    last = ""

    def renewed(block: re.Match[str]) -> str:
        nonlocal last
        if block[1] == "stderr":
            return f"```stderr\n{printed[last].stderr}```"
        parts = list(_parts(block[2]))
        if not parts:
            return block[0]
        last = parts[-1][0]
        return "```\n" + "".join(f"$ {command}\n{printed[command].stdout}" for command, _ in parts) + "```"

    return BLOCK.sub(renewed, page)


def _parts(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of BLOCK with what is shown below it; nothing if it does not begin with one."""
    if block.startswith("$ "):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown
