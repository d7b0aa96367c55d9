# SPDX-License-Identifier: GPL-2.0-or-later
"""Drop-ins of systemd units on the tested machine: which there are, and whether systemd took all of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from policytool.errors import InputError, ToolFailedError
from policytool.lab.session import Session

# The script that puts them into the machine, under the name that the guest runs around the scenarios; the folder of
# the payload that they are in.
_SCRIPT = Path(__file__).parent / "around" / "drop-ins"
AROUND_NAME = "around"
TREE = "drop-ins"

_NOTE = "drop-in:"
# systemd's word on a line that it does not take: /etc/systemd/system/UNIT.d/NAME.conf:LINE: what is wrong
_COMPLAINT = re.compile(r"systemd\[1\]: (/etc/systemd/system/\S+\.d/\S+\.conf:\d+: .*)")


def unit_drop_ins(folder: Path) -> Mapping[str, Path]:
    """Return the folders of drop-ins (UNIT.d) right in FOLDER, by name; InputError if there is none."""
    found = {path.name: path for path in sorted(folder.glob("*.d")) if any(path.glob("*.conf"))}
    if not found:
        raise InputError(f"{folder}: no drop-in in it (UNIT.d/NAME.conf, as `policytool harden -o` writes it)")
    return found


def require_taken(session: Session, folders: Mapping[str, Path]) -> None:
    """Raise ToolFailedError unless systemd had every file of FOLDERS for its unit, and took every line of them."""
    for name, folder in folders.items():
        taken = session.status.notes.get(f"{_NOTE}{name.removesuffix('.d')}", "").split()
        for file in sorted(folder.glob("*.conf")):
            if f"/etc/systemd/system/{name}/{file.name}" not in taken:
                raise ToolFailedError(f"systemd in the machine did not take {name}/{file.name}")
    journal = session.folder / "results/lib/policytool/journal.log"
    text = journal.read_text("utf-8", "replace") if journal.is_file() else ""
    if folders and (complaint := _COMPLAINT.search(text)):
        raise ToolFailedError(f"systemd in the machine does not take a line: {complaint[1]}")


def around() -> Mapping[str, Path]:
    """Return what has to be in the payload for its drop-ins to be used."""
    return {AROUND_NAME: _SCRIPT}


def drop_in_hashes(folders: Mapping[str, Path]) -> Mapping[str, str]:
    """Return the sha256 of each file in FOLDERS, by `drop-in UNIT.d/NAME.conf`."""
    return {
        f"drop-in {name}/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest()
        for name, folder in folders.items()
        for file in sorted(folder.glob("*.conf"))
    }
