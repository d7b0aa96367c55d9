# SPDX-License-Identifier: GPL-2.0-or-later
"""Results that cost seconds, kept by the hash of all that they depend on.

An entry is a folder. It is made aside and renamed into place, so it is whole or absent, whatever is interrupted
and however many processes make the same one.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from policytool.errors import ToolFailedError

# Changed whenever the meaning of an entry changes, so that old ones are never read.
_LAYOUT = "1"

# Entries of one kind that are always kept; above that, those unused for longer than _AGE seconds go.
_KEEP = 64
_AGE = 24 * 3600.0


def digest(*parts: bytes | str) -> str:
    """Return the sha256, in hex, of PARTS; where one ends and the next begins counts."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()


class Cache:
    """A folder of entries, each named by kind and key (a digest)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, kind: str, key: str) -> Path | None:
        """Return the folder of a finished entry, or None; a hit counts as use."""
        folder = self.root / kind / key
        if not folder.is_dir():
            return None
        with contextlib.suppress(OSError):  # a read-only cache still answers
            os.utime(folder)
        return folder

    def fill(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Return the entry's folder, calling MAKE with an empty folder to write it if there is none.

        What MAKE raises is passed on and leaves no entry. Where the cache cannot be written, ToolFailedError.
        """
        if found := self.find(kind, key):
            return found
        final = self.root / kind / key
        try:
            final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=final.parent))
        except OSError as error:
            raise ToolFailedError(f"cannot write the cache {self.root}: {error.strerror}") from error
        try:
            make(aside)
            try:
                aside.rename(final)
            except OSError as error:
                # Another process was faster: its entry has the same key, so the same content.
                if not final.is_dir():
                    raise ToolFailedError(f"cannot write the cache {final}: {error.strerror}") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._prune(final.parent)
        return final

    def _prune(self, folder: Path) -> None:
        stale = time.time() - _AGE
        try:
            entries = sorted(((entry.stat().st_mtime, entry) for entry in folder.iterdir()), reverse=True)
        except OSError:
            return  # another process prunes at the same time
        # A folder that was left aside by an interrupted process is stale whatever its place in the order.
        for place, (used, entry) in enumerate(entries):
            if used < stale and (place >= _KEEP or entry.name.startswith(".aside-")):
                shutil.rmtree(entry, ignore_errors=True)


def open_cache() -> Cache:
    """Return the user's cache: XDG_CACHE_HOME/policytool, else ~/.cache/policytool.

    Where that cannot be written (a CI job without a home), a private temporary folder that ends with the
    process takes its place.
    """
    configured = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The specification says that a relative path is to be ignored.
        home = Path(configured) if configured.startswith("/") else Path.home() / ".cache"
        root = home / "policytool" / _LAYOUT
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        # access() says yes to root on a read-only file system; only a write tells.
        with tempfile.TemporaryFile(dir=root):
            return Cache(root)
    except (OSError, RuntimeError):  # RuntimeError: no home directory
        return Cache(_temporary_root())


_temporary: list[Path] = []


def _temporary_root() -> Path:
    if not _temporary:
        root = Path(tempfile.mkdtemp(prefix="policytool-"))
        _temporary.append(root)
        atexit.register(shutil.rmtree, root, ignore_errors=True)
    return _temporary[0]
