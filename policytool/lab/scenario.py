# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: shell scripts that work a daemon and print `STEP daemon name ok|FAIL` for each step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from policytool.errors import UsageError

SHIPPED = Path(__file__).parent / "scenarios"
_RUNNER = Path(__file__).parent / "guest" / "scenarios"
_RUNNER_NAME = "scenarios"


def names(folder: Path = SHIPPED) -> tuple[str, ...]:
    """Return the names of the scenarios in FOLDER, in the order in which they run."""
    return tuple(path.stem for path in sorted(folder.glob("*.sh")))


def choose(wanted: Sequence[str], workload: Path | None = None) -> dict[str, Path]:
    """Return the files of a payload: WANTED scenarios (a name, or a daemon's for all of its), all if none is named.

    WORKLOAD is a script of the user's own, which takes the place of all shipped ones when none is named.
    UsageError when there is no such scenario.
    """
    shipped = names()
    chosen = [] if workload and not wanted else list(shipped)
    if wanted:
        chosen = []
        for word in wanted:
            found = [name for name in shipped if word in (name, name.split("-")[0])]
            if not found:
                raise UsageError(f"there is no scenario {word!r}; there are {', '.join(shipped)}")
            chosen += [name for name in found if name not in chosen]
    files = {f"{name}.sh": SHIPPED / f"{name}.sh" for name in chosen}
    if workload:
        files[f"{workload.stem}.sh"] = workload
    helpers = {path.name: path for path in SHIPPED.iterdir() if path.is_file() and path.suffix != ".sh"}
    return {**helpers, **files, _RUNNER_NAME: _RUNNER}
