# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden files: what a writer gave, byte for byte, beside this file."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

_FOLDER = Path(__file__).parent


def check_golden(name: str, text: str) -> None:
    """Compare TEXT with the golden file NAME; with RENEW_GOLDEN=1 write it instead."""
    path = _FOLDER / name
    if os.environ.get("RENEW_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
        return
    golden = path.read_text(encoding="utf-8") if path.exists() else ""
    if text != golden:
        diff = difflib.unified_diff(
            golden.splitlines(keepends=True), text.splitlines(keepends=True), f"golden/{name}", "now"
        )
        raise AssertionError(f"{''.join(diff)}\nif this is meant: make golden, and look at git diff")
