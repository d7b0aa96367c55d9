# SPDX-License-Identifier: GPL-2.0-or-later
"""What a list of accesses may be sorted and grouped by."""

from __future__ import annotations

from enum import StrEnum


class SortKey(StrEnum):
    """What accesses may be sorted by: counts and times from the largest, all else from the smallest."""

    COUNT = "count"
    FIRST = "first"
    LAST = "last"
    SOURCE = "source"
    TARGET = "target"
    CLASS = "tclass"
    PERMISSION = "perm"
    RESULT = "result"


class GroupKey(StrEnum):
    """What accesses may be grouped by; a rule is a (source, target, class)."""

    SOURCE = "source"
    TARGET = "target"
    CLASS = "tclass"
    PERMISSION = "perm"
    PROGRAM = "program"
    HOST = "host"
    RULE = "rule"
