# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

from policytool.policy.compiled import CompiledPolicy
from policytool.surface.danger import dangerous
from tests.policy.tiny import POLICIES, compile_cil


def test_dangers_and_capabilities_of_single_accesses(tmp_path: Path) -> None:
    policy = CompiledPolicy(compile_cil(tmp_path, POLICIES / "surface_domains.cil"))
    dangers = {
        ("daemon_t", "daemon_t", "process", "execmem"),
        ("daemon_t", "daemon_t", "capability", "chown"),
        ("daemon_t", "fixed_disk_device_t", "blk_file", "read"),
        ("daemon_t", "helper_t", "process", "ptrace"),
    }
    harmless = {
        ("daemon_t", "daemon_t", "process", "ptrace"),
        ("daemon_t", "fixed_disk_device_t", "blk_file", "getattr"),
        ("daemon_t", "etc_t", "file", "write"),
    }
    assert dangerous(policy, dangers | harmless) == dangers
