# SPDX-License-Identifier: GPL-2.0-or-later
"""The file contexts of a linked policy, asked through libselinux; what it has answered is remembered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import islice
from operator import itemgetter
from pathlib import Path

from policytool.model.module import FileKind
from policytool.model.own_path import CLASSES
from policytool.model.paths import canonical_names, literal_start
from policytool.toolchain.setfiles import labels

# How many paths one command is asked about: far below the kernel's limit for arguments.
_BATCH = 500
_NONE = "<<none>>"
_FILECON_KINDS = {"file": "file", "dir": "dir", "lnk_file": "symlink", "sock_file": "socket", "fifo_file": "pipe"}


class FileContextLabels:
    """Answers for the file contexts in FILE (see model.own_path.Labels)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._answers: dict[tuple[str, FileKind], str] = {}
        lines = (line.split() for line in file.read_text("utf-8", "surrogateescape").splitlines())
        entries = [(words[0], _type(words[-1])) for words in lines if len(words) > 1]
        self.patterns = frozenset(pattern for pattern, _ in entries)
        # The beginning of each pattern, as far as it is literal, and the type, "" for <<none>>. Those below a path
        # stand side by side.
        self.starts = tuple(sorted((literal_start(pattern), type_) for pattern, type_ in entries))
        self._canonical = canonical_names(start for start, _ in self.starts)

    def canonical(self, path: str) -> str:
        """Return the name that the file contexts have for PATH, which may have another one (/var/run)."""
        return self._canonical(path)

    def types(self, paths: Iterable[str], kind: FileKind) -> Mapping[str, str]:
        """Return the type that each of PATHS gets as an object of KIND, "" where the file contexts give none."""
        wanted = sorted(set(paths))
        new = [path for path in wanted if (path, kind) not in self._answers]
        for place in range(0, len(new), _BATCH):
            batch = new[place : place + _BATCH]
            answers = labels(self._file, _FILECON_KINDS[CLASSES[kind]], batch)
            self._answers |= {(path, kind): _type(answers.get(path, _NONE)) for path in batch}
        return {path: self._answers[path, kind] for path in wanted}

    def below(self, path: str) -> frozenset[str]:
        """Return the types that the file contexts name for paths below PATH, as far as their text shows."""
        inside = f"{path}/"
        found = set()
        for start, type_ in islice(self.starts, bisect_right(self.starts, inside, key=itemgetter(0)), None):
            if not start.startswith(inside):
                break
            found.add(type_)
        return frozenset(found - {""})


def _type(context: str) -> str:
    parts = context.split(":")
    return parts[2] if len(parts) > 2 else ""


def customizable_types() -> frozenset[str]:
    """Return the types that restorecon leaves alone, as the policies installed on this machine list them."""
    files = sorted(Path("/etc/selinux").glob("*/contexts/customizable_types"))
    return frozenset(word for file in files for word in file.read_text("utf-8", "replace").split())
