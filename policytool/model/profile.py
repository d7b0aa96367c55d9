# SPDX-License-Identifier: GPL-2.0-or-later
"""What is chosen of a module before it is made. Apart from modules, so that the command line knows it at once."""

from __future__ import annotations

from enum import StrEnum


class ModuleFormat(StrEnum):
    """The languages that a module is written in."""

    REFPOLICY = "refpolicy"
    CIL = "cil"
    BOTH = "both"


class Profile(StrEnum):
    """How far a module may go beyond what was seen."""

    EXACT = "exact"
    ROBUST = "robust"
    INTERFACES = "interfaces"
