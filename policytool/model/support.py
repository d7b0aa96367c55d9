# SPDX-License-Identifier: GPL-2.0-or-later
"""How well an access is supported: in how many scenarios and recordings it was seen, and since when.

A scenario is a trace (a raw log, or a part of a bundle), a recording is a bundle or a raw log. A merged bundle is
one recording: it does not tell how many it is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from policytool.model.access import Evidence
from policytool.model.event import MAX_MILLISECONDS

# How names of scenarios end that ask for what a daemon has to refuse (docs/lab.md). Whether a call failed is no
# help: bundles are reduced to events that say something new, and success is not among what they say.
_WRONG = ("-wrong", "-refused")

# Of each trace by name the recordings that hold it.
Recordings = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What accesses are counted among: so many `scenarios` (0: not known), and of which `recordings` they are."""

    scenarios: int = 0
    recordings: Recordings = field(default_factory=dict)


NOT_TOLD = Sample()


@dataclass(frozen=True, slots=True)
class Support:
    """In how many `scenarios` and `recordings` (0: not known) something was seen.

    `since` is when it was first seen, in milliseconds since the epoch, 0 if the log has no times. `only` names the
    scenarios where that says most: the one that shows it, or several if all of them ask for what has to be refused.
    `known` is false where some of its uses are not known, so that there may be more scenarios, and `counted` where
    there may be more recordings.
    """

    scenarios: int
    recordings: int
    since: int
    only: tuple[str, ...] = ()
    known: bool = True
    counted: bool = True

    @property
    def once(self) -> bool:
        """Whether one scenario alone shows it."""
        return self.known and self.scenarios == 1

    @property
    def on_error(self) -> bool:
        """Whether only scenarios show it that ask for what has to be refused, as their names say."""
        return bool(self.only) and all(map(_is_wrong, self.only))

    def text(self, of: int = 0) -> str:
        """Say it, OF so many scenarios (0: not known)."""
        number = f"{self.scenarios} of {of}" if of else f"{self.scenarios}"
        least = "" if self.known else "at least "
        words = f"in {least}{number} scenario{_s(of or self.scenarios)}"
        if self.recordings:
            least = "at least " if self.known and not self.counted else ""
            words += f", {least}{self.recordings} recording{_s(self.recordings)}"
        if not 0 < self.since <= MAX_MILLISECONDS:
            return words
        return f"{words}, since {datetime.fromtimestamp(self.since // 1000, UTC):%Y-%m-%d}"

    def weak(self, of: int = 0) -> str:
        """Say what is doubtful about it, OF so many scenarios; "" if nothing is, or if there is but one."""
        if of == 1:
            return ""
        if self.on_error and len(self.only) > 1:
            return f"seen only in scenarios of wrong input: {', '.join(self.only)}"
        if not self.once:
            return ""
        return f"seen in {self.only[0]} alone{', a scenario of wrong input' if self.on_error else ''}"


def support(evidence: Evidence, sample: Sample = NOT_TOLD) -> Support:
    """Return what EVIDENCE says of how well the access is supported in SAMPLE.

    Of a trace that is in several recordings, nobody knows in which of them the access was seen: they count as one
    then.
    """
    names = dict.fromkeys(use.trace for use, _ in evidence.uses)
    sure: set[str] = set()
    unsure = []
    for name in names:
        of = sample.recordings.get(name, ())
        if len(of) > 1:
            unsure.append(of)
        sure.update(of if len(of) == 1 else ())
    others = any(sure.isdisjoint(of) for of in unsure)
    telling = evidence.whole and (len(names) == 1 or all(map(_is_wrong, names)))
    only = tuple(sorted(names)) if telling else ()
    counted = len(sure) + others
    return Support(len(names), counted, evidence.first, only, evidence.whole, evidence.whole and not unsure)


def scenarios_of(every: Iterable[Evidence]) -> tuple[str, ...]:
    """Return the names of the scenarios that EVERY evidence is from, sorted."""
    return tuple(sorted({use.trace for evidence in every for use, _ in evidence.uses}))


def _is_wrong(name: str) -> bool:
    return name.endswith(_WRONG)


def _s(number: int) -> str:
    return "" if number == 1 else "s"
