# SPDX-License-Identifier: GPL-2.0-or-later
"""What libvirtd used for the work of the modular daemons, beside what each of them used: docs/monolith.md.

Of traces/monolith (bench/monolith.sh, recorded in complete mode) and the same scenarios in traces/libvirt.
tests/test_monolith_page.py says whether the page is of today's traces.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from policytool.daemons import load_daemons
from policytool.model.daemon import Daemon
from policytool.traces.bundle.bundle import read_parts

ROOT = Path(__file__).resolve().parent.parent
MONOLITH = ROOT / "traces" / "monolith"
MODULAR = ROOT / "traces" / "libvirt"
PAGE = ROOT / "docs" / "monolith.md"

# What stands for the domain itself and for any of the daemons' domains, which differ between the two sides.
SELF, DAEMONS = "self", "(the daemons)"
# Shown of a list.
_SHOWN = 12


class Did(NamedTuple):
    """What a domain did: to a type, or itself, or one of the daemons."""

    target: str
    tclass: str
    perm: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was done in one scenario: by the MONOLITH, and by each of the modular daemons, by their names."""

    name: str
    monolith: frozenset[Did]
    modular: Mapping[str, frozenset[Did]]

    @property
    def union(self) -> frozenset[Did]:
        """All that any of the daemons did."""
        return frozenset().union(*self.modular.values())

    @property
    def largest(self) -> tuple[str, frozenset[Did]]:
        """The daemon that did most, and what."""
        return max(self.modular.items(), key=lambda item: (len(item[1]), item[0]))


def main() -> int:
    """Measure, and write the page."""
    PAGE.write_text("\n".join(page(scenarios())) + "\n", "utf-8")
    print(f"renewed: {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


def scenarios() -> tuple[Scenario, ...]:
    """Read the scenarios that both sides were recorded in, in the order of their names."""
    known = {daemon.name: daemon for daemon in load_daemons()}
    monolith = next(daemon for daemon in known.values() if daemon.replaced_by)
    modular = [known[name] for name in monolith.replaced_by]
    everyone = frozenset(daemon.domain for daemon in (monolith, *modular))
    alone = _by_scenario(MONOLITH, [monolith], everyone)
    together = _by_scenario(MODULAR, modular, everyone)
    return tuple(
        Scenario(name, alone[name][monolith.name], {who: did for who, did in together[name].items() if did})
        for name in sorted(alone.keys() & together.keys())
    )


def _by_scenario(
    folder: Path, daemons: Iterable[Daemon], everyone: frozenset[str]
) -> Mapping[str, Mapping[str, frozenset[Did]]]:
    """Return what each of DAEMONS did in each scenario of the bundles in FOLDER."""
    found: dict[str, dict[str, frozenset[Did]]] = {}
    for bundle in sorted(path.parent for path in folder.glob("*/manifest.json")):
        for name, seen in read_parts(str(bundle)):
            keys = {vector.key for vector in seen.vectors}
            for daemon in daemons:
                did = frozenset(
                    Did(_target(source, target, everyone), tclass, perm)
                    for source, target, tclass, perm in keys
                    if source == daemon.domain
                )
                parts = found.setdefault(name, {})
                parts[daemon.name] = parts.get(daemon.name, frozenset()) | did
    return found


def _target(source: str, target: str, everyone: frozenset[str]) -> str:
    if target == source:
        return SELF
    return DAEMONS if target in everyone else target


def page(found: tuple[Scenario, ...]) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from (
        "# The monolith beside the daemons",
        "",
        "Made by `make monolith`, never by hand. libvirtd did the work of the modular daemons in the same",
        "scenarios (`bench/monolith.sh`), recorded in complete mode as they were: every access, granted or not, is",
        "counted. An access is (target type, class, permission). The daemons' own domains count as one target, and",
        "a domain itself as another, for these differ by name. libvirtd started once, before the first scenario; a",
        "daemon starts in its own, and what it does then counts there.",
        "",
        f"- Traces: `traces/monolith` and `traces/libvirt`, with the hash `{stamp()}`",
        "",
        "| scenario | libvirtd | all daemons together | daemons | the largest | of libvirtd's |",
        "| --- | ---: | ---: | ---: | --- | ---: |",
    )
    for each in found:
        yield _row(each)
    whole = together(found)
    yield _row(whole)
    yield from ("", *_shares(whole), "", *_differences(found))


def together(found: Iterable[Scenario]) -> Scenario:
    """Return all scenarios as one."""
    monolith: frozenset[Did] = frozenset()
    modular: dict[str, frozenset[Did]] = {}
    for each in found:
        monolith |= each.monolith
        for name, did in each.modular.items():
            modular[name] = modular.get(name, frozenset()) | did
    return Scenario("all of them", monolith, modular)


def _row(each: Scenario) -> str:
    name, most = each.largest
    share = len(most) / len(each.monolith)
    counts = f"{len(each.monolith):,} | {len(each.union):,} | {len(each.modular)}"
    return f"| {each.name} | {counts} | {name}: {len(most):,} | {share:.0%} |"


def _shares(whole: Scenario) -> Iterator[str]:
    """Say what a daemon that is taken over can do of what the monolith can."""
    yield from (
        "What each daemon did in all of these scenarios, of what libvirtd did. *Alone*: no other daemon did it.",
        "",
        "| daemon | accesses | of libvirtd's | alone | capabilities |",
        "| --- | ---: | ---: | ---: | --- |",
    )
    rows = {"libvirtd": whole.monolith, **whole.modular}
    for name, did in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        others = frozenset().union(*(theirs for other, theirs in whole.modular.items() if other != name))
        alone = "" if name == "libvirtd" else f"{len(did - others):,}"
        used = sorted({each.perm for each in did if each.tclass.startswith("capability")})
        share = len(did) / len(whole.monolith)
        yield f"| {name} | {len(did):,} | {share:.0%} | {alone} | {len(used)}: {' '.join(used) or 'none'} |"


def _differences(found: tuple[Scenario, ...]) -> Iterator[str]:
    """Name what one side did in a scenario, and the other side in none, by class and permission."""
    yield "## What only one side did"
    yield ""
    yield "By class and permission, whatever the type: types differ where a daemon has its own."
    for title, mine, theirs in (
        ("The daemons, and never libvirtd", _modular_done, _monolith_done),
        ("libvirtd, and never the daemons", _monolith_done, _modular_done),
    ):
        ever = {pair for each in found for pair in theirs(each)}
        yield from ("", f"### {title}", "")
        where: dict[tuple[str, str], list[str]] = {}
        for each in found:
            for pair, who in mine(each).items():
                if pair not in ever:
                    where.setdefault(pair, []).append(f"{each.name} ({who})" if who else each.name)
        if not where:
            yield "Nothing."
            continue
        yield from ("| class | permissions | in |", "| --- | --- | --- |")
        rows: dict[tuple[str, str], list[str]] = {}
        for (tclass, perm), places in sorted(where.items()):
            more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
            rows.setdefault((tclass, ", ".join(places[:_SHOWN]) + more), []).append(perm)
        for (tclass, told), perms in rows.items():
            yield f"| {tclass} | {' '.join(perms)} | {told} |"


def _monolith_done(each: Scenario) -> Mapping[tuple[str, str], str]:
    return {(did.tclass, did.perm): "" for did in each.monolith}


def _modular_done(each: Scenario) -> Mapping[tuple[str, str], str]:
    done: dict[tuple[str, str], set[str]] = {}
    for name, every in each.modular.items():
        for did in every:
            done.setdefault((did.tclass, did.perm), set()).add(name)
    return {pair: ", ".join(sorted(names)) for pair, names in done.items()}


def stamp() -> str:
    """Return a hash of the recordings that the page is made of."""
    whole = sha256()
    for folder in (MONOLITH, MODULAR):
        for path in sorted(folder.glob("*/manifest.json")):
            whole.update(f"{path.parent.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
