# SPDX-License-Identifier: GPL-2.0-or-later
"""Parsed AVC fields, cached."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.model.event import AccessDecision
from policytool.traces.events.record_paths import tidy


@dataclass(slots=True, eq=False)
class Known:
    """A decision that was read before.

    `access` has what is the same for many decisions: who may do what, but not of which object. The other fields are
    as in an AccessDecision; `path` is that of the record.
    """

    access: AccessDecision
    program: str
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


def known(access: AccessDecision, program: str, path: str, name: str, dev: str, inode: int | None) -> Known:
    """Return what is known of a decision, whose record has PATH, NAME, DEV and INODE; PROGRAM asked."""
    return Known(access, program, tidy(path, ""), name, dev, inode)
