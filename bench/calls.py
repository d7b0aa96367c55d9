# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures on system calls and hardened units: `make calls` writes docs/calls.md, with --drop-ins DIR drop-ins.

Of the tables under traces/calls (`lab record --mode calls`), the recordings of accesses beside them, the modules
and the units of the lab's image; systemd-analyze of this machine rates them. tests/test_calls_page.py says whether
the page is of today's tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from policytool.hardening.call_comparison import CallComparison, CallSide, call_side, compare_calls
from policytool.lab.image import find_image
from policytool.toolchain.run import run
from policytool.traces.bundle.call_table import CallTable, joined_tables, read_call_table

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "traces" / "calls"
PAGE = ROOT / "docs" / "calls.md"
SUFFIX = ".calls.xz"

Json = Mapping[str, Any]

# The domain of a daemon whose name is not its domain's.
_DOMAINS = {"libvirtd": "virtd_t"}
# Shown of a list of names.
_SHOWN = 12


def main(words: Sequence[str]) -> int:
    """Measure, and write the page; or the drop-ins of the daemons named behind --drop-ins DIR."""
    tables = shipped()
    if words:
        _, folder, *daemons = words
        for name in daemons:
            harden(name, Path(folder), "-o", folder)
        return 0
    with tempfile.TemporaryDirectory() as work:
        names = [name for name in tables if (ROOT / "traces/libvirt" / name).is_dir()]
        hardened = {name: harden(name, Path(work)) for name in names}
    lines = [*head(tables), *recorded(tables), *matrix(tables), *drop_ins(hardened)]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"renewed: {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


def shipped() -> Mapping[str, CallTable]:
    """Return the tables that are shipped, by daemon; one with many scenarios has several, joined here."""
    found: dict[str, list[CallTable]] = {}
    for path in sorted(TABLES.glob(f"*{SUFFIX}")):
        name = path.name.removesuffix(SUFFIX).partition("-")[0]
        found.setdefault(name, []).append(read_call_table(str(path)))
    return {name: joined_tables(tables) for name, tables in found.items()}


def stamp() -> str:
    """Return a hash of the tables that are shipped."""
    whole = sha256()
    for path in sorted(TABLES.glob(f"*{SUFFIX}")):
        whole.update(f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def compared(tables: Mapping[str, CallTable]) -> CallComparison:
    """Compare the calls of the daemons' own domains."""
    return compare_calls([own(name, table) for name, table in tables.items()])


def own(name: str, table: CallTable) -> CallSide:
    """Return the calls of the domain of the daemon NAME."""
    return call_side(name, table.counted, domain(name), {})


def domain(name: str) -> str:
    """Return the domain of the daemon NAME."""
    return _DOMAINS.get(name, f"{name}_t")


def harden(name: str, folder: Path, *options: str) -> Json:
    """Run `policytool harden` for the daemon NAME with its unit, which is copied into FOLDER, and OPTIONS."""
    folder.mkdir(parents=True, exist_ok=True)
    unit = folder / f"{name}.service"
    image = find_image()
    if image is None:
        sys.exit("the units are those of the lab's image: policytool lab build")
    unit.write_bytes(run(["debugfs", "-R", f"cat /usr/lib/systemd/system/{unit.name}", image.disk]).stdout)
    traces = (path for end in ("", "-*") for path in sorted(ROOT.glob(f"traces/libvirt/{name}{end}")))
    tables = (path for end in ("", "-*") for path in sorted(TABLES.glob(f"{name}{end}{SUFFIX}")))
    words = ["harden", *(str(path.relative_to(ROOT)) for path in traces)]
    words += [word for path in tables for word in ("--calls", str(path.relative_to(ROOT)))]
    words += ["-d", name]
    done = subprocess.run(
        [sys.executable, "-m", "policytool", *words, "--policy", "policies", "--unit", unit, "--json", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"policytool {' '.join(words)} ended with {done.returncode}: {done.stderr}")
    found: Json = json.loads(done.stdout)
    return found


def head(tables: Mapping[str, CallTable]) -> Iterator[str]:
    """Say what the figures are of."""
    about = next(iter(tables.values())).about
    yield from (
        "# System calls, and what is made of them",
        "",
        "Made by `make calls`, never by hand. [lab.md](lab.md#system-calls) says how calls are recorded,",
        "[harden.md](harden.md) what the settings of units stand on.",
        "",
        f"- Tables: `traces/calls/`, with the hash `{stamp()}`; {size(TABLES.glob(f'*{SUFFIX}'))} bytes together",
        f"- Machine: Linux {about['kernel']}, libvirt {about['libvirt']}, {about['base']}",
        "",
    )


def size(paths: Iterator[Path]) -> str:
    """Return how many bytes PATHS have together."""
    return f"{sum(path.stat().st_size for path in paths):,}"


def recorded(tables: Mapping[str, CallTable]) -> Iterator[str]:
    """Say what was recorded of each daemon: its own domain, and all that were recorded with it."""
    yield from (
        "## What was recorded",
        "",
        "Calls of the daemon's own domain, and of all domains in its table (helpers, guests, other daemons that",
        "its scenarios need). *Kinds* are told apart by domain, program, call, arguments and error; *lost* is what",
        "the kernel had no room for.",
        "",
        "| daemon | scenarios | calls | names | kinds | all calls | all kinds | domains | lost |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    )
    for name, table in tables.items():
        mine = {call: count for call, count in table.counted.items() if call.domain == domain(name)}
        cells = (
            len(table.about["scenarios"].split(", ")),
            sum(mine.values()),
            len({call.name for call in mine}),
            len(mine),
            sum(table.counted.values()),
            len(table.counted),
            len({call.domain for call in table.counted}),
            table.lost,
        )
        yield f"| {name} | " + " | ".join(f"{cell:,}" for cell in cells) + " |"
    if "libvirtd" in tables:
        yield from ("", "libvirtd did the work of the modular daemons (bench/monolith.sh) in:", f"{told(tables)}.")
    yield ""


def told(tables: Mapping[str, CallTable]) -> str:
    """Return the scenarios in which libvirtd was recorded, but for the one that starts it."""
    return ", ".join(name for name in tables["libvirtd"].about["scenarios"].split(", ") if "monolith" not in name)


def matrix(tables: Mapping[str, CallTable]) -> Iterator[str]:
    """Say how many calls each two daemons share, and what one makes alone."""
    comparison = compared(tables)
    names = [side.name for side in comparison.sides]
    shared = {frozenset((pair.left, pair.right)): len(pair.shared) for pair in comparison.pairs}
    yield from (
        "## Who shares what",
        "",
        "Names of calls that both daemons' own domains make; on the diagonal those of one. *Alone* are those that",
        "no other one makes. `policytool trace calls --compare` says the same of any recordings, with systemd's",
        "sets.",
        "",
        f"| | {' | '.join(names)} | alone |",
        f"| --- |{' ---: |' * len(names)} --- |",
    )
    for side in comparison.sides:
        cells = [
            str(len(side.calls) if other == side.name else shared[frozenset((side.name, other))]) for other in names
        ]
        yield f"| {side.name} | {' | '.join(cells)} | {some(comparison.unique[side.name])} |"
    yield ""


def some(names: Sequence[str]) -> str:
    """Return the first of NAMES, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (" ".join(names[:_SHOWN]) or "none") + more


def drop_ins(hardened: Mapping[str, Json]) -> Iterator[str]:
    """Say what the drop-in of each daemon takes, and how systemd rates its unit."""
    version = run(["systemd-analyze", "--version"]).text.splitlines()[0]
    yield from (
        "## The drop-ins, and how systemd rates the units",
        "",
        "`policytool harden traces/libvirt/DAEMON --calls traces/calls/DAEMON.calls.xz -d DAEMON --policy policies",
        "--unit DAEMON.service`, libvirt's own; exposure (0 to 10) as `systemd-analyze security --offline=yes` has",
        f"it, without and with the drop-in ({version}). *Capabilities* are those left in the",
        "bounding set, *calls* the names that the unit needs, *words* those of the filter.",
        "",
        "| daemon | in force | held | calls | words | capabilities | before | after | why there is no filter |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    )
    for name, document in hardened.items():
        settings = {setting["key"]: setting for setting in document["settings"]}
        filter_, bounding = settings["SystemCallFilter"], settings["CapabilityBoundingSet"]
        in_force = sum(not setting["held"] for setting in settings.values())
        cells = (
            in_force,
            len(settings) - in_force,
            len(document["calls"]),
            "none" if filter_["held"] else len(filter_["value"].split()),
            "all" if bounding["held"] else len(bounding["value"].split()),
            document["rating"]["before"]["exposure"],
            document["rating"]["after"]["exposure"],
            filter_["held"] or "there is one",
        )
        yield f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
