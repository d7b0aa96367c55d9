# SPDX-License-Identifier: GPL-2.0-or-later
"""Which permissions no step needs: what to take away in the next trial, and what the trials so far have shown.

Group testing. The first trial takes everything away that is in doubt. Where steps fail, half of what was denied to
them is given back for the next trial; once all steps pass, what is still away is spare for good. If a step failed
without some permissions and passes without all of them but one, it needs that one. What else was given back is
tried one by one: of that, many are needed. So n permissions of which few are needed take few trials.

A daemon may end at its first denial. If that alone was denied, and with it the step gets as far as another denial,
of what was away before as well, the step needs it: a chain of such permissions takes a trial for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from policytool.model.access import AccessKey

# A step of a scenario: scenario, daemon, name.
StepName = tuple[str, str, str]


class Necessity(StrEnum):
    """What the trials say of a permission."""

    NEEDED = "needed"
    SPARE = "spare"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Trial:
    """One enforced run of scenarios without the permissions `removed`.

    `steps` are in their order, with whether each was ok. `denied` are those of `removed` that were denied, by the
    scenario and the step (daemon and name) in which they were; ("", "") is before the first.
    """

    removed: frozenset[AccessKey]
    steps: tuple[tuple[StepName, bool], ...]
    denied: Mapping[tuple[str, str], frozenset[AccessKey]]

    @property
    def clean(self) -> bool:
        """Whether every step was ok."""
        return bool(self.steps) and all(ok for _, ok in self.steps)

    @property
    def asked(self) -> frozenset[AccessKey]:
        """All that was denied."""
        return frozenset().union(*self.denied.values())

    @property
    def failures(self) -> tuple[StepName, ...]:
        """The first step of each scenario that failed; later ones may fail for it."""
        first: dict[str, StepName] = {}
        for step, ok in self.steps:
            if not ok:
                first.setdefault(step[0], step)
        return tuple(first.values())

    def suspects(self, step: StepName, doubted: frozenset[AccessKey]) -> frozenset[AccessKey]:
        """Return those of DOUBTED that may be why STEP failed.

        They were denied in it; else earlier in its scenario; else earlier in the run; else they were just away.
        """
        in_step = self.denied.get((step[0], f"{step[1]} {step[2]}"), frozenset())
        in_scenario, in_run = self._denied_until(step)
        away = doubted & self.removed
        return next((found for keys in (in_step, in_scenario, in_run) if (found := keys & away)), away)

    def denied_to(self, step: StepName) -> frozenset[AccessKey]:
        """Return what was denied in the scenario of STEP until its end."""
        return self._denied_until(step)[0]

    def _denied_until(self, step: StepName) -> tuple[frozenset[AccessKey], frozenset[AccessKey]]:
        """Return what was denied until the end of STEP: in its scenario, and in the whole run."""
        in_scenario: frozenset[AccessKey] = frozenset()
        in_run: frozenset[AccessKey] = frozenset()
        for (where, name), keys in self.denied.items():
            in_run |= keys
            if where == step[0]:
                in_scenario |= keys
                if name == f"{step[1]} {step[2]}":
                    break
        return in_scenario, in_run


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known after some trials. `needed` holds the step that each needed permission is needed by.

    `asked` are those of `spare` that were denied in a clean trial; the others no step asked for. `next` is what the
    next trial takes away; None when all is known.
    """

    spare: frozenset[AccessKey] = frozenset()
    asked: frozenset[AccessKey] = frozenset()
    needed: Mapping[AccessKey, StepName] = field(default_factory=dict)
    next: frozenset[AccessKey] | None = None

    def verdict(self, key: AccessKey) -> Necessity:
        """Return what is known of KEY."""
        if key in self.needed:
            return Necessity.NEEDED
        return Necessity.SPARE if key in self.spare else Necessity.OPEN


def judge(candidates: Collection[AccessKey], trials: Sequence[Trial]) -> Judged:
    """Return what TRIALS of the same scenarios, in their order, say of CANDIDATES.

    Where steps failed twice although nothing that is in doubt was away, the scenarios fail by themselves: then
    `next` is None, and what is left stays open.
    """
    known = _Known(frozenset(candidates))
    for trial in trials:
        known.take(trial)
    return known.judged()


class _Known:
    """What is known so far. `group` is what the next trial takes away beside what is spare.

    It only shrinks until a trial is clean; then each that is left is a group of its own.
    """

    def __init__(self, candidates: frozenset[AccessKey]) -> None:
        self.candidates = candidates
        self.spare: frozenset[AccessKey] = frozenset()
        self.asked: frozenset[AccessKey] = frozenset()
        self.needed: dict[AccessKey, StepName] = {}
        self.group = candidates
        # For a step that failed, those of which it needs at least one.
        self.suspects: dict[StepName, frozenset[AccessKey]] = {}
        # The trial in which it last failed.
        self.failed_in: dict[StepName, Trial] = {}
        # The steps of the last clean trial, in which just what is spare was away.
        self.passed: frozenset[StepName] = frozenset()
        self.failed_by_itself = 0

    @property
    def left(self) -> frozenset[AccessKey]:
        return self.candidates - self.spare - self.needed.keys()

    def take(self, trial: Trial) -> None:
        """Take in the next trial."""
        self._hear({step for step, ok in trial.steps if ok}, trial.removed)
        self._see_further(trial)
        if trial.clean:
            self.spare |= trial.removed
            self.asked |= trial.removed & trial.asked
            self.passed = frozenset(step for step, _ in trial.steps)
            self._begin()
        elif trial.removed - self.spare > self.group:
            # Kept from when more was in doubt: what failed may have failed for that.
            pass
        elif self.group and (not self.passed or trial.asked & self.group):
            found = {step: trial.suspects(step, self.group) for step in trial.failures}
            self.suspects |= found
            self.failed_in |= dict.fromkeys(found, trial)
            self.group -= _given_back(found.values())
        else:
            self.failed_by_itself += 1
        if not self.group and self.passed:
            # Without just what is spare all steps passed: there is no need to try that again.
            self._hear(self.passed, self.spare)
            self._begin()

    def _hear(self, passed: Collection[StepName], removed: frozenset[AccessKey]) -> None:
        """Learn from steps that PASSED without what was REMOVED."""
        for step in self.suspects.keys() & passed:
            self.suspects[step] -= removed
            if len(self.suspects[step]) == 1:
                self.needed[next(iter(self.suspects[step]))] = step
        explained = self.needed.keys()
        self.suspects = {step: keys for step, keys in self.suspects.items() if keys and not keys & explained}

    def _see_further(self, trial: Trial) -> None:
        """Learn from steps that failed again, but later: what is denied now was away before, and not denied."""
        for step in trial.failures:
            if step in self.suspects and len(self.suspects[step]) == 1 and not self.suspects[step] & trial.removed:
                before = self.failed_in[step]
                if (trial.denied_to(step) & before.removed) - before.denied_to(step):
                    self.needed[next(iter(self.suspects[step]))] = step

    def _begin(self) -> None:
        left = self.left - _given_back(self.suspects.values())
        self.group = frozenset(sorted(left)[:1]) if self.passed else left

    def judged(self) -> Judged:
        """Return it."""
        done = not self.left or self.failed_by_itself > 1
        return Judged(self.spare, self.asked, dict(self.needed), None if done else self.spare | self.group)


def _given_back(suspects: Iterable[frozenset[AccessKey]]) -> frozenset[AccessKey]:
    """Return the half of each of SUSPECTS that the next trial gives back; the larger one, and one alone whole."""
    return frozenset(key for keys in suspects for key in sorted(keys)[len(keys) // 2 :])
