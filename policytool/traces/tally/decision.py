# SPDX-License-Identifier: GPL-2.0-or-later
"""Parsed AVC fields, cached."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.model.event import AccessDecision
from policytool.traces.events.record_paths import path_of_decision


@dataclass(slots=True, eq=False)
class Known:
    """A decision that was read before.

    `access` has what is the same for many decisions: who may do what, but not of which object. The other fields are
    as in an AccessDecision; `path` is that of the record.
    """

    access: AccessDecision
    exe: str
    comm: str
    path: str
    name: str
    dev: str
    inode: int | None

    @property
    def tclass(self) -> str:
        """The class of the object."""
        return self.access.tclass

    @property
    def perms(self) -> tuple[str, ...]:
        """The permissions."""
        return self.access.perms


def known(access: AccessDecision, exe: str, comm: str, path: str, name: str, dev: str, inode: int | None) -> Known:
    """Return what is known of a decision, whose record has EXE, COMM, PATH, NAME, DEV and INODE."""
    return Known(access, exe, comm, path_of_decision(path), name, dev, inode)
