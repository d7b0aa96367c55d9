# SPDX-License-Identifier: GPL-2.0-or-later
"""The undo log of a recording: each change is written down before it is made, and crossed out when it is undone.

It outlives whatever ends the recorder, a power cut included, so that `policytool trace restore` finds what is left
to undo. One lock says who is at work: programs that a killed recorder has started hold it until they have ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from policytool.errors import InputError, PolicytoolError, ToolFailedError, UsageError
from policytool.recorder.changes import IN_KERNEL, Change, Kind, apply, undo

STATE = Path("/var/lib/policytool")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FORMAT = 1


class UndoLog:
    """The changes that are made to the host now, oldest first; made by `open_journal`."""

    def __init__(self, folder: Path, lock: int, boot: str, changes: list[Change]) -> None:
        self.folder = folder
        self.changes = changes
        self._lock = lock
        self._boot = boot

    @property
    def keep(self) -> tuple[int, ...]:
        """The descriptors that programs have to hold while they change the host."""
        return (self._lock,)

    def make(self, change: Change) -> None:
        """Write CHANGE down, then make it."""
        if change.things:
            self.changes.append(change)
            self._write()
            apply(change, self.keep)

    def undo_all(self, told: Callable[[str], None]) -> None:
        """Undo every change, last first; TOLD says what. What fails stays in the undo log, and is one error."""
        failed: list[str] = []
        left: list[Change] = []
        booted = _boot_id() != self._boot
        while self.changes:
            change = self.changes[-1]
            if not (booted and change.kind in IN_KERNEL):
                told(f"restoring: {change.kind}")
                try:
                    undo(change, self.keep)
                except (PolicytoolError, OSError) as error:
                    failed.append(f"{change.kind}: {error}")
                    left.insert(0, change)
            self.changes.pop()
            self._write(left)
        self.changes.extend(left)
        if failed:
            raise ToolFailedError(
                f"the host is not as before: {'; '.join(failed)}\ntry again with: policytool trace restore"
            )
        shutil.rmtree(self.folder)

    def _write(self, left: list[Change] | None = None) -> None:
        text = json.dumps(
            {
                "format": _FORMAT,
                "boot": self._boot,
                "changes": [
                    {"kind": change.kind, "things": dict(change.things)} for change in self.changes + (left or [])
                ],
            },
            indent=1,
        )
        aside = self.folder / "journal.aside"
        with aside.open("w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(self.folder / "journal.json")
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def new_undo_log(state: Path = STATE) -> Iterator[UndoLog]:
    """Give an empty journal. UsageError when a recording runs, or when one has not been undone."""
    with _locked(state) as lock:
        folder = state / "recording"
        if (folder / "journal.json").exists():
            raise UsageError("an earlier recording was cut off and its host not restored: policytool trace restore")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield UndoLog(folder, lock, _boot_id(), [])
        finally:
            if not (folder / "journal.json").exists():
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def old_undo_log(told: Callable[[str], None], state: Path = STATE) -> Iterator[UndoLog | None]:
    """Give the undo log that a recording has left, or None; programs that it has started are waited for."""
    with _locked(state, wait=told) as lock:
        folder = state / "recording"
        path = folder / "journal.json"
        if not path.exists():
            shutil.rmtree(folder, ignore_errors=True)
            yield None
            return
        yield _read(path, folder, lock)


def _read(path: Path, folder: Path, lock: int) -> UndoLog:
    try:
        data = json.loads(path.read_text("ascii"))
        if data["format"] != _FORMAT:
            raise InputError(
                f"{path}: format {data['format']}: a newer policytool made it, and has to restore the host"
            )
        changes = [
            Change(
                Kind(change["kind"]), {name: (before, after) for name, (before, after) in change["things"].items()}
            )
            for change in data["changes"]
        ]
        return UndoLog(folder, lock, str(data["boot"]), changes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a journal of policytool ({error})") from error


@contextmanager
def _locked(state: Path, wait: Callable[[str], None] | None = None) -> Iterator[int]:
    """Hold the lock. Its file names the process; with WAIT, programs that a dead one has left are waited for."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(lock, 32).decode("ascii", "replace").strip()
            if wait is None or _alive(owner):
                raise UsageError(f"a recording runs (process {owner}): end it, or wait for it") from error
            wait("waiting for what the recording had begun")
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()


def _boot_id() -> str:
    return _BOOT_ID.read_text("ascii").strip()
