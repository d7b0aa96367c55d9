# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages that the lab is made of: guest/build.packages and guest/machine.packages."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "guest"


def read_packages(path: Path) -> tuple[str, ...]:
    """Return the packages that PATH names, in its order; lines that start with # are comments."""
    lines = path.read_text("utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


BUILD = read_packages(_FOLDER / "build.packages")
GUEST = read_packages(_FOLDER / "machine.packages")
