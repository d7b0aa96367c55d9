# SPDX-License-Identifier: GPL-2.0-or-later
"""What enforced runs say of accesses: that all steps passed without them, or which step failed without one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policytool.model.access import AccessKey

# Lies beside the modules that it is about; whatever makes modules reads it there, like accepted.toml.
ABLATION_FILE = "ablation.json"


class EnforcedRunError(ValueError):
    """It is no result of an enforced run, or of one that says nothing."""


@dataclass(frozen=True, slots=True)
class EnforcedRuns:
    """`hidden` are accesses that runs passed without, `needed` those that stay, each with the reason in words."""

    hidden: Mapping[AccessKey, str] = field(default_factory=dict)
    needed: Mapping[AccessKey, str] = field(default_factory=dict)

    def joined(self, other: EnforcedRuns) -> EnforcedRuns:
        """Return both; what one run needs is not hidden because another passed without it."""
        needed = {**self.needed, **other.needed}
        hidden = {**self.hidden, **other.hidden}
        return EnforcedRuns({key: why for key, why in hidden.items() if key not in needed}, needed)

    def keeping(self, kept: Mapping[AccessKey, str]) -> EnforcedRuns:
        """Return them for somebody who keeps what is in KEPT though a run passed without it, with the reasons."""
        needed = {key: f"kept: {why}; {self.hidden[key]}" for key, why in kept.items() if key in self.hidden}
        hidden = {key: why for key, why in self.hidden.items() if key not in kept}
        return EnforcedRuns(hidden, {**self.needed, **needed})


def read_enforced_runs(text: str) -> EnforcedRuns:
    """Read the result of `lab enforce --json` or of `lab ablate`.

    Raise EnforcedRunError if it is neither, or if a step of an enforced run failed or records were lost: then
    nobody knows that it passed.
    """
    try:
        document = json.loads(text)
        if "permissions" in document:
            return _ablated(document["permissions"])
        steps, lost = document["steps"], document["lost"]
        keys = frozenset(_key(denial) for denial in document["denials"])
        passed = bool(steps) and all(step["ok"] is True for step in steps)
    except (KeyError, TypeError, ValueError) as error:
        raise EnforcedRunError(f"not a result of lab enforce --json or lab ablate: {error}") from error
    if not passed or lost != 0:
        raise EnforcedRunError(
            "the enforced run failed steps or lost records, so it did not pass without these accesses"
        )
    return EnforcedRuns(dict.fromkeys(keys, "an enforced run passed without it"))


def _ablated(permissions: list[Any]) -> EnforcedRuns:
    needed, hidden = {}, {}
    for row in permissions:
        if row["verdict"] == "needed":
            scenario, daemon, step = (_word(word) for word in row["step"])
            needed[_key(row)] = f"needed: {daemon} {step} of {scenario} fails without it"
        elif row["verdict"] == "spare":
            tried = ", ".join(_word(name) for name in row["batches"])
            hidden[_key(row)] = f"all steps of {tried} passed without it"
    return EnforcedRuns(hidden, needed)


def _key(row: Mapping[str, object]) -> AccessKey:
    return _word(row["source"]), _word(row["target"]), _word(row["tclass"]), _word(row["perm"])


def _word(word: object) -> str:
    if not isinstance(word, str):
        raise ValueError(f"{word!r} is no name")
    return word
