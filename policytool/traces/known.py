# SPDX-License-Identifier: GPL-2.0-or-later
"""Parsed AVC fields, cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policytool.model.event import AccessDecision, PathItem
from policytool.traces.assemble import target_path, tidy


@dataclass(slots=True, eq=False)
class Known:
    """A decision that was read before.

    `access` has what is the same for many decisions: who may do what, but not of which object. The other fields are
    as in an AccessDecision; `path` is the object's where no PATH record is to be asked.
    """

    access: AccessDecision
    program: str
    path: str
    asks_paths: bool
    name: str
    dev: str
    inode: int | None


def known(access: AccessDecision, program: str, path: str, name: str, dev: str, inode: int | None) -> Known:
    """Return what is known of a decision, whose record has PATH, NAME, DEV and INODE; PROGRAM asked."""
    found = tidy(path, "") or target_path(name, dev, inode, (), "")
    return Known(access, program, found, not path and (inode is not None or bool(name)), name, dev, inode)


def path_of(decision: Known, items: Sequence[PathItem]) -> str:
    """Name the object of a decision, with the help of the event's PATH records."""
    if decision.asks_paths and items:
        return target_path(decision.name, decision.dev, decision.inode, items, "")
    return decision.path
