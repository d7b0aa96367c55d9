# SPDX-License-Identifier: GPL-2.0-or-later
"""Who ran whom: the edges of the process tree that matter for whose access it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Execution:
    """A program that was run: by the program CALLER, and the type DOMAIN that it runs in since.

    Both are paths as the log has them in exe=, so hostile: writers must escape them.
    """

    domain: str
    caller: str
    program: str
