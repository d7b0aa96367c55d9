# SPDX-License-Identifier: GPL-2.0-or-later
"""How often what signs speak for was really needed: counted in scenarios that were left out of recordings.

A row says of some levels of signs how many accesses with them were not seen (`tried`), and how many of those the
scenario that was left out then needed. Rows with few examples lean on what each sign says by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from math import exp, log

from policytool.generate.signs import Levels
from policytool.policy.held_together import Held

# So many examples of its own weigh as much as what the signs say each by itself; so many of a sign as much as the
# mean of all.
_ROW_WEIGHT = 30
_SIGN_WEIGHT = 50

_FILE = "chances.tsv"


@dataclass(frozen=True, slots=True)
class Trials:
    """So many accesses were TRIED, and so many of them NEEDED."""

    tried: int = 0
    needed: int = 0

    def plus(self, tried: int, needed: int) -> Trials:
        """Return both together."""
        return Trials(self.tried + tried, self.needed + needed)


@dataclass(frozen=True, eq=False)
class Chances:
    """The chance that a further scenario needs an access, by the levels of its signs."""

    rows: Mapping[Levels, Trials]
    _known: dict[Levels, float] = field(default_factory=dict)

    @property
    def learns(self) -> bool:
        """Whether anything was needed, so that there is something to learn from."""
        return self._total.needed > 0

    def of(self, levels: Levels) -> float:
        """Return the chance, 0.0 to 1.0, for LEVELS of signs; 0.0 where nothing was learned."""
        if levels not in self._known:
            self._known[levels] = self._chance(levels)
        return self._known[levels]

    def _chance(self, levels: Levels) -> float:
        whole = self._total
        if not whole.needed:
            return 0.0
        mean = whole.needed / whole.tried
        odds = log(mean)
        for sign in enumerate(levels):
            tally = self._signs.get(sign, Trials())
            odds += log((tally.needed + mean * _SIGN_WEIGHT) / (tally.tried + _SIGN_WEIGHT) / mean)
        alone = 1 / (1 + exp(-odds))
        row = self.rows.get(levels, Trials())
        return (row.needed + alone * _ROW_WEIGHT) / (row.tried + _ROW_WEIGHT)

    @cached_property
    def _total(self) -> Trials:
        return Trials(
            sum(tally.tried for tally in self.rows.values()), sum(tally.needed for tally in self.rows.values())
        )

    @cached_property
    def _signs(self) -> Mapping[tuple[int, int], Trials]:
        found: dict[tuple[int, int], Trials] = {}
        for levels, tally in self.rows.items():
            for sign in enumerate(levels):
                found[sign] = found.get(sign, Trials()).plus(tally.tried, tally.needed)
        return found


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of recordings: chances beside other daemons and ALONE, and which permissions are usual."""

    beside: Chances
    alone: Chances
    usual: Mapping[Held, float]


def joined(parts: Iterable[Chances]) -> Chances:
    """Return the chances that all of PARTS together give."""
    rows: dict[Levels, Trials] = {}
    for part in parts:
        for levels, tally in part.rows.items():
            rows[levels] = rows.get(levels, Trials()).plus(tally.tried, tally.needed)
    return Chances(rows)


def write_learned(learned: Learned) -> str:
    """Return LEARNED as the text that `parse_learned` reads: tab-separated, sorted."""
    return "".join(f"{line}\n" for line in _lines(learned))


def _lines(learned: Learned) -> Iterator[str]:
    yield "# What speaks for an access that was not seen, and how often it was needed:"
    yield "# docs/decisions/what-is-likely.md. Made by `policytool holdout TRACE… --learn FILE`."
    for kind, chances in (("beside", learned.beside), ("alone", learned.alone)):
        for levels, tally in sorted(chances.rows.items()):
            yield f"{kind}\t{'.'.join(map(str, levels))}\t{tally.tried}\t{tally.needed}"
    for (tclass, perm), part in sorted(learned.usual.items()):
        yield f"usual\t{tclass}\t{perm}\t{part:.4f}"


def parse_learned(text: str) -> Learned:
    """Read what `write_learned` wrote; ValueError for anything else."""
    rows: dict[str, dict[Levels, Trials]] = {"beside": {}, "alone": {}}
    usual: dict[Held, float] = {}
    for line in text.splitlines():
        match line.split("\t"):
            case [comment] if comment.startswith("#"):
                pass
            case ["usual", tclass, perm, part]:
                usual[tclass, perm] = float(part)
            case ["beside" | "alone" as kind, levels, tried, needed]:
                rows[kind][tuple(map(int, levels.split(".")))] = Trials(int(tried), int(needed))
            case _:
                raise ValueError(f"not a row of chances: {line!r}")
    return Learned(Chances(rows["beside"]), Chances(rows["alone"]), usual)


def shipped() -> Learned:
    """Return what was learned of the recordings that policytool is shipped with."""
    return parse_learned(files("policytool.generate").joinpath(_FILE).read_text("utf-8"))
