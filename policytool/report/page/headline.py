# SPDX-License-Identifier: GPL-2.0-or-later
"""The page's first sentences: how much less the domains may do than what they replace, and how far they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policytool.report.page.facts import DomainFacts, DomainKind, PageFacts


@dataclass(frozen=True, slots=True)
class Headline:
    """TITLE says it in one line; SENTENCES give the figures behind it, what speaks against it included."""

    title: str
    sentences: tuple[str, ...]


def headline(facts: PageFacts) -> Headline:
    """Return the headline of FACTS: of the new domains if there are any, else of all that the modules are about."""
    new = [each for each in facts.confined if each.kind is DomainKind.NEW]
    told = new or list(facts.confined)
    kind = "new domains" if new else "domains"
    if not told or not facts.before:
        return Headline("Candidate modules", ())
    whole = max(facts.before, key=lambda each: each.row.stored)
    return Headline(_title(told, whole, kind), (_surface(told, whole, kind), *_reach(told, whole)))


def _title(told: Sequence[DomainFacts], whole: DomainFacts, kind: str) -> str:
    most = told[-1].row.stored
    ratio = whole.row.stored / most if most else 0.0
    if ratio < 1:
        return f"{told[-1].name} may do more than {whole.name}"
    times = f"{int(ratio):,}" if ratio >= 10 else f"{int(ratio * 10) / 10}"
    if len(told) == 1:
        return f"{told[0].name} may do {times} times less than {whole.name}"
    return f"Each of {len(told)} {kind} may do at least {times} times less than {whole.name}"


def _surface(told: Sequence[DomainFacts], whole: DomainFacts, kind: str) -> str:
    least, most = (each.row.stored for each in (told[0], told[-1]))
    holds = f"{whole.name} holds {whole.row.stored:,} permissions"
    if len(told) == 1:
        return f"{holds}, {told[0].name} {most:,}."
    return f"{holds}. The {len(told)} {kind} hold {least:,} to {most:,} each."


def _reach(told: Sequence[DomainFacts], whole: DomainFacts) -> tuple[str]:
    nowhere = sum(not each.reach.reached for each in told)
    furthest = max(told, key=lambda each: len(each.reach.reached))
    parts = [
        f"Compromised, {whole.name} can enter {len(whole.reach.reached)} of {whole.reach.domains} other domains."
    ]
    if nowhere:
        parts.append(f"{nowhere} of the {len(told)} can enter none." if len(told) > 1 else f"{told[0].name} none.")
    if furthest.reach.reached:
        name = f"The one that gets furthest, {furthest.name}," if len(told) > 1 else furthest.name
        parts.append(f"{name} enters {len(furthest.reach.reached)}.")
    return (" ".join(parts),)
