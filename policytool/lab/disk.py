# SPDX-License-Identifier: GPL-2.0-or-later
"""The disks of one run: a copy of the image with another policy in it, the payload, and the results."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from policytool.check.file_contexts import filecons
from policytool.errors import ToolFailedError
from policytool.lab.image import Image
from policytool.toolchain.link import Linked
from policytool.toolchain.run import run
from policytool.toolchain.setfiles import labels

# Sparse: the size of the logs that may come back.
_RESULTS_SIZE = 4 << 30
# In MiB, beside what is in it: inodes, and a block that each file fills in part.
_PAYLOAD_SPARE = 64
_PAYLOAD_LABEL = b"system_u:object_r:usr_t:s0\0"

_POLICY = "/etc/selinux/default/policy/policy.33"
_CONTEXTS = "/etc/selinux/default/contexts/files/file_contexts"


def run_disk(image: Image, linked: Linked, cil: Iterable[str], folder: Path) -> Path:
    """Copy the image's file system into FOLDER and put the policy LINKED into it, without mounting anything.

    CIL are the texts of the modules that are linked with the base: the files that their file contexts name
    are relabelled.
    """
    disk = folder / "disk.img"
    run(["cp", "--sparse=always", image.disk, disk])
    paths = image.paths.read_text("utf-8", "surrogateescape").splitlines()
    changed = labels(
        linked.file_contexts, "any", matching((pattern for text in cil for pattern in _patterns(text)), paths)
    )
    own = labels(linked.file_contexts, "any", (_POLICY, _CONTEXTS))
    commands = [
        *(f"rm {path}" for path in (_POLICY, _CONTEXTS, f"{_CONTEXTS}.bin")),
        f"write {linked.policy} {_POLICY}",
        f"write {linked.file_contexts} {_CONTEXTS}",
    ]
    for number, (path, context) in enumerate(sorted({**changed, **own}.items())):
        if context == "<<none>>":
            continue
        label = folder / f"label.{number}"
        label.write_bytes(context.encode() + b"\0")
        commands.append(f'ea_set -f {label} "{path}" security.selinux')
    script = folder / "debugfs.commands"
    script.write_text("\n".join(commands) + "\n", "utf-8", "surrogateescape")
    done = run(["debugfs", "-w", "-f", script, disk])
    # debugfs ends with 0 whatever happens; it says what went wrong after the command that did.
    wrong = [line for line in done.messages.splitlines()[1:] if line and f"{_CONTEXTS}.bin" not in line]
    if wrong:
        raise ToolFailedError(f"debugfs could not put the policy into {disk}: {wrong[0]}")
    return disk


def matching(patterns: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of PATHS that one of the file context PATTERNS matches."""
    tests = [re.compile(pattern) for pattern in sorted(set(patterns))]
    return tuple(path for path in paths if any(test.fullmatch(path) for test in tests))


def payload_disk(files: Mapping[str, Path], folder: Path, trees: Mapping[str, Path] | None = None) -> Path:
    """Make a read-only disk with FILES (name to file) and TREES (name to folder) at its top."""
    top = folder / "payload"
    top.mkdir()
    for name, path in files.items():
        run(["cp", path, top / name])
    for name, path in (trees or {}).items():
        run(["cp", "-a", path, top / name])
    # Here and not by an option of the guest's mount, which mount_t, where it is enforced, may not use for that.
    try:
        for entry in (top, *top.rglob("*")):
            os.setxattr(entry, "security.selinux", _PAYLOAD_LABEL, follow_symlinks=False)
    except OSError as error:
        raise ToolFailedError(f"cannot label {top}: {error.strerror}") from error
    disk = folder / "payload.img"
    # Half as much again, since most of the files are small.
    held = sum(entry.lstat().st_size for entry in top.rglob("*")) >> 20
    size = f"{_PAYLOAD_SPARE + held * 3 // 2}M"
    run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", top, disk, size])
    return disk


def results_disk(folder: Path) -> Path:
    """Make an empty disk that the guest writes a tar archive to."""
    disk = folder / "results.img"
    with disk.open("wb") as stream:
        stream.truncate(_RESULTS_SIZE)
    return disk


def unpack_results(disk: Path, folder: Path) -> Path:
    """Unpack what the guest has put on its results DISK into FOLDER/results; ToolFailedError if it is not whole."""
    out = folder / "results"
    out.mkdir()
    try:
        with tarfile.open(disk, "r:") as archive:
            for member in archive:
                # The guest is not trusted with paths: plain files only, and only below the folder.
                path = out / member.name
                if member.isfile() and out in path.resolve().parents and (source := archive.extractfile(member)):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("wb") as stream:
                        shutil.copyfileobj(source, stream)
    except (tarfile.TarError, OSError) as error:
        raise ToolFailedError(f"the machine's results on {disk} cannot be unpacked: {error}") from error
    disk.unlink()
    return out


def _patterns(cil: str) -> Iterable[str]:
    return (entry.pattern for entry in filecons(cil))
