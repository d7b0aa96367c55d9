# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest says of itself, out of band of its console: one line a fact, on the second serial port.

BOOTED 6.1.0-32-cloud-amd64      the runner has started
SCENARIO virtsecretd-keep        what follows belongs to it
STEP virtsecretd define ok       a step of the scenario, ok or FAIL
OUT error: ...                   what a failed step said
NOTE lost-after 0                a fact: key, then value
REBOOT                           the machine starts again; it has BOOTED once more after it
DONE 0                           the runner has ended; 0, or why not all was run
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

_STEP = re.compile(r"STEP (?P<daemon>\S+) (?P<name>\S+) (?P<result>ok|FAIL)")


class Word(StrEnum):
    """The first words of status lines."""

    BOOTED = "BOOTED"
    SCENARIO = "SCENARIO"
    STEP = "STEP"
    OUT = "OUT"
    NOTE = "NOTE"
    REBOOT = "REBOOT"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scenario; `said` holds what it printed, if it failed."""

    scenario: str
    daemon: str
    name: str
    ok: bool
    said: tuple[str, ...] = ()


@dataclass
class Status:
    """All that has been read so far.

    `notes` are those of the last boot, `lost` is how many audit records the kernel has dropped in the boots that
    have ended, None where one did not say. `boots` counts how often the runner has started, `reboots` how often a
    scenario has restarted the machine. `unknown` are lines that are none of ours: noise of firmware or kernel.
    """

    kernel: str = ""
    steps: list[Step] = field(default_factory=list)
    scenarios: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    lost: int | None = 0
    boots: int = 0
    reboots: int = 0
    done: int | None = None
    unknown: int = 0

    @property
    def booted(self) -> bool:
        """Whether the runner has started."""
        return self.boots > 0

    @property
    def place(self) -> str:
        """Say where the guest was last heard of."""
        if not self.scenarios:
            return "before the first scenario" if self.booted else "before the runner had started"
        if not self.steps or self.steps[-1].scenario != self.scenarios[-1]:
            return f"in {self.scenarios[-1]}, before its first step"
        return f"in {self.scenarios[-1]}, after the step {self.steps[-1].name}"

    def read(self, line: str) -> None:
        """Take in one line."""
        word, _, rest = line.strip().partition(" ")
        match word:
            case Word.BOOTED:
                self.kernel = rest or "unknown"
                self.notes = {}
                self.boots += 1
            case Word.SCENARIO:
                self.scenarios.append(rest)
            case Word.STEP if match_ := _STEP.fullmatch(line.strip()):
                scenario = self.scenarios[-1] if self.scenarios else ""
                self.steps.append(Step(scenario, match_["daemon"], match_["name"], match_["result"] == "ok"))
            case Word.OUT if self.steps:
                last = self.steps[-1]
                if not last.ok:
                    self.steps[-1] = Step(last.scenario, last.daemon, last.name, False, (*last.said, rest))
            case Word.NOTE:
                key, _, value = rest.partition(" ")
                self.notes[key] = value
            case Word.REBOOT:
                self.reboots += 1
                self._count_lost()
            case Word.DONE:
                self.done = int(rest) if rest.isdigit() else 255
                self._count_lost()
            case _:
                self.unknown += 1

    def _count_lost(self) -> None:
        before, after = (self.notes.get(f"lost-{when}", "") for when in ("before", "after"))
        if self.lost is not None:
            known = before.isdigit() and after.isdigit()
            self.lost = self.lost + int(after) - int(before) if known else None
