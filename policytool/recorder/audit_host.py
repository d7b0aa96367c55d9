# SPDX-License-Identifier: GPL-2.0-or-later
"""Audit on the live host: the kernel's state, its rules, auditd's configuration, and the log that auditd writes."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import MissingToolError, ToolFailedError, UsageError
from policytool.toolchain.run import run

CONFIGURATION = Path("/etc/audit/auditd.conf")
_DEFAULT_LOG = "/var/log/audit/audit.log"

# All rules of ours carry one of these keys.
KEY = "policytool"
CALLS_KEY = "policytool-calls"

# A complete recording of libvirt's daemons lost records at 8192, none in most runs at this.
BACKLOG = 65536

_SETTING = re.compile(r"(?P<name>[a-z_]+) (?P<value>-?\d+)")
_NO_TASK = re.compile(r"-a (?:never,task|task,never)(?: |$)")
_IMMUTABLE = 2
_PANIC = 2


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """`auditctl -s`: each word with its number."""

    values: Mapping[str, int]

    @property
    def pid(self) -> int:
        """Auditd's process, 0 when there is none."""
        return self.values.get("pid", 0)

    @property
    def lost(self) -> int:
        """Records dropped since boot."""
        return self.values.get("lost", 0)

    @property
    def immutable(self) -> bool:
        """Whether rules and settings are locked until the next boot (`-e 2`)."""
        return self.values.get("enabled", 0) == _IMMUTABLE


def audit_status() -> AuditStatus:
    """Ask the kernel for its audit state."""
    return parse_status(run(["auditctl", "-s"]).text)


def parse_status(text: str) -> AuditStatus:
    """Read what `auditctl -s` prints."""
    return AuditStatus({match["name"]: int(match["value"]) for match in _SETTING.finditer(text)})


def require_audit() -> AuditStatus:
    """Return the audit state of a host that can be recorded; an error says what stands in the way and the cure."""
    status = audit_status()
    if status.immutable:
        raise UsageError(
            "the audit rules of this host are locked until the next boot (-e 2): take `-e 2` out of"
            " /etc/audit/rules.d and boot, or record with --backend strace"
        )
    if status.pid == 0:
        raise MissingToolError(
            "auditd does not run, and without it the kernel drops what it cannot print: systemctl start auditd"
        )
    return status


def settings_wanted(status: AuditStatus) -> dict[str, tuple[int, int]]:
    """Return the kernel settings to change: auditctl's option to (value now, value wanted).

    A larger backlog, no limit of the rate, audit on, and no panic because a record is lost.
    """
    found = {}
    if 0 < status.values.get("backlog_limit", 0) < BACKLOG:
        found["-b"] = (status.values["backlog_limit"], BACKLOG)
    if status.values.get("rate_limit", 0) > 0:
        found["-r"] = (status.values["rate_limit"], 0)
    if status.values.get("failure", 0) == _PANIC:
        found["-f"] = (_PANIC, 1)
    if status.values.get("enabled", 1) == 0:
        found["-e"] = (0, 1)
    return found


def rules_wanted(domains: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the rules of a recording, in auditctl's words.

    execve and fork give the process tree, and without any rule on system calls an access vector event carries no
    PATH records. They are not filtered by type: a rule on a type is matched after execve has changed it. With
    DOMAINS, every system call of these is logged too.
    """
    machine = platform.machine()
    arches = ("b64", "b32") if machine == "x86_64" else ("b64",)
    tree = "execve,execveat,clone,clone3" if machine == "aarch64" else "execve,execveat,fork,vfork,clone,clone3"
    rules = [f"-a always,exit -F arch={arch} -S {tree} -F key={KEY}" for arch in arches]
    rules += [
        f"-a always,exit -F arch={arch} -S all -F subj_type={domain} -F key={CALLS_KEY}"
        for domain in domains
        for arch in arches
    ]
    return tuple(rules)


def listed_rules() -> tuple[str, ...]:
    """Return the rules that the kernel holds, in auditctl's words."""
    return tuple(line for line in run(["auditctl", "-l"]).text.splitlines() if line.startswith("-"))


def rules_in_the_way(rules: Sequence[str]) -> tuple[str, ...]:
    """Return those of RULES that keep system calls out of the log (`-a task,never`, Fedora's default)."""
    return tuple(rule for rule in rules if _NO_TASK.match(rule))


def configured(text: str) -> dict[str, str]:
    """Read auditd.conf: each key, in lower case, with its value."""
    lines = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {key.strip().lower(): value.strip() for key, equals, value in lines if equals}


def without_rotation(text: str) -> str:
    """Return auditd.conf so that auditd neither rotates the log of a recording away nor waits for the disk."""
    wanted = {"max_log_file_action": "IGNORE", "flush": "NONE"}
    lines = []
    for line in text.splitlines():
        key = line.partition("=")[0].strip().lower()
        value = wanted.pop(key, None)
        lines.append(line if value is None else f"{key} = {value}")
    lines += [f"{key} = {value}" for key, value in wanted.items()]
    return "\n".join(lines) + "\n"


def log_file() -> Path:
    """Return the log that auditd writes; MissingToolError when its configuration says that it writes none."""
    found = configured(CONFIGURATION.read_text("utf-8", "replace"))
    if found.get("write_logs", "yes").lower() == "no" or found.get("log_format", "").upper() == "NOLOG":
        raise MissingToolError(f"auditd writes no log on this host: set write_logs = yes in {CONFIGURATION}")
    return Path(found.get("log_file", _DEFAULT_LOG))


def reload_auditd(log: Path) -> None:
    """Let auditd read its configuration again, and wait until its log says that it did."""
    pid = audit_status().pid
    if pid == 0:
        return  # it reads it when it starts
    position = log.stat().st_size
    os.kill(pid, signal.SIGHUP)
    _wait_for(log, position, b"op=reconfigure", 30.0)


def mark(log: Path, text: str, timeout: float) -> int:
    """Write TEXT into the audit stream, wait until it is in LOG, and return the position after its line.

    What came before it is in the log then, too. ToolFailedError when it does not come within TIMEOUT seconds.
    """
    position = log.stat().st_size
    run(["auditctl", "-m", text])
    return _wait_for(log, position, text.encode(), timeout)


def _wait_for(log: Path, position: int, text: bytes, timeout: float) -> int:
    """Return the position after the first line of LOG, read from POSITION on, that holds TEXT."""
    until = time.monotonic() + timeout
    with log.open("rb") as stream:
        stream.seek(position)
        rest = b""
        while True:
            block = stream.read(1 << 20)
            if block:
                position += len(block)
                data = rest + block
                found = data.find(text)
                if found >= 0 and (end := data.find(b"\n", found)) >= 0:
                    return position - len(data) + end + 1
                rest = data[-(1 << 16) :]
                continue
            if time.monotonic() > until:
                raise ToolFailedError(
                    f"{log}: auditd wrote no {text.decode()!r} within {timeout:g} s; is its disk full?"
                )
            time.sleep(0.05)


def copy_slice(log: Path, begin: int, end: int, out: Path) -> None:
    """Copy the bytes BEGIN to END of LOG to OUT."""
    with log.open("rb") as source, out.open("wb") as stream:
        source.seek(begin)
        left = end - begin
        while left > 0 and (block := source.read(min(left, 1 << 20))):
            stream.write(block)
            left -= len(block)


def replace_file(path: Path, data: bytes) -> None:
    """Write DATA to PATH in one step; owner, mode and label stay as they are."""
    aside = path.with_name(f".{path.name}.policytool")
    status = path.stat()
    with aside.open("wb") as stream:
        stream.write(data)
        os.fsync(stream.fileno())
    os.chown(aside, status.st_uid, status.st_gid)
    shutil.copystat(path, aside)
    os.utime(aside)
    aside.replace(path)
