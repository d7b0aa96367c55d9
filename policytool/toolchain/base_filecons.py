# SPDX-License-Identifier: GPL-2.0-or-later
"""The file contexts of a base, which those of modules are compared with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from policytool.check.file_contexts import Filecon, filecons
from policytool.toolchain.base import stamp
from policytool.toolchain.cache import Cache, digest

_ENTRIES = "filecons.json"


def base_filecons(base_files: Sequence[Path], cache: Cache) -> tuple[Filecon, ...]:
    """Return the file contexts of BASE_FILES (CIL), without their lines; kept in the CACHE by the files' times."""
    key = digest("filecons", *map(stamp, base_files))
    folder = cache.fill("filecons", key, partial(_write, base_files))
    entries = json.loads((folder / _ENTRIES).read_text("utf-8"))
    return tuple(Filecon(pattern, kind, context) for pattern, kind, context in entries)


def _write(base_files: Iterable[Path], folder: Path) -> None:
    texts = (path.read_text("utf-8", "surrogateescape") for path in base_files)
    found = [(entry.pattern, entry.kind, entry.context) for text in texts for entry in filecons(text)]
    (folder / _ENTRIES).write_text(json.dumps(found), "utf-8")
