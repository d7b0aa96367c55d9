# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the objects of one trace were seen, in bounded memory; the same for any order of its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policytool.model.identity import MAX_SIGHTINGS, Place, Sighting, Sightings, cut


@dataclass(slots=True)
class _Times:
    first: int
    last: int
    gone: int


class Table:
    """The places of objects with the times at which they were seen there."""

    def __init__(self, most: int = MAX_SIGHTINGS) -> None:
        """MOST: how many are kept; there may be a quarter more in the meantime."""
        self._most = most
        self._times: dict[Place, _Times] = {}
        # Places of inodes from that number on are not kept.
        self._below: int | None = None

    def add(self, places: Iterable[tuple[Place, bool]], first: int, last: int) -> None:
        """Add PLACES, seen from FIRST to LAST (milliseconds), each with whether the object was removed."""
        for place, removed in places:
            if self._below is not None and place.inode >= self._below:
                continue
            gone = last if removed else 0
            times = self._times.get(place)
            if times is None:
                self._times[place] = _Times(first, last, gone)
                if len(self._times) > self._most + self._most // 4:
                    self._trim()
            else:
                times.first = min(times.first, first)
                times.last = max(times.last, last)
                times.gone = max(times.gone, gone)

    def _trim(self) -> None:
        limit = cut(self._times, self._most)
        if limit is not None:
            self._below = limit
            self._times = {place: times for place, times in self._times.items() if place.inode < limit}

    def sightings(self, trace: str) -> Sightings:
        """Return what was seen so far, in TRACE."""
        self._trim()
        seen = sorted(Sighting(trace, place, t.first, t.last, t.gone) for place, t in self._times.items())
        return Sightings(tuple(seen), () if self._below is None else ((trace, self._below),))
