# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool reach`: the domains that a compromised daemon can enter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress, table
from policytool.cli.inputs import BaseFolder, Booleans, DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbOption
from policytool.daemons.named import require_domain
from policytool.errors import UsageError

if TYPE_CHECKING:
    from policytool.surface.domain_reach import DomainReach, WayTo


def reach(
    policies: Annotated[
        list[Path] | None,
        VerbArgument(
            metavar="POLICY...",
            help="Folders of modules, or compiled policies (default: the base).",
        ),
    ] = None,
    daemons: DaemonNames = None,
    to: Annotated[
        str | None, VerbOption("--to", metavar="DOMAIN", help="Show how this domain is entered, and no other.")
    ] = None,
    writes: Annotated[
        str | None, VerbOption("--writes", metavar="TYPE", help="Show how this type comes to be written to.")
    ] = None,
    cut: Annotated[
        bool,
        VerbOption("--cut", help="With --to or --writes: the fewest rules whose removal prevents that."),
    ] = False,
    steps: Annotated[
        int | None, VerbOption(metavar="N", least=1, help="Count what is entered in at most N steps.")
    ] = None,
    paths: Annotated[bool, VerbOption("--paths", help="List every domain that is entered, and how.")] = False,
    booleans: Booleans = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
) -> None:
    """Tell which domains a compromised daemon can enter, by running programs or changing its own."""
    from policytool.report.reach_document import reach_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.opened import booleans_of, open_policy
    from policytool.workflow.reach import monolith_reach, reach_of, ways_to

    if cut and not to and not writes:
        raise UsageError("--cut needs --to or --writes: what is not to be entered, or not to be written to?")
    if to and writes:
        raise UsageError("--to and --writes are two questions; ask them one after the other")
    known = load_known(daemon_folder)
    domains = [require_domain(name, known) for name in daemons or ()]
    target = require_domain(to or writes or "", known) if to or writes else None
    stated = booleans_of(booleans or ())
    found = find_base(base)
    rows: tuple[DomainReach, ...] = ()
    beside: tuple[DomainReach, ...] = ()
    ways: tuple[WayTo, ...] = ()
    with progress("linking, and following transitions"):
        asked: list[Path | None] = [*policies] if policies else [None]
        opened = [open_policy(path, found, stated) for path in asked]
        if target:
            ways = ways_to(opened, domains, target, writes=writes is not None, cut=cut)
        else:
            rows = reach_of(opened, domains, steps)
            # Beside modules stands what they are to replace.
            beside = monolith_reach(found, steps) if any(policy.modules for policy in opened) else ()
    if as_json:
        emit_json(reach_document([*rows, *beside], ways))
    elif target:
        emit(way_lines(ways))
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


def way_lines(ways: Sequence[WayTo]) -> str:
    """Return a line for each of WAYS, and below it the rules to remove if that was asked."""
    from policytool.report.reach_document import hop_text

    lines = []
    for way in ways:
        does = f"writes to {way.target}" if way.writes else f"enters {way.target}"
        if way.reached is None:
            lines.append(f"{way.domain} never {does}\n")
            continue
        path = " -> ".join([way.domain, *map(hop_text, way.reached.path)])
        lines.append(f"{path}, which {does}\n" if way.writes else f"{path}\n")
        if way.removed:
            known = "" if way.optimal else ", as far as the search came in a minute"
            lines.append(f"  no more without these, the fewest rules{known}:\n")
            lines += [f"  {rule}\n" for rule in way.removed]
    return "".join(lines)
