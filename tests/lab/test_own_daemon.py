# SPDX-License-Identifier: GPL-2.0-or-later
"""The page about a daemon of one's own: its commands, run in order on the real machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import read_evidence
from tests.documents import BLOCK, REPOSITORY

PAGE = REPOSITORY / "docs" / "own-daemon.md"


@pytest.mark.lab
def test_a_daemon_in_opt_gets_a_domain_and_is_enforced(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said = ""
    for block in BLOCK.finditer(PAGE.read_text()):
        if block[1] == "sh":
            script = ["sh", "-e", "-c", block[2]]
            done = subprocess.run(script, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block[2]}{done.stdout}{done.stderr}"
            said += done.stdout
    assert "9 of 9" in said or re.search(r"^notesd +9 +0 +0", said, re.MULTILINE)
    folder = tmp_path / "notesd-lab" / "modules" / "notesd"
    te, fc = (folder / f"notesd.{end}" for end in ("te", "fc"))
    assert "/opt/notesd/notesd" in fc.read_text()
    assert "/var/lib/notesd" in fc.read_text()
    assert "allow notesd_t unreserved_port_t:tcp_socket name_bind;" in te.read_text()
    allowed = {access.key for access in read_evidence((folder / "evidence.json").read_text()).accesses
               if access.cure is Cure.ALLOW}  # fmt: skip
    assert not {key for key in allowed if key[1] in ("var_lib_t", "var_run_t") and key[2] == "file"}
