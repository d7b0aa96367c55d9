# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that a base and the policy headers have, for messages about names that they do not have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from policytool.check.known_names import KnownNames
from policytool.check.link_findings import declared_names
from policytool.toolchain.base import stamp
from policytool.toolchain.cache import Cache, digest

_NAMES = "names.json"
_INTERFACE = re.compile(r"^\s*(?:interface|template)\(`(?P<name>\w+)'", re.MULTILINE)


def known_names(base_files: Sequence[Path], headers: Path, cache: Cache) -> KnownNames:
    """Return what BASE_FILES (CIL, named after their modules) declare, and the interfaces in the folder HEADERS.

    The files of a base are in the CACHE as well, in a folder of its hash.
    """
    interfaces = sorted(headers.glob("*/*.if"))
    key = digest("names", *map(stamp, (*base_files, *interfaces)))
    folder = cache.fill("names", key, partial(_write_names, base_files, headers))
    declared, modules = json.loads((folder / _NAMES).read_text("utf-8"))
    return KnownNames(declared, modules)


def _write_names(base_files: Iterable[Path], headers: Path, folder: Path) -> None:
    declared: dict[str, str] = {}
    for path in base_files:
        for name in declared_names([path.read_text("utf-8", "surrogateescape")]):
            declared.setdefault(name, path.stem)
    (folder / _NAMES).write_text(json.dumps([declared, interface_modules(headers)]), "utf-8")


def interface_modules(headers: Path) -> Mapping[str, str]:
    """Return the interfaces and templates in the folder HEADERS, each with the module that defines it."""
    return {
        match["name"]: path.stem
        for path in sorted(headers.glob("*/*.if"))
        for match in _INTERFACE.finditer(path.read_text("utf-8", "surrogateescape"))
    }
