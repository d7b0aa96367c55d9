# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that a base and the policy headers have, for messages about names that they do not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from policytool.check.known_names import KnownNames
from policytool.check.link_findings import declared_names

_INTERFACE = re.compile(r"^\s*(?:interface|template)\(`(?P<name>\w+)'", re.MULTILINE)


def known_names(base_files: Iterable[Path], headers: Path) -> KnownNames:
    """Return what BASE_FILES (CIL, named after their modules) declare, and the interfaces in the folder HEADERS."""
    declared: dict[str, str] = {}
    for path in base_files:
        for name in declared_names([path.read_text("utf-8", "surrogateescape")]):
            declared.setdefault(name, path.stem)
    return KnownNames(declared, interface_modules(headers))


def interface_modules(headers: Path) -> Mapping[str, str]:
    """Return the interfaces and templates in the folder HEADERS, each with the module that defines it."""
    return {
        match["name"]: path.stem
        for path in sorted(headers.glob("*/*.if"))
        for match in _INTERFACE.finditer(path.read_text("utf-8", "surrogateescape"))
    }
