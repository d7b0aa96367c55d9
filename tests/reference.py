# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of others that tests compare with, and that are not copied here.

POLICYTOOL_REFERENCE names their folder: OASIS's sarif-schema-2.1.0.json, refpolicy's testing/sechecker.ini.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.run_policytool import REPOSITORY


def reference(name: str) -> Path:
    """Return the path of the file NAME; the test is skipped where it is not."""
    folder = os.environ.get("POLICYTOOL_REFERENCE") or REPOSITORY.parent / "shared" / "reference"
    path = Path(folder) / name
    if not path.is_file():
        pytest.skip(f"a note: no copy of {name} is here; POLICYTOOL_REFERENCE names a folder that has one")
    return path
