# SPDX-License-Identifier: GPL-2.0-or-later
"""A proposal: what may serve better than the rule that an access gets."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.model.cure import Cure


@dataclass(frozen=True, slots=True, order=True)
class Proposal:
    """A cure that may serve better than a rule.

    `what` says it in the words of the policy language or of the administrator, `why` what in the base speaks for
    it, `takes` what else it takes, and `against` what speaks against it; "" where there is nothing to say. `new` is
    the domain or type that a transition gives.
    """

    cure: Cure
    what: str
    why: str
    takes: str = ""
    against: str = ""
    new: str = ""

    @property
    def text(self) -> str:
        """The proposal on one line."""
        more = [f"it takes {self.takes}"] if self.takes else []
        more += [f"but {self.against}"] if self.against else []
        return f"{self.cure}: {self.what} {'; '.join([self.why, *more])}"
