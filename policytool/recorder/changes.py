# SPDX-License-Identifier: GPL-2.0-or-later
"""The changes that a recording makes to its host, each with what was before, so that it can be undone.

Every change can be undone whether it was made, half made or not made, and undone twice: who undoes it does not know
where the recorder was killed. What somebody else has changed since is left as they made it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from policytool.recorder import audit_host, selinux_host, units
from policytool.toolchain.run import run

PRESENT, ABSENT = "present", "absent"
ACTIVE, INACTIVE = "active", "inactive"


class Kind(StrEnum):
    """What is changed; the value is what a user reads, and what stands in the journal."""

    AUDITD = "auditd's configuration"
    SETTING = "audit setting"
    RULE = "audit rule"
    POLICY = "running policy"
    UNIT = "unit"
    LABEL = "label"


# Gone with a boot: the kernel's audit state and its policy come from disk again.
IN_KERNEL = frozenset({Kind.SETTING, Kind.RULE, Kind.POLICY})


@dataclass(frozen=True, slots=True)
class Change:
    """Things of one kind, each with its state before and after.

    A file with its text, an option of auditctl with its value, a rule or a unit with whether it is there, the
    policy's file on disk with the files of the policies to load, a path with its label.
    """

    kind: Kind
    things: Mapping[str, tuple[str, str]]

    def lines(self) -> list[str]:
        """Describe the change for --dry-run, a line for each thing."""
        shown = []
        for name, (before, after) in self.things.items():
            if self.kind is Kind.AUDITD:
                after = "no rotation, no waiting for the disk"
                shown.append(f"{self.kind}: {name}: {after}")
            elif self.kind is Kind.POLICY:
                shown.append(f"{self.kind}: all of {name}, and the recording's rules; no file is changed")
            elif self.kind is Kind.UNIT:
                shown.append(f"{self.kind}: {name}: " + ("restarted" if before == ACTIVE else "stays stopped"))
            else:
                shown.append(f"{self.kind}: {name}: {before} -> {after}")
        return shown


def apply(change: Change, keep: Sequence[int] = ()) -> None:
    """Make CHANGE. KEEP are descriptors that programs hold open while they work on it."""
    _APPLY[change.kind](change.things, keep)


def undo(change: Change, keep: Sequence[int] = ()) -> None:
    """Undo CHANGE; KEEP as for `apply`. ToolFailedError and OSError: it is not undone, and can be tried again."""
    _UNDO[change.kind](change.things, keep)


_Things = Mapping[str, tuple[str, str]]


def _set_auditd(things: _Things, keep: Sequence[int]) -> None:
    for name, (_, after) in things.items():
        audit_host.replace_file(Path(name), after.encode("utf-8", "surrogateescape"))
    audit_host.reload_auditd(audit_host.log_file())


def _reset_auditd(things: _Things, keep: Sequence[int]) -> None:
    for name, (before, after) in things.items():
        path = Path(name)
        if path.read_bytes() == after.encode("utf-8", "surrogateescape"):
            audit_host.replace_file(path, before.encode("utf-8", "surrogateescape"))
            audit_host.reload_auditd(audit_host.log_file())
        path.with_name(f".{path.name}.policytool").unlink(missing_ok=True)


def _set_settings(things: _Things, keep: Sequence[int]) -> None:
    for option, (_, after) in things.items():
        run(["auditctl", option, after], keep=keep)


def _reset_settings(things: _Things, keep: Sequence[int]) -> None:
    for option, (before, _) in things.items():
        run(["auditctl", option, before], keep=keep)


def _set_rules(things: _Things, keep: Sequence[int]) -> None:
    _bring_rules({rule: after for rule, (_, after) in things.items()}, keep)


def _reset_rules(things: _Things, keep: Sequence[int]) -> None:
    _bring_rules({rule: before for rule, (before, _) in things.items()}, keep)


def _bring_rules(wanted: Mapping[str, str], keep: Sequence[int]) -> None:
    for rule, state in wanted.items():
        verb, _, rest = rule.partition(" ")
        # "No such rule" and "rule exists" are what a change that was not made, or made before, answers.
        said = ("No such file", "Rule exists", "File exists", "No rules")
        run_rule(["auditctl", verb if state == PRESENT else "-d", *rest.split()], said, keep)


def run_rule(command: list[str], accepted: Sequence[str], keep: Sequence[int]) -> None:
    """Run auditctl; a failure whose message holds one of ACCEPTED is none."""
    done = run(command, ok=range(256), keep=keep)
    if done.status != 0 and not any(words in done.messages for words in accepted):
        run(command, keep=keep)


def _set_policy(things: _Things, keep: Sequence[int]) -> None:
    for _, after in things.values():
        selinux_host.load_policy(Path(after).read_bytes())


def _reset_policy(things: _Things, keep: Sequence[int]) -> None:
    for file, (before, _) in things.items():
        saved = Path(before)
        if selinux_host.running_policy() == saved.read_bytes():
            continue
        on_disk, _, digest = file.partition("@")
        data = Path(on_disk).read_bytes()
        # Another policy on disk than at the beginning is newer than what was saved.
        selinux_host.load_policy(saved.read_bytes() if sha256(data) == digest else data)


def _stop_units(things: _Things, keep: Sequence[int]) -> None:
    units.stop(list(things), keep)


def _reset_units(things: _Things, keep: Sequence[int]) -> None:
    # Stopped and started even if they run now: they may run in a domain of the recording.
    units.stop(list(things), keep)
    units.start([unit for unit, (before, _) in things.items() if before == ACTIVE], keep)


def _set_labels(things: _Things, keep: Sequence[int]) -> None:
    for path, (_, after) in things.items():
        selinux_host.write_label(Path(path), after)


def _reset_labels(things: _Things, keep: Sequence[int]) -> None:
    for path, (before, after) in things.items():
        # After a boot the policy does not know the recording's types.
        if selinux_host.has_label(Path(path), after):
            selinux_host.write_label(Path(path), before)


def sha256(data: bytes) -> str:
    """Return the sha256 of DATA, in hex."""
    return hashlib.sha256(data).hexdigest()


_Function = Callable[[_Things, Sequence[int]], None]

_APPLY: Mapping[Kind, _Function] = {
    Kind.AUDITD: _set_auditd,
    Kind.SETTING: _set_settings,
    Kind.RULE: _set_rules,
    Kind.POLICY: _set_policy,
    Kind.UNIT: _stop_units,
    Kind.LABEL: _set_labels,
}
_UNDO: Mapping[Kind, _Function] = {
    Kind.AUDITD: _reset_auditd,
    Kind.SETTING: _reset_settings,
    Kind.RULE: _reset_rules,
    Kind.POLICY: _reset_policy,
    Kind.UNIT: _reset_units,
    Kind.LABEL: _reset_labels,
}
