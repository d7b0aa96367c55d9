# SPDX-License-Identifier: GPL-2.0-or-later
"""What bundles hold, kept in the cache: a recording does not change, and to read one takes seconds.

An entry goes by the manifest, which has the sha256 of every log of the bundle, and by the code that read them. The
logs are compared with their sha256 each time, so that nothing is taken from the cache for a bundle that is broken.
Raw logs are always read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

import policytool
from policytool.errors import ToolFailedError
from policytool.model.observation import Observations
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.traces.bundle.bundle import MANIFEST, load, read_parts, read_trace
from policytool.traces.tally.observation_table import ObservationTableError, from_bytes, to_bytes

_KIND = "observations"
_FILE = "table"


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """The place in the cache of what is known of one bundle."""

    cache: Cache
    key: str

    @classmethod
    def of(cls, path: str, what: str = "whole") -> Self | None:
        """Return the place for WHAT of the trace PATH, None if it is no bundle. InputError: a broken bundle."""
        manifest = Path(path) / MANIFEST
        if not manifest.is_file():
            return None
        load(path)
        return cls(open_cache(), digest(readers(), what, manifest.read_bytes()))

    def find(self) -> Sequence[tuple[str, Observations]] | None:
        """Return what is there, None if there is nothing, or nothing that can be used."""
        folder = self.cache.find(_KIND, self.key)
        if folder is None:
            return None
        with suppress(OSError, ObservationTableError):
            return from_bytes((folder / _FILE).read_bytes())
        return None

    def keep(self, named: Sequence[tuple[str, Observations]]) -> None:
        """Keep NAMED observations, if there is a way."""
        # A cache that cannot be written, or a number that is too large to be kept, is no reason to fail.
        with suppress(OSError, ToolFailedError, OverflowError):
            data = to_bytes(named)
            self.cache.fill(_KIND, self.key, lambda folder: _write(folder / _FILE, data))


def read_whole(path: str, *, executions: bool = True) -> Observations:
    """Return what `read_trace` does of PATH, from the cache if it has that."""
    place = KeptTrace.of(path)
    if place and (found := place.find()):
        return found[0][1] if executions else replace(found[0][1], executions=())
    seen = read_trace(path, executions=executions)
    if place and executions:
        place.keep([("", seen)])
    return seen


def read_each_part(path: str) -> Sequence[tuple[str, Observations]]:
    """Return what `read_parts` does of PATH, from the cache if it has that."""
    place = KeptTrace.of(path, "parts")
    if place and (found := place.find()):
        return found
    parts = list(read_parts(path))
    if place:
        place.keep(parts)
    return parts


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)


@cache
def readers() -> str:
    """Return the digest of the code that makes observations of logs: with other code, other entries."""
    top = Path(policytool.__file__).parent
    files = [file for folder in ("model", "traces") for file in sorted((top / folder).rglob("*.*"))]
    return digest(*(file.read_bytes() for file in files if file.suffix in (".py", ".tsv")))
