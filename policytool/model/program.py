# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that ran in a daemon's domain, and whose their accesses are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Whose(StrEnum):
    """Whose accesses those of a program are."""

    OWN = "own"
    HELPER = "helper"
    NESTED = "run by a helper"
    SETEXEC = "entered by setexec"
    STAYS = "stays"


@dataclass(frozen=True, slots=True, order=True)
class Program:
    """A program that ran in the domain DOMAIN, or was started from it.

    `path` is that of exe=, as the log has it, so hostile: writers must escape it. `exec_types` are the types of its
    file, `runs_in` the domains that its accesses belong to, `callers` the programs that were seen to run it.
    """

    domain: str
    path: str
    whose: Whose
    exec_types: tuple[str, ...] = ()
    runs_in: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Child:
    """A program at PATH that gets a domain of its own when the domain PARENT runs it, because a person said so."""

    parent: str
    path: str
    domain: str
    exec_type: str


@dataclass(frozen=True, slots=True, order=True)
class Helper:
    """A way out of a daemon's domain: running a program of EXEC_TYPE enters DOMAIN. `programs` are those seen."""

    exec_type: str
    domain: str
    programs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose the accesses in the domain DOMAIN are: its programs, its helpers, and which domains enter which.

    `runs_in` and `run_from` tell of each program that was run in DOMAIN where it would run under the helpers'
    transitions, and where whoever runs it would; a program that is in neither is the daemon's own. `enters` tells
    of (domain, type of a program) which domain comes next, where it is another one.
    """

    domain: str
    programs: tuple[Program, ...] = ()
    helpers: tuple[Helper, ...] = ()
    runs_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    run_from: Mapping[str, frozenset[str]] = field(default_factory=dict)
    enters: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def reached(self) -> frozenset[str]:
        """The domains that processes of the daemon come to be in: its own, its helpers', what it asks for."""
        return frozenset({self.domain}).union(*(program.runs_in for program in self.programs))
