# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.recorder import audit_host

# As auditctl 3.0.9 prints it.
STATUS = """\
enabled 1
failure 1
pid 593
rate_limit 0
backlog_limit 8192
lost 12
backlog 0
backlog_wait_time 60000
backlog_wait_time_actual 0
loginuid_immutable 0 unlocked
"""


def test_status_of_the_kernel() -> None:
    status = audit_host.parse_status(STATUS)
    assert (status.pid, status.lost, status.immutable) == (593, 12, False)
    assert audit_host.parse_status(STATUS.replace("enabled 1", "enabled 2")).immutable


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ({}, {"-b": (8192, audit_host.BACKLOG)}),
        ({"backlog_limit 8192": "backlog_limit 0"}, {}),
        ({"backlog_limit 8192": "backlog_limit 100000"}, {}),
        ({"failure 1": "failure 2", "backlog_limit 8192": "backlog_limit 0"}, {"-f": (2, 1)}),
        ({"rate_limit 0": "rate_limit 5", "backlog_limit 8192": "backlog_limit 0"}, {"-r": (5, 0)}),
        ({"enabled 1": "enabled 0", "backlog_limit 8192": "backlog_limit 0"}, {"-e": (0, 1)}),
    ],
)
def test_settings_that_a_recording_needs(now: dict[str, str], wanted: dict[str, tuple[int, int]]) -> None:
    text = STATUS
    for before, after in now.items():
        text = text.replace(before, after)
    assert audit_host.settings_wanted(audit_host.parse_status(text)) == wanted


def test_the_rule_that_keeps_system_calls_out_is_found() -> None:
    rules = ["-a never,task", "-a task,never", "-a always,exit -S all -F key=task,never", "-w /etc/passwd -p wa"]
    assert audit_host.rules_in_the_way(rules) == ("-a never,task", "-a task,never")


def test_exec_rules_have_no_type_and_call_rules_have_one() -> None:
    tree = audit_host.rules_wanted()
    assert all("execve" in rule and "subj_type" not in rule for rule in tree)
    calls = audit_host.rules_wanted(["greeterd_t"])[len(tree) :]
    assert calls
    assert all("-S all" in rule and "subj_type=greeterd_t" in rule for rule in calls)


def test_auditd_rotates_nothing_and_keeps_the_rest() -> None:
    text = "# max_log_file_action = x\nlog_file = /var/log/a.log\nMax_Log_File_Action = ROTATE\nq_depth = 9\n"
    made = audit_host.without_rotation(text)
    assert made.splitlines()[0] == "# max_log_file_action = x"
    assert audit_host.configured(made) == {
        "log_file": "/var/log/a.log",
        "max_log_file_action": "IGNORE",
        "q_depth": "9",
        "flush": "NONE",
    }
    assert audit_host.without_rotation(made) == made


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "auditd.conf"
    path.write_text("before")
    path.chmod(0o640)
    audit_host.replace_file(path, b"after")
    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["auditd.conf"]


def test_a_slice_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(b"before\nrecorded\nafter\n")
    audit_host.copy_slice(log, 7, 16, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"recorded\n"
