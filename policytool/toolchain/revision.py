# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders of modules as they are in another revision of the git repository that they stand in."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from policytool.errors import InputError, ToolFailedError
from policytool.toolchain.run import run

# What check reads of a folder: sources, packages, evidence.
_SUFFIXES = frozenset((".te", ".if", ".fc", ".cil", ".pp", ".json"))


def folders_of(revision: str, folders: Sequence[Path], into: Path) -> tuple[Path, ...]:
    """Write the modules of FOLDERS as they are in REVISION into the folder INTO, and return where they are.

    A folder that the revision does not have is left out. InputError: there is no such revision, or no repository.
    """
    found = []
    for number, folder in enumerate(folders):
        top = _top(folder)
        path = folder.resolve().relative_to(top.resolve()).as_posix()
        commit = _commit(top, revision)
        if path != "." and not run(["git", "-C", top, "ls-tree", commit, "--", path]).text.strip():
            continue
        out = into / str(number)
        _unpack(run(["git", "-C", top, "archive", "--format=tar", commit, "--", path]).stdout, out)
        if (out / path).exists():
            found.append(out / path)
    return tuple(found)


def _top(folder: Path) -> Path:
    place = folder if folder.is_dir() else folder.parent
    try:
        return Path(run(["git", "-C", place, "rev-parse", "--show-toplevel"]).text.strip())
    except ToolFailedError as error:
        message = f"{folder} is in no git repository that can be read; name a folder of modules to compare with"
        raise InputError(message) from error


def _commit(top: Path, revision: str) -> str:
    # A revision that begins with a dash would be taken for an option.
    words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    try:
        return run(["git", "-C", top, *words]).text.strip()
    except ToolFailedError as error:
        message = f"{revision} is neither a folder of modules nor a revision of {top}; fetch it first"
        raise InputError(message) from error


def _unpack(archive: bytes, out: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            # No links, and nothing but what is read: git lets no path lead out of the folder.
            if member.isfile() and Path(member.name).suffix in _SUFFIXES and ".." not in Path(member.name).parts:
                stream = tar.extractfile(member)
                if stream:
                    path = out / member.name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(stream.read())
