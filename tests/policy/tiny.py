# SPDX-License-Identifier: GPL-2.0-or-later
"""Tiny policies of tests/policies, through the real compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path

POLICIES = Path(__file__).parent.parent / "policies"
BASE = Path("/etc/selinux/default/policy/policy.33")


def compile_cil(directory: Path, *sources: Path, neverallow: bool = True) -> Path:
    """Link SOURCES with secilc into DIRECTORY and return the binary policy; neverallow rules are checked."""
    output = directory / "policy.33"
    command = ["/usr/bin/secilc", "-c", "33", "-o", str(output), "-f", "/dev/null"]
    if not neverallow:
        command.append("-N")
    done = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return output
