# SPDX-License-Identifier: GPL-2.0-or-later
"""SELinux on the live host: its mode, its running policy, its policy on disk, labels of files and processes."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import MissingToolError, ToolFailedError

_SELINUXFS = Path("/sys/fs/selinux")
_LABEL = "security.selinux"


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """The policy of the host: `name` (default, targeted), `file` on disk, `store` of its modules, the mode."""

    name: str
    file: Path
    store: Path
    enforcing: bool


def host_policy() -> HostPolicy:
    """Return the policy of this host. MissingToolError when SELinux is off, or no policy is on disk."""
    if not (_SELINUXFS / "enforce").exists():
        raise MissingToolError(
            "SELinux is off on this host, so there is no access decision to record; the lab has it"
            " (policytool lab), and --backend strace records system calls"
        )
    import selinux

    status, name = selinux.selinux_getpolicytype()
    prefix = Path(selinux.selinux_binary_policy_path())
    files = [path for path in prefix.parent.glob(f"{prefix.name}.*") if path.suffix[1:].isdigit()]
    if status != 0 or not files:
        raise MissingToolError(
            f"no policy on disk ({prefix}.*): apt install selinux-policy-default, or dnf install"
            " selinux-policy-targeted"
        )
    file = max(files, key=lambda path: int(path.suffix[1:]))
    return HostPolicy(name, file, Path("/var/lib/selinux") / name, selinux.security_getenforce() == 1)


def running_policy() -> bytes:
    """Return the policy that the kernel decides by, in its own writing."""
    return (_SELINUXFS / "policy").read_bytes()


def load_policy(data: bytes) -> None:
    """Give the kernel another policy; booleans keep their values and the access vector cache is flushed.

    ToolFailedError when the kernel refuses it.
    """
    try:
        handle = os.open(_SELINUXFS / "load", os.O_WRONLY)
        try:
            # One write is one policy (security/selinux/selinuxfs.c, sel_write_load).
            os.write(handle, data)
        finally:
            os.close(handle)
    except OSError as error:
        why = "this process may not load a policy" if error.errno in (errno.EACCES, errno.EPERM) else error.strerror
        raise ToolFailedError(f"the kernel does not take the policy: {why}") from error


def read_label(path: Path) -> str | None:
    """Return the label of PATH itself, or None when there is none or no such file."""
    try:
        return os.getxattr(path, _LABEL, follow_symlinks=False).rstrip(b"\0").decode()
    except OSError:
        return None


def has_label(path: Path, label: str) -> bool:
    """Say whether PATH has LABEL, also where the running policy does not know it (any more).

    The kernel shows such a label as that of unlabeled objects (selinux_inode_getsecurity
    in security/selinux/hooks.c).
    """
    found = read_label(path)
    return found == label or (found is not None and found == _unlabeled() and not _is_known(label))


def _unlabeled() -> str | None:
    """Return the label of unlabeled objects; None where SELinux is off, and every label is shown as it is."""
    import selinux

    try:
        _, label = selinux.security_get_initial_context_raw("unlabeled")
    except OSError:
        return None
    return str(label)


def _is_known(label: str) -> bool:
    import selinux

    try:
        selinux.security_check_context_raw(label)
    except OSError:
        return False
    return True


def write_label(path: Path, label: str) -> None:
    """Set the label of PATH; ToolFailedError when the kernel refuses it."""
    try:
        os.setxattr(path, _LABEL, label.encode() + b"\0", follow_symlinks=False)
    except OSError as error:
        raise ToolFailedError(f"{path}: cannot set the label {label}: {error.strerror}") from error


def processes_in(types: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Yield (pid, program's name, type) of every process whose domain is one of TYPES."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            context = (folder / "attr/current").read_bytes().rstrip(b"\0\n").decode()
            name = (folder / "comm").read_text("utf-8", "replace").rstrip("\n")
        except OSError:
            continue  # it has ended
        fields = context.split(":")
        if len(fields) > 2 and fields[2] in types:
            yield int(folder.name), name, fields[2]
