# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths as file contexts have them: patterns of literal paths, and one name for what has several."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from posixpath import dirname

META = re.compile(r"[.^$?*+|\[\](){}\\]")
SUBTREE = "(/.*)?"

# One directory with two names on every system with systemd; file contexts know only one of the two, and libselinux
# maps the other to it (file_contexts.subs_dist). Which one it is differs between distributions and releases.
_TWO_NAMES = (("/run/lock", "/var/lock"), ("/run", "/var/run"))

# Readers tidy paths, as far as they are absolute.
_UNTIDY = re.compile(r"//|/\.{1,2}(?:/|$)")

# PATH_MAX of the kernel, and a depth that no real path has. Longer or deeper paths are not looked at.
_LONGEST = 4096
_DEEPEST = 40


def is_telling(path: str) -> bool:
    """Say whether PATH, which a log may have made up, names a place in the file system."""
    if not path.startswith("/") or len(path) > _LONGEST or path.count("/") > _DEEPEST:
        return False
    # Nearly every path is tidy, and to look for two characters is faster than a pattern.
    return not (("//" in path or "/." in path) and _UNTIDY.search(path))


def escaped(path: str) -> str:
    """Return the pattern that matches PATH and nothing else."""
    return META.sub(r"\\\g<0>", path)


# Characters that stand for themselves, escaped or not, up to one that does not.
_LITERAL = re.compile(r"(?:[^.^$?*+|\[\](){}\\]|\\.)*", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=1 << 15)
def literal_start(pattern: str) -> str:
    """Return the path that PATTERN begins with, up to the first part that is not literal."""
    literal = _LITERAL.match(pattern)
    start = literal[0] if literal else ""
    repeated = pattern[len(start) : len(start) + 1] in tuple("?*{")
    if "\\" in start:
        start = _ESCAPE.sub(r"\1", start)
    # The character before is what is repeated, or not there at all.
    return start[:-1] if repeated else start


def canonical_names(starts: Iterable[str]) -> Callable[[str], str]:
    """Return what gives a path the name that file contexts, whose patterns begin with STARTS, have for it."""
    known = tuple(starts)
    renames: list[tuple[str, str]] = []
    for pair in _TWO_NAMES:
        counts = [sum(start.startswith(f"{name}/") for start in known) for name in pair]
        kept, other = pair if counts[0] >= counts[1] else pair[::-1]
        renames.append((other, kept))

    others = tuple(other for other, _ in renames)

    def canonical(path: str) -> str:
        if not path.startswith(others):
            return path
        # Twice: /var/run/lock has a second name only once it is /run/lock.
        for other, kept in (*renames, *renames):
            if path == other or path.startswith(f"{other}/"):
                path = kept + path[len(other) :]
        return path

    return canonical


def ancestors(path: str) -> Iterator[str]:
    """Yield the folders that PATH is in, from the nearest up, without the root."""
    while (path := dirname(path)) != "/":
        yield path
