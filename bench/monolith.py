# SPDX-License-Identifier: GPL-2.0-or-later
"""What libvirtd used for the work of the modular daemons, beside what each of them used: docs/monolith.md.

Of traces/monolith (bench/monolith.sh, recorded in complete mode) and the same scenarios in traces/libvirt.
tests/test_monolith_page.py says whether the page is of today's traces.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from policytool.daemons import load_daemons
from policytool.report.same_work import Scenario, SharedScenarios
from policytool.workflow.beside_monolith import beside_monolith

ROOT = Path(__file__).resolve().parent.parent
MONOLITH = ROOT / "traces" / "monolith"
MODULAR = ROOT / "traces" / "libvirt"
PAGE = ROOT / "docs" / "monolith.md"

# Shown of a list.
_SHOWN = 12


def main() -> int:
    """Measure, and write the page."""
    PAGE.write_text("\n".join(page(measured())) + "\n", "utf-8")
    print(f"renewed: {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


def measured() -> SharedScenarios:
    """Read the scenarios that both sides were recorded in."""
    return beside_monolith(load_daemons(), _bundles(MONOLITH), _bundles(MODULAR))


def _bundles(folder: Path) -> list[str]:
    return sorted(str(path.parent) for path in folder.glob("*/manifest.json"))


def page(work: SharedScenarios) -> Iterator[str]:
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
    for each in work.scenarios:
        yield _row(each)
    whole = work.together
    yield _row(whole)
    yield from ("", *_shares(whole), "", *_differences(work.scenarios))


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
