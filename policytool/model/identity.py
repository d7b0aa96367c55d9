# SPDX-License-Identifier: GPL-2.0-or-later
"""Which object of a file system an access was about where the record has no path: device, inode number and name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# How many sightings are kept of one trace. Those of the smallest inode numbers are, so that the same ones remain
# whatever the order in which logs are read or merged; an object with a larger number is then not told.
MAX_SIGHTINGS = 1 << 16


class Identity(NamedTuple):
    """An object without a path: what the record has of device, inode number and name, and the node that logged it.

    A device without an inode number stands for any object of a file system that the kernel keeps itself (proc).
    `entry` is the name of an entry where the access was about one in a folder: "/data" of `add_name` in the folder
    that the other fields tell, "/" where the entry has no name.
    """

    dev: str = ""
    inode: int = 0
    name: str = ""
    node: str = ""
    entry: str = ""


NOTHING = Identity()


class Place(NamedTuple):
    """Where an object was seen.

    `dev` is a device as a record has it: the name of an AVC record, or MAJOR:MINOR in hexadecimal; `tclass` is the
    object's class, "" unknown. `path` is "" where a record had only the name; then `name` is that. What is not
    SURE was concluded from the folders of another object's path.
    """

    inode: int
    dev: str
    node: str
    path: str
    name: str = ""
    tclass: str = ""
    sure: bool = True


class Sighting(NamedTuple):
    """A PLACE with the times, in milliseconds: from FIRST to LAST it was seen, at GONE last removed; 0 is never."""

    trace: str
    place: Place
    first: int
    last: int
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Sightings:
    """What was seen of the objects of some traces, sorted.

    `below` has for each trace that holds too many the number that the inodes of those that are kept are below.
    """

    seen: tuple[Sighting, ...] = ()
    below: tuple[tuple[str, int], ...] = ()

    def merge(self, *others: Sightings) -> Sightings:
        """Return what seeing all of them together would give; order-free."""
        every = (self, *others)
        if sum(bool(sightings.seen) for sightings in every) < 2:
            return next((sightings for sightings in every if sightings.seen), self)
        return joined(
            (sighting for part in every for sighting in part.seen),
            (limit for part in every for limit in part.below),
        )


NOT_SEEN = Sightings()


def joined(seen: Iterable[Sighting], below: Iterable[tuple[str, int]]) -> Sightings:
    """Join SEEN, of which those of each trace are complete BELOW a number."""
    limits: dict[str, int] = {}
    for trace, limit in below:
        limits[trace] = min(limit, limits.get(trace, limit))
    traces: dict[str, dict[Place, Sighting]] = {}
    for sighting in seen:
        if sighting.trace in limits and sighting.place.inode >= limits[sighting.trace]:
            continue
        places = traces.setdefault(sighting.trace, {})
        places[sighting.place] = _both(sighting, places.get(sighting.place, sighting))
    for trace, places in traces.items():
        if (most := cut(places)) is not None:
            limits[trace] = most
            traces[trace] = {place: sighting for place, sighting in places.items() if place.inode < most}
    return Sightings(
        tuple(sorted(sighting for places in traces.values() for sighting in places.values())),
        tuple(sorted(limits.items())),
    )


def cut(places: Iterable[Place], most: int = MAX_SIGHTINGS) -> int | None:
    """Return the inode number from which on PLACES are to be forgotten, None where they are no more than MOST."""
    every = sorted(place.inode for place in places)
    return every[most] if len(every) > most else None


def _both(sighting: Sighting, known: Sighting) -> Sighting:
    return Sighting(
        sighting.trace,
        sighting.place,
        min(sighting.first, known.first),
        max(sighting.last, known.last),
        max(sighting.gone, known.gone),
    )
