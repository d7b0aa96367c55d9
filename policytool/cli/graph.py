# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool graph`: what was seen as a graph, the minimal graph after every cure, and the difference of two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, progress, write_files
from policytool.cli.decisions import (
    Accept,
    Children,
    Dontaudit,
    PreferBooleans,
    PrivateTypes,
    Transitions,
    load_choices,
)
from policytool.cli.graph_output import GraphFormat, cured_text, difference_text, seen_text
from policytool.cli.inputs import (
    BaseFolder,
    DaemonFolder,
    DaemonNames,
    Jobs,
    Strict,
    Traces,
    load_known,
    read_traces,
)
from policytool.cli.verbs import VerbOption
from policytool.daemons.named import require_domain
from policytool.errors import UsageError
from policytool.model.cure import Cure

if TYPE_CHECKING:
    from policytool.generate.choices import Choices
    from policytool.graph.minimal import CureGraph
    from policytool.graph.permission_graph import PermissionGraph
    from policytool.model.daemon import Daemon
    from policytool.model.observation import Observations
    from policytool.workflow.minimal_graph import DaemonGraph

# What --show takes.
_SHOWN = {cure.name.lower().replace("_", "-"): cure for cure in Cure if cure is not Cure.ALLOW}


def graph(
    traces: Traces,
    daemons: DaemonNames = None,
    daemon_folder: DaemonFolder = None,
    format_: Annotated[GraphFormat, VerbOption("--format", help="How to write it.")] = GraphFormat.JSON,
    output: Annotated[Path | None, VerbOption("-o", "--output", metavar="FILE", help="Default: stdout.")] = None,
    minimal: Annotated[
        bool, VerbOption("--minimal", help="After every cure: the edges that become rules, under the new types.")
    ] = False,
    show: Annotated[
        list[str] | None,
        VerbOption(
            "--show",
            metavar="CURE",
            help=f"With --minimal, the edges with this cure too: {', '.join(_SHOWN)}, or all; repeatable.",
        ),
    ] = None,
    diff: Annotated[
        bool, VerbOption("--diff", help="What differs between two traces, or in one between two daemons.")
    ] = False,
    transitions: Transitions = True,
    children: Children = None,
    private_types: PrivateTypes = True,
    accept: Accept = None,
    accepted: Annotated[
        Path | None,
        VerbOption(
            "--accepted", metavar="DIR", help="Where DAEMON/accepted.toml and ablation.json are, if anywhere."
        ),
    ] = None,
    prefer_booleans: PreferBooleans = False,
    dontaudit: Dontaudit = None,
    base: BaseFolder = None,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Print the permission graph: who was seen doing what to what, in both directions.

    The options from --transitions to --base are those of `generate`, and are about --minimal alone.
    """
    if diff and format_ is GraphFormat.GRAPHML:
        raise UsageError("--diff is written as json, dot or svg")
    known = load_known(daemon_folder)
    cures = _cures(show or (), minimal=minimal)
    domains = [require_domain(name, known) for name in daemons or ()]
    choices = load_choices(
        accepted,
        accept or (),
        transitions=transitions,
        private_types=private_types,
        prefer_booleans=prefer_booleans,
        dontaudit=dontaudit or (),
        children=children or (),
        known=known,
    )

    read = partial(read_traces, strict=strict, jobs=jobs)

    def cured(observations: Observations, wanted: Sequence[str]) -> tuple[DaemonGraph, ...]:
        return _cured(observations, known, wanted, base, choices)

    if diff:
        text = _difference(_sides(traces, domains), read, cured if minimal else None, cures, known, format_)
    elif minimal:
        made = cured(read(traces), domains)
        opened = {daemon_graph.daemon.domain: daemon_graph.opened_by for daemon_graph in made}
        text = cured_text(_shown(made, cures), opened, format_)
    else:
        text = seen_text(_seen(read(traces), known, domains), format_)
    if output:
        write_files(output.parent, {output.name: text})
    else:
        emit(text)


def _cures(names: Sequence[str], *, minimal: bool) -> tuple[Cure, ...]:
    """Return the cures whose edges are shown, rules first."""
    if names and not minimal:
        raise UsageError("--show is about cures, which only --minimal finds")
    wanted = [*_SHOWN] if "all" in names else names
    if unknown := sorted(set(wanted) - _SHOWN.keys()):
        raise UsageError(f"--show {unknown[0]}: no such cure; there are {', '.join(_SHOWN)}, and all")
    return (Cure.ALLOW, *(_SHOWN[name] for name in wanted))


def _sides(traces: Sequence[str], domains: Sequence[str]) -> tuple[tuple[str, Sequence[str]], ...]:
    """Return the two graphs to compare: of which trace, and around which domain."""
    if len(traces) == 2 and len(domains) <= 2:
        return ((traces[0], domains[:1]), (traces[1], domains[-1:]))
    if len(traces) == 1 and len(domains) == 2:
        return ((traces[0], domains[:1]), (traces[0], domains[1:]))
    raise UsageError("--diff compares two traces (with up to two -d DAEMON), or two daemons of one (-d A -d B)")


def _difference(
    sides: Sequence[tuple[str, Sequence[str]]],
    read: Callable[[Sequence[str]], Observations],
    cured: Callable[[Observations, Sequence[str]], tuple[DaemonGraph, ...]] | None,
    cures: Sequence[Cure],
    known: Sequence[Daemon],
    format_: GraphFormat,
) -> str:
    """Return what differs between the graphs of two SIDES: after triage if CURED makes them, else as seen."""
    from policytool.daemons.named import as_daemons
    from policytool.graph.difference import comparable, difference
    from policytool.graph.difference_export import Side

    seen = {trace: read([trace]) for trace, _ in sides}
    asked: dict[str, list[str]] = {}
    for trace, domains in sides:
        asked.setdefault(trace, []).extend(domains)
    made = {trace: cured(seen[trace], domains) for trace, domains in asked.items()} if cured else {}
    two_daemons = sides[0][1] != sides[1][1]
    graphs = []
    for trace, domains in sides:
        if cured:
            own = [
                daemon_graph for daemon_graph in made[trace] if not domains or daemon_graph.daemon.domain in domains
            ]
            graph: PermissionGraph | CureGraph = _shown(own, cures)
        else:
            graph = _seen(seen[trace], known, domains)
        (daemon,) = as_daemons(domains, known) if two_daemons else (None,)
        graphs.append(comparable(graph, daemon))
    before, after = (Side(seen[trace].traces, "".join(domains)) for trace, domains in sides)
    return difference_text(difference(*graphs), before, after, format_)


def _seen(observations: Observations, known: Sequence[Daemon], domains: Sequence[str]) -> PermissionGraph:
    """Return the graph of what was seen: all of it, or what is around DOMAINS."""
    from policytool.graph.permission_graph import build

    built = build(observations)
    if not domains:
        return built
    exec_types = [daemon.exec_type for daemon in known if daemon.domain in domains]
    return built.around([*domains, *exec_types])


def _cured(
    observations: Observations,
    known: Sequence[Daemon],
    domains: Sequence[str],
    base: Path | None,
    choices: Choices,
) -> tuple[DaemonGraph, ...]:
    """Return the graph of each daemon after triage."""
    from policytool.toolchain.base import find_base
    from policytool.workflow.minimal_graph import daemon_graphs

    found = find_base(base)
    with progress("linking with the base, and asking libsepol for each access"):
        return daemon_graphs(observations, known, domains, found, choices)


def _shown(made: Sequence[DaemonGraph], cures: Sequence[Cure]) -> CureGraph:
    from policytool.workflow.minimal_graph import joined

    return joined(made).cured_by(*cures)
