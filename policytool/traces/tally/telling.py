# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects without a path, told by where the object with that device, inode number and name was seen.

An inode number is used again when its object is gone, other devices have it as well, and an object may have several
names. So an object is only told where one path is left; else its identity stays, and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from posixpath import dirname

from policytool.model.access import AccessVector, Use
from policytool.model.identity import NOT_SEEN, NOTHING, Identity, Sighting
from policytool.model.observation import Observations
from policytool.model.own_path import ENTRY_PERMS
from policytool.traces.events.devices import has_numbers, may_be_same
from policytool.traces.events.naming import fits_name

# The class of a path at which there were objects of several, one after another.
_SEVERAL = "several"

# Names of one folder on every system with systemd.
_TWO_NAMES = (("/var/run/", "/run/"), ("/var/lock/", "/run/lock/"))


def told(observations: Observations) -> Observations:
    """Return OBSERVATIONS with the paths of those objects without one that their sightings tell."""
    if not observations.sightings.seen:
        return observations
    objects = _Objects(observations.sightings.seen)
    vectors = tuple(_told(vector, objects) for vector in observations.vectors)
    return replace(observations, vectors=vectors, sightings=NOT_SEEN)


def _told(vector: AccessVector, objects: _Objects) -> AccessVector:
    uses = vector.evidence.uses
    if all(use.identity == NOTHING for use, _ in uses):
        return vector
    counts: dict[Use, int] = {}
    for use, count in uses:
        path = "" if use.identity == NOTHING else objects.path(use, vector.tclass, vector.perm)
        told_use = use._replace(path=path, identity=NOTHING) if path else use
        counts[told_use] = counts.get(told_use, 0) + count
    return replace(vector, evidence=replace(vector.evidence, uses=tuple(sorted(counts.items()))))


@dataclass(slots=True)
class _Seen:
    """One path of an inode: the class of its object, whether it is sure, and when it was last seen and removed."""

    tclass: str
    sure: bool
    last: int
    gone: int


class _Objects:
    """The objects of some traces, by inode."""

    def __init__(self, seen: Iterable[Sighting]) -> None:
        self._by_inode: dict[tuple[str, str, int], list[Sighting]] = {}
        for sighting in seen:
            self._by_inode.setdefault((sighting.trace, sighting.place.node, sighting.place.inode), []).append(
                sighting
            )
        self._names = _device_names(self._by_inode.values())
        self._known: dict[tuple[str, Identity, str], tuple[str, str]] = {}

    def path(self, use: Use, tclass: str, perm: str) -> str:
        """Return the path of a USE without one, of PERM on an object of TCLASS; "" if it cannot be told.

        It is the path that a use has: that of an entry for what is asked of a folder for it.
        """
        key = use.trace, use.identity, tclass
        if key not in self._known:
            self._known[key] = self._find(use.trace, use.identity, tclass)
        path, found = self._known[key]
        if not path or tclass != "dir":
            return path
        if perm in ENTRY_PERMS:
            if use.identity.entry:
                return path.rstrip("/") + use.identity.entry if found == "dir" else ""
            return path if found not in ("", "dir") else ""
        if found in ("", "dir"):
            return path
        # A search that goes with the removal of the entry.
        return dirname(path) if perm == "search" else ""

    def _find(self, trace: str, identity: Identity, tclass: str) -> tuple[str, str]:
        """Return path and class of the one object that IDENTITY may be."""
        if not identity.inode:
            return "", ""
        seen = [
            sighting
            for sighting in self._by_inode.get((trace, identity.node, identity.inode), ())
            if self._one_device(trace, identity.dev, sighting.place.dev)
        ]
        asked = [
            sighting
            for sighting in seen
            if not sighting.place.path
            and (sighting.place.name, sighting.place.dev) == (identity.name, identity.dev)
        ]
        if not asked:
            return "", ""
        places = _places(seen)
        sure = {path for path, seen_path in places.items() if seen_path.sure}
        named = {path for path in places if fits_name(path, identity.name)}
        fitting = {path for path in named & sure if _may_be(places[path].tclass, tclass)}
        if not sure:
            fitting = {path for path in named if tclass == "dir"}
        left = set()
        for path in fitting:
            gone = max(places[path].gone, *(sighting.gone for sighting in asked))
            if gone and places[path].last <= gone:
                if min(sighting.first for sighting in asked) > gone:
                    continue
                if max(sighting.last for sighting in asked) > gone:
                    return "", ""
            left.add(path)
        if len(left) != 1:
            return "", ""
        path = left.pop()
        return path, places[path].tclass

    def _one_device(self, trace: str, dev: str, other: str) -> bool:
        """Say whether DEV of an AVC record and OTHER, of a sighting, may be the same."""
        if dev == other or not dev or not other:
            return True
        if has_numbers(dev) or not has_numbers(other) or not may_be_same(dev, other):
            return False
        known = self._names.get((trace, other))
        return dev in known if known else True


def _places(seen: Iterable[Sighting]) -> Mapping[str, _Seen]:
    """Join the sightings of one inode by path."""
    places: dict[str, _Seen] = {}
    for sighting in seen:
        if not sighting.place.path:
            continue
        path = _one_name(sighting.place.path)
        known = places.get(path)
        if known is None:
            places[path] = _Seen(sighting.place.tclass, sighting.place.sure, sighting.last, sighting.gone)
            continue
        if sighting.place.tclass and known.tclass not in ("", sighting.place.tclass):
            known.tclass = _SEVERAL
        else:
            known.tclass = known.tclass or sighting.place.tclass
        known.sure = known.sure or sighting.place.sure
        known.last, known.gone = max(known.last, sighting.last), max(known.gone, sighting.gone)
    return places


def _may_be(tclass: str, asked: str) -> bool:
    """Say whether an object of TCLASS may be one that is ASKED for: a folder is for its entries, too."""
    return tclass in ("", asked) or (asked == "dir" and tclass != _SEVERAL)


def _one_name(path: str) -> str:
    for other, name in _TWO_NAMES:
        if path.startswith(other):
            return name + path[len(other) :]
    return path


def _device_names(inodes: Iterable[Iterable[Sighting]]) -> Mapping[tuple[str, str], set[str]]:
    """Return the names that each device with numbers has, by trace: an object was seen on both at one path."""
    found: dict[tuple[str, str], set[str]] = {}
    for seen in inodes:
        devices: dict[tuple[str, str], set[str]] = {}
        for sighting in seen:
            if sighting.place.path and sighting.place.sure:
                devices.setdefault((sighting.trace, sighting.place.path), set()).add(sighting.place.dev)
        for (trace, _), names in devices.items():
            numbers = {name for name in names if has_numbers(name)}
            if len(numbers) == 1 and len(names) == 2:
                (name,) = names - numbers
                found.setdefault((trace, numbers.pop()), set()).add(name)
    return found
