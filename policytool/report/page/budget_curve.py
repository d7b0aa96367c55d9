# SPDX-License-Identifier: GPL-2.0-or-later
"""What the document of `holdout` says of all daemons together: what more permissions than were seen would save."""

from __future__ import annotations

import json
from dataclasses import dataclass


class CurveError(ValueError):
    """A text that is not the document of `holdout`."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What a budget buys: ADDED permissions in all modules, and so many denials SAVED.

    SHARE is the budget as a part of the permissions of each module.
    """

    share: float
    added: float
    saved: int


@dataclass(frozen=True, slots=True)
class BudgetCurve:
    """Each scenario of DAEMONS (so many) was left out once: DENIED accesses, and what budgets would have bought."""

    daemons: int
    denied: int
    bought: tuple[Bought, ...]


def read_curve(text: str) -> BudgetCurve:
    """Read the document of `holdout --json`; raise CurveError when TEXT is not one, or nothing was left out."""
    try:
        daemons = [daemon for daemon in json.loads(text)["daemons"] if daemon["exact"]["scenarios"]]
        denied = sum(int(daemon["exact"]["denied"]) for daemon in daemons)
        found: dict[float, Bought] = {}
        for daemon in daemons:
            for budget in daemon["budgets"]:
                share = float(budget["share"])
                before = found.get(share, Bought(share, 0.0, 0))
                added, saved = float(budget["added_triples"]), int(budget["saved"])
                found[share] = Bought(share, before.added + added, before.saved + saved)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CurveError(f"not what holdout --json prints: {error}") from error
    if not denied:
        raise CurveError("nothing was denied that had been left out, so that nothing could be saved")
    return BudgetCurve(len(daemons), denied, tuple(bought for _, bought in sorted(found.items())))
