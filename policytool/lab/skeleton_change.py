# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether modules have another skeleton than that which they were recorded under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# Declarations and transitions, a line each in refpolicy source; file contexts have a file of their own.
_STATEMENTS = ("type ", "type_transition ", "typeattribute ", "role ")


@dataclass(frozen=True, slots=True)
class SkeletonChange:
    """The statements of one daemon's skeleton that are new, and those that are gone; sorted."""

    new: tuple[str, ...]
    gone: tuple[str, ...]

    def text(self) -> str:
        """Return how many they are, with an example."""
        return (
            f"{len(self.new)} statements are new and {len(self.gone)} gone, one is `{(*self.new, *self.gone)[0]}`"
        )


def skeleton_changes(before: Path, after: Path) -> Mapping[str, SkeletonChange]:
    """Compare the skeletons of the modules in the folders BEFORE and AFTER, one folder in each a daemon."""
    old, new = _skeletons(before), _skeletons(after)
    found = {}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, frozenset()), new.get(name, frozenset())
        if was != now:
            found[name] = SkeletonChange(tuple(sorted(now - was)), tuple(sorted(was - now)))
    return found


def _skeletons(folder: Path) -> Mapping[str, frozenset[str]]:
    return {module.name: frozenset(_statements(module)) for module in folder.iterdir() if module.is_dir()}


def _statements(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.te"):
        for line in path.read_text("utf-8").splitlines():
            # What a module requires of the base is indented, and so are the transitions in optional blocks.
            statement = line.strip()
            if statement.startswith("type_transition ") or line.startswith(_STATEMENTS):
                yield statement
    for path in folder.glob("*.fc"):
        for line in path.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                yield " ".join(line.split())
