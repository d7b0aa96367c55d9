# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders with two names: what libselinux replaces at the beginning of a path before it looks it up.

See file_contexts.subs_dist(5). The file is a part of the distribution's policy, not of a module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policytool.toolchain.base import Base

# After the name of the file contexts.
SUFFIX = ".subs_dist"
_NAME = f"file_contexts{SUFFIX}"
_INSTALLED = Path("/etc/selinux")
_FILES = f"contexts/files/{_NAME}"


def path_aliases(base: Base) -> Mapping[str, str]:
    """Return the folders that BASE's policy looks up under another name, each with that name; none if unknown.

    The file lies beside the base, or where the policy of its name is installed, or any other policy.
    """
    places = [base.path / _NAME, _INSTALLED / base.identity.name / _FILES, *sorted(_INSTALLED.glob(f"*/{_FILES}"))]
    return next((_read(place) for place in places if place.is_file()), {})


def _read(file: Path) -> dict[str, str]:
    lines = (line.partition("#")[0].split() for line in file.read_text("utf-8", "surrogateescape").splitlines())
    return {words[0]: words[1] for words in lines if len(words) == 2}
