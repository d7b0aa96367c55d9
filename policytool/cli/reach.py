# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool reach`: the domains that a compromised daemon can enter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cli.console import emit, emit_json, progress, table
from policytool.cli.inputs import BaseFolder, Booleans, DaemonFolder, DaemonNames, Json, load_known
from policytool.daemons.named import require_domain
from policytool.errors import UsageError

if TYPE_CHECKING:
    from policytool.graph.fewest_rules import RuleCut
    from policytool.surface.domain_reach import DomainReach


def reach(
    policies: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="POLICY...",
            help="Folders of modules, or compiled policies (default: the base).",
            show_default=False,
        ),
    ] = None,
    daemons: DaemonNames = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DOMAIN", help="Show how this domain is entered, and no other.")
    ] = None,
    cut: Annotated[
        bool, typer.Option("--cut", help="With --to: the fewest rules whose removal prevents that.")
    ] = False,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Count what is entered in at most N steps.")
    ] = None,
    paths: Annotated[bool, typer.Option("--paths", help="List every domain that is entered, and how.")] = False,
    booleans: Booleans = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
) -> None:
    """Tell which domains a compromised daemon can enter, by running programs or changing its own."""
    from policytool.report.reach_document import reach_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.opened import booleans_of, open_policy
    from policytool.workflow.reach import PolicyReach, monolith_reach, reach_of

    if cut and not to:
        raise UsageError("--cut needs --to: which domain should not be entered?")
    known = load_known(daemon_folder)
    domains = [require_domain(name, known) for name in daemons or ()]
    target = require_domain(to, known) if to else None
    stated = booleans_of(booleans or ())
    found = find_base(base)
    with progress("linking, and following transitions"):
        asked: list[Path | None] = [*policies] if policies else [None]
        opened = [open_policy(path, found, stated) for path in asked]
        rows = reach_of(opened, domains, steps)
        # Beside modules stands what they are to replace.
        beside = monolith_reach(found, steps) if any(policy.modules for policy in opened) and not target else ()
        cuts = [
            PolicyReach(policy).cut(domain, target)
            for policy in (opened if cut else ())
            for domain in domains or sorted(policy.domains)
            if target and domain != target
        ]
    if target:
        rows = tuple(row.only(target) for row in rows if row.domain != target)
    if as_json:
        emit_json(reach_document([*rows, *beside], cuts))
    elif target:
        emit(ways_to(target, rows, cuts))
    else:
        emit(summary(rows, beside, several=len(opened) > 1, listed=paths or len(domains) == 1, steps=steps))


def summary(
    rows: Sequence[DomainReach],
    beside: Sequence[DomainReach] = (),
    *,
    several: bool = False,
    listed: bool = False,
    steps: int | None = None,
) -> str:
    """Return the table of what ROWS reach, and with LISTED below it every domain of ROWS with its path.

    The names of policies are shown where there are SEVERAL; for what stands BESIDE for comparison, always.
    """
    from policytool.report.reach_document import hop_text

    cells = []
    for row in (*rows, *beside):
        name = f"{row.domain} ({row.policy})" if several or row in beside else row.domain
        cells.append((name, row.within(1), row.within(2), len(row.reached), row.every_rule, f"{row.share:.1%}"))
    most = f"{steps} steps" if steps and steps > 2 else "any"
    lines = [table(("domain", "1 step", "2 steps", most, "all rules", "share"), cells, frozenset(range(1, 6)))]
    for row, cell in zip(rows, cells, strict=False) if listed else ():
        if row.reached:
            lines.append(f"{cell[0]} can enter\n")
            lines += [f"  {' -> '.join(hop_text(hop) for hop in reached.path)}\n" for reached in row.reached]
    return "".join(lines)


def ways_to(target: str, rows: Sequence[DomainReach], cuts: Sequence[RuleCut]) -> str:
    """Return a line for each of ROWS that says how TARGET is entered, and the rules of CUTS."""
    from policytool.report.reach_document import hop_text

    lines = []
    for row in rows:
        if row.reached:
            path = " -> ".join(hop_text(hop) for hop in row.reached[0].path)
            lines.append(f"{row.domain} -> {path}\n")
        else:
            lines.append(f"{row.domain} does not reach {target}\n")
    for cut in cuts:
        if cut.rules:
            fewest = "fewest rules" if cut.optimal else "fewest rules known so far (the search took too long)"
            lines.append(f"{cut.source} no longer reaches {cut.target} without these, the {fewest}:\n")
            lines += [f"  {rule}\n" for rule in cut.rules]
    return "".join(lines)
