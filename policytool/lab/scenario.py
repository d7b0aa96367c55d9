# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: shell scripts that work a daemon and print `STEP daemon name ok|FAIL` for each step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from policytool.errors import UsageError
from policytool.lab.machine_kind import PLAIN, MachineKind

SHIPPED = PLAIN.scenarios
_RUNNER = Path(__file__).parent / "guest" / "scenarios"
_RUNNER_NAME = "scenarios"

# The file that every scenario reads: what steps are.
STEPS = "steps"

# So many steps a boot at most: recorded, 500 write 4 GB of log, more than the machine's disk is good for.
MOST_STEPS = 210

_THIN = re.compile(r"^# thin: (.+)$", re.MULTILINE)
_STEP = re.compile(r"^(?:    )?(?:step|refuse) |; do (?:step|refuse) ")
# The machine has its payload there.
_READ = re.compile(r"/mnt/([\w.-]+)")
_LOOP = re.compile(r"for \w+ in ([^;]+); do")


def names(folder: Path = SHIPPED) -> tuple[str, ...]:
    """Return the names of the scenarios in FOLDER, in the order in which they run."""
    return tuple(path.stem for path in sorted(folder.glob("*.sh")))


def thin(name: str, folder: Path = SHIPPED) -> str | None:
    """Return why the scenario NAME says little of its daemon (its comment `# thin: why`), None if it does not.

    A thin scenario can only start its daemon and see it refuse; averages over daemons leave it out.
    """
    found = _THIN.search(_text(name, folder))
    return found[1] if found else None


def steps(name: str, folder: Path = SHIPPED) -> int:
    """Return how many steps the scenario NAME of FOLDER has; one in a loop counts as often as it runs."""
    count = times = 0
    for line in _text(name, folder).splitlines():
        if found := _LOOP.match(line):
            times = len(found[1].split())
        if _STEP.search(line):
            count += times or 1
        if line.endswith("done"):
            times = 0
    return count


def _text(name: str, folder: Path) -> str:
    return (folder / f"{name}.sh").read_text("utf-8")


def choose(wanted: Sequence[str], workload: Path | None = None, folder: Path = SHIPPED) -> dict[str, Path]:
    """Return the files of a payload: WANTED scenarios (a name, or a daemon's for all of its), all if none is named.

    The scenarios are in FOLDER, with the files that they read. What a step is, all read from the same file.
    WORKLOAD is a script of the user's own, which takes the place of all shipped ones when none is named.
    UsageError when there is no such scenario.
    """
    shipped = names(folder)
    _require(wanted, shipped)
    chosen = _named(wanted, shipped) if wanted or workload else shipped
    files = {f"{name}.sh": folder / f"{name}.sh" for name in chosen}
    if workload:
        files[f"{workload.stem}.sh"] = workload
    others = {path.name: path for path in folder.iterdir() if path.is_file() and path.suffix != ".sh"}
    return _payload(files, {**others, STEPS: SHIPPED / STEPS, _RUNNER_NAME: _RUNNER})


def choose_for(kinds: Sequence[MachineKind], wanted: Sequence[str]) -> list[tuple[MachineKind, dict[str, Path]]]:
    """Return a payload, as of `choose`, for each of KINDS that can run any of the WANTED scenarios."""
    _require(wanted, [name for kind in kinds for name in names(kind.scenarios)])
    found = []
    for kind in kinds:
        shipped = names(kind.scenarios)
        if chosen := _named(wanted, shipped) if wanted else shipped:
            found.append((kind, choose(chosen, folder=kind.scenarios)))
    return found


def _require(wanted: Sequence[str], shipped: Sequence[str]) -> None:
    for word in wanted:
        if not _named([word], shipped):
            raise UsageError(f"there is no scenario {word!r}; there are {', '.join(shipped)}")


def _named(wanted: Sequence[str], shipped: Sequence[str]) -> tuple[str, ...]:
    """Return those of SHIPPED that WANTED names, itself or by its first word, in the order of WANTED."""
    found = (name for word in wanted for name in shipped if word in (name, name.split("-")[0]))
    return tuple(dict.fromkeys(found))


def _payload(scripts: Mapping[str, Path], others: Mapping[str, Path]) -> dict[str, Path]:
    """Return SCRIPTS with what runs them, and those of OTHERS that they read, or that these read."""
    found = {**scripts, **{name: others[name] for name in (STEPS, _RUNNER_NAME) if name in others}}
    left = list(found.values())
    while left:
        for name in _READ.findall(left.pop().read_text("utf-8", "replace")):
            if name in others and name not in found:
                found[name] = others[name]
                left.append(found[name])
    return found


def one_batch(payload: Mapping[str, Path], script: str) -> dict[str, Path]:
    """Return SCRIPT of PAYLOAD, with the files that it reads."""
    others = {name: path for name, path in payload.items() if not name.endswith(".sh")}
    return _payload({script: payload[script]}, others)


def batches(payload: Mapping[str, Path], most: int = MOST_STEPS) -> dict[str, dict[str, Path]]:
    """Split PAYLOAD into one for each daemon that its scenarios are named after, in the order of those names.

    One boot each: no log outgrows the machine's disk, and what is interrupted goes on with the next one. A daemon
    whose scenarios have more than MOST steps gets several, named DAEMON, DAEMON-2 and so on.
    """
    others = {name: path for name, path in payload.items() if not name.endswith(".sh")}
    found: dict[str, dict[str, Path]] = {}
    filled: dict[str, list[int]] = {}
    for name in sorted(payload.keys() - others.keys()):
        path = payload[name]
        daemon = name.removesuffix(".sh").split("-")[0]
        count = steps(path.stem, path.parent)
        boots = filled.setdefault(daemon, [0])
        if boots[-1] and boots[-1] + count > most:
            boots.append(0)
        boots[-1] += count
        batch = daemon if len(boots) == 1 else f"{daemon}-{len(boots)}"
        found.setdefault(batch, {})[name] = path
    return {batch: _payload(scripts, others) for batch, scripts in found.items()}
