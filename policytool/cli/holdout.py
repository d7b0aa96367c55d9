# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool holdout`: what a module would miss, estimated by leaving one scenario out at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, note, progress, table, write_files
from policytool.cli.decisions import (
    AcceptedPolicies,
    Budget,
    Confidence,
    Like,
    PrivateTypes,
    Transitions,
    limit_of,
    load_choices,
)
from policytool.cli.inputs import (
    BaseFolder,
    DaemonFolder,
    DaemonNames,
    Json,
    Strict,
    Traces,
    load_known,
    read_scenarios,
)
from policytool.cli.verbs import VerbOption
from policytool.daemons.named import require_domain

if TYPE_CHECKING:
    from policytool.generate.leave_one_out import Estimate, Holdout


def holdout(
    traces: Traces,
    daemons: DaemonNames = None,
    plot: Annotated[
        Path | None, VerbOption(metavar="FILE.svg", help="Draw how accesses grow with the number of scenarios.")
    ] = None,
    learn: Annotated[
        Path | None,
        VerbOption(metavar="FILE.tsv", help="Write what this teaches about accesses that were not seen."),
    ] = None,
    budget: Budget = None,
    confidence: Confidence = 0.0,
    like: Like = None,
    transitions: Transitions = True,
    private_types: PrivateTypes = True,
    accepted: AcceptedPolicies = Path("policies"),
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Leave each scenario out in turn, and say which of its accesses modules made of the others deny.

    A scenario is a trace: a raw log, or a part of a bundle (the lab's recordings are cut into their scenarios).
    """
    from policytool.generate.chances import write_learned
    from policytool.report.holdout_document import holdout_document
    from policytool.report.page.coverage_figures import saturation_figure
    from policytool.toolchain.base import find_base
    from policytool.workflow.holdout import hold_out

    known = load_known(daemon_folder)
    wanted = [require_domain(name, known) for name in daemons or ()]
    choices = load_choices(accepted, transitions=transitions, private_types=private_types, like=like)
    found = find_base(base)
    parts = read_scenarios(traces, strict=strict)
    with progress("linking with the base, and leaving each scenario out"):
        held = hold_out(parts, known, wanted, found, choices, limit_of(budget, confidence))
    result = held.daemons
    if learn:
        write_files(learn.parent, {learn.name: write_learned(held.learned)})
    if plot:
        curves = {estimated.daemon: estimated.curve for estimated in result}
        write_files(plot.parent, {plot.name: saturation_figure(curves).svg})
    if as_json:
        emit_json(holdout_document(result, sorted(parts)))
    else:
        emit(summary(result))
    for estimated in result:
        if len(estimated.scenarios) < 2:
            note(f"{estimated.daemon}: seen in {len(estimated.scenarios)} scenario only: nothing can be held out")


def summary(found: Sequence[Holdout]) -> str:
    """Return one line a daemon: how much of a scenario that was left out is denied, under either profile."""
    columns = (
        "daemon", "scenarios", "held out", "denied exact", "share", "weighted",
        "denied robust", "share", "weighted", "triples added", "saved per 100",
    )  # fmt: skip
    rows = []
    for estimated in found:
        held = sum(item.accesses for item in estimated.exact.held)
        gain = "-" if estimated.gain is None else f"{100 * estimated.gain:.1f}"
        both = (*_figures(estimated.exact), *_figures(estimated.robust))
        rows.append((estimated.daemon, len(estimated.scenarios), held, *both, round(estimated.added), gain))
    lines = [table(columns, rows, frozenset(range(1, len(columns))))]
    for estimated in found:
        if estimated.exact.held:
            worst = max(estimated.exact.held, key=lambda item: len(item.denied))
            lines.append(
                f"{estimated.daemon}: most is missed without {worst.scenario}: {len(worst.denied)} accesses\n"
            )
            new = estimated.curve[-1] - estimated.curve[-2]
            lines.append(f"  one scenario more would bring {new:.1f} new ones, if like these\n")
    return "".join(lines)


def _figures(estimate: Estimate) -> tuple[object, ...]:
    return estimate.denied, percent(estimate.share), percent(estimate.weighted)


def percent(share: float | None) -> str:
    """Return SHARE, of 1, in percent; "-" where there is none."""
    return "-" if share is None else f"{share:.2%}"
