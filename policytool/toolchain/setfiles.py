# SPDX-License-Identifier: GPL-2.0-or-later
"""Merged file contexts, judged by setfiles and asked through matchpathcon: libselinux's own reading of them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from policytool.toolchain.run import run

_AT_LINE = re.compile(r" line (?P<line>\d+) (?P<what>has .*)$", re.MULTILINE)
_CONTEXT = re.compile(r"^invalid context (?P<context>\S+)", re.MULTILINE)
_DIFFERENT = re.compile(
    r"(?P<what>(?:Multiple (?:different|same) specifications for) (?P<pattern>\S+).*)$", re.MULTILINE
)

# setfiles stops at the first error: that many are looked for.
_ROUNDS = 10

# kind of a CIL filecon -> matchpathcon's -m
_MODES = {
    "file": "file",
    "dir": "dir",
    "symlink": "lnk_file",
    "socket": "sock_file",
    "pipe": "pipe",
    "block": "blk_file",
    "char": "chr_file",
}


@dataclass(frozen=True, slots=True)
class BadEntry:
    """A line of a file_contexts file that setfiles refuses, and why."""

    entry: str
    message: str


def check_file_contexts(policy: Path, file_contexts: Path) -> tuple[BadEntry, ...]:
    """Return the entries of FILE_CONTEXTS that POLICY or libselinux's regular expressions refuse."""
    lines = file_contexts.read_text("utf-8", "surrogateescape").splitlines()
    bad: list[BadEntry] = []
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        current = file_contexts
        for _ in range(_ROUNDS):
            done = run(["setfiles", "-c", policy, current], ok=(0, 1, 255))
            if done.status == 0:
                break
            found = _bad_entry(lines, done.messages)
            bad.append(found)
            if found.entry not in lines:
                break  # it cannot be taken out, so it would come again
            lines.remove(found.entry)
            current = Path(name) / "file_contexts"
            current.write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
    return tuple(bad)


def labels(file_contexts: Path, kind: str, paths: Iterable[str]) -> dict[str, str]:
    """Return the context that FILE_CONTEXTS gives each of PATHS, objects of KIND (of a filecon; any: file)."""
    wanted = sorted(set(paths))
    if not wanted:
        return {}
    done = run(["matchpathcon", "-f", file_contexts, "-m", _MODES.get(kind, "file"), *wanted], ok=(0, 1))
    answers = (line.rpartition("\t") for line in done.text.splitlines())
    return {path: context for path, _, context in answers if path}


def _bad_entry(lines: list[str], messages: str) -> BadEntry:
    if match := _AT_LINE.search(messages):
        number = int(match["line"])
        return BadEntry(lines[number - 1] if 0 < number <= len(lines) else "", match["what"])
    if match := _CONTEXT.search(messages):
        context = match["context"]
        reason = next(
            (line.partition(": ")[2] for line in messages.splitlines() if line.startswith("libsepol")), ""
        )
        entry = next((line for line in lines if line.split()[-1:] == [context]), "")
        return BadEntry(entry, f"invalid context {context}: {reason}" if reason else f"invalid context {context}")
    if match := _DIFFERENT.search(messages):
        entries = [line for line in lines if line.split()[:1] == [match["pattern"]]]
        return BadEntry(entries[-1] if entries else "", match["what"])
    return BadEntry("", messages.strip().splitlines()[-1] if messages.strip() else "setfiles -c failed")
