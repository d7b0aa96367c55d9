# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of records made absolute."""

from __future__ import annotations

import posixpath
import re

_UNTIDY = re.compile(r"//|/\.|/$")


def tidy(path: str, cwd: str) -> str:
    """Return PATH absolute, against CWD where that is known, and without `.`, `..` and doubled slashes."""
    if not path.startswith("/"):
        if not path or not cwd.startswith("/"):
            return path
        path = f"{cwd}/{path}"
    elif not _UNTIDY.search(path):
        return path
    return "/" + posixpath.normpath(path).lstrip("/")
