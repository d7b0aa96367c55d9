# SPDX-License-Identifier: GPL-2.0-or-later
"""The cures: what becomes of an access that was seen."""

from __future__ import annotations

from enum import StrEnum


class Cure(StrEnum):
    """What an access needs.

    Triage gives each access one of them, but never PRIVATE_TYPE: that one says that the skeleton gives the object
    another type, under which the access is triaged.
    """

    GRANTED = "granted by base"
    ALLOW = "allow"
    TRANSITION = "transition"
    BOOLEAN = "boolean"
    DONTAUDIT = "dontaudit"
    CONSTRAINT = "constraint"
    REFUSED = "refused"
    UNMAPPED = "unmapped"
    LABEL = "label"
    PRIVATE_TYPE = "private type"
