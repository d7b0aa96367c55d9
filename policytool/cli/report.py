# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool report`: one self-contained page about generated modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import note, progress, write_files
from policytool.cli.inputs import BaseFolder
from policytool.cli.verbs import VerbArgument, VerbOption
from policytool.errors import InputError, UsageError

if TYPE_CHECKING:
    from policytool.report.page.ablated import AblatedPermission
    from policytool.report.page.budget_curve import BudgetCurve
    from policytool.report.page.enforcement import EnforcedRun
    from policytool.report.page.facts import PageFacts
    from policytool.report.same_work import SharedScenarios
    from policytool.traces.tally.system_calls import SystemCall
    from policytool.workflow.compare import Comparison
    from policytool.workflow.module_set import ModuleSet

Calls = Mapping[str, Mapping[str, Sequence[str]]]


def report(
    folders: Annotated[list[Path], VerbArgument(metavar="DIR...", help="Generated modules.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="FILE.html", help="The page to write.")],
    drawn: Annotated[
        Path | None,
        VerbOption("--figures", metavar="DIR", help="Write each figure into DIR as well, as SVG and as PNG."),
    ] = None,
    enforcement: Annotated[
        Path | None, VerbOption("--enforcement", metavar="FILE", help="What `lab verify` wrote: an enforced run.")
    ] = None,
    held_out: Annotated[
        Path | None, VerbOption("--holdout", metavar="FILE", help="What `holdout --json` printed.")
    ] = None,
    ablation: Annotated[
        Path | None, VerbOption("--ablation", metavar="FILE", help="What `lab ablate` wrote: runs without dangers.")
    ] = None,
    calls: Annotated[
        list[str] | None, VerbOption("--calls", metavar="TRACE", help="A recording of system calls (repeatable).")
    ] = None,
    monolith: Annotated[
        list[str] | None,
        VerbOption(
            "--monolith",
            metavar="TRACE",
            help="The daemon that others replace, in their scenarios (repeatable).",
        ),
    ] = None,
    traces: Annotated[
        list[str] | None,
        VerbOption("--trace", metavar="TRACE", help="Those others in the same scenarios (repeatable)."),
    ] = None,
    base: BaseFolder = None,
) -> None:
    """Write one self-contained HTML page: surface, reach, dangers, overlap, graphs with their evidence."""
    from policytool.report.page.page_html import page_html
    from policytool.toolchain.base import find_base
    from policytool.workflow.compare import UNCONFINED, compare_policies
    from policytool.workflow.module_set import ModuleSet

    found = find_base(base)
    proof = read_proof(enforcement) if enforcement else None
    left_out = read_left_out(held_out) if held_out else None
    tried = read_tried(ablation) if ablation else ()
    work = work_of(monolith or (), traces or ())
    with progress("linking, and expanding the rules"):
        modules = ModuleSet(folders, found)
        compared = compare_policies([modules], found, UNCONFINED) if modules.built.linked else None
    told = facts(modules, compared, proof, calls_of(calls or (), modules), left_out, work, tried)
    with progress("drawing"):
        write_files(output.parent, {output.name: page_html(told)})
        if drawn:
            write_files(drawn, drawn_files(told))
    note(f"wrote {output}")


def facts(
    modules: ModuleSet,
    compared: Comparison | None,
    enforcement: EnforcedRun | None = None,
    calls: Calls | None = None,
    held_out: BudgetCurve | None = None,
    same_work: SharedScenarios | None = None,
    ablated: tuple[AblatedPermission, ...] = (),
) -> PageFacts:
    """Return what the page tells of MODULES and, if they link, of how they COMPARED."""
    from policytool.workflow.reported import page_facts

    return page_facts(modules, compared, enforcement, calls or {}, held_out, same_work, ablated)


def work_of(monolith: Sequence[str], traces: Sequence[str]) -> SharedScenarios | None:
    """Return what MONOLITH has beside what the modular daemons did in TRACES, None without either."""
    if not monolith and not traces:
        return None
    if not monolith or not traces:
        raise UsageError("--monolith and --trace go together: the same scenarios, recorded once with each")
    from policytool.daemons import load_daemons
    from policytool.workflow.beside_monolith import beside_monolith

    with progress("reading the recordings of the same work"):
        return beside_monolith(load_daemons(), monolith, traces)


def drawn_files(told: PageFacts) -> dict[str, str | bytes]:
    """Return every figure about the facts TOLD as SVG and PNG, by the names of their files."""
    from policytool.report.page.figure import png
    from policytool.report.page.page_html import drawings

    files: dict[str, str | bytes] = {}
    for name, svg in drawings(told):
        files |= {f"{name}.svg": svg, f"{name}.png": png(svg)}
    return files


def read_proof(path: Path) -> EnforcedRun:
    """Read what `lab verify` wrote into PATH; InputError when it is something else."""
    from policytool.report.page.enforcement import EnforcementError, read_enforcement

    try:
        return read_enforcement(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, EnforcementError) as error:
        raise InputError(f"{path}: {error}") from error


def read_left_out(path: Path) -> BudgetCurve:
    """Read what `holdout --json` printed into PATH; InputError when it is something else."""
    from policytool.report.page.budget_curve import CurveError, read_curve

    try:
        return read_curve(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, CurveError) as error:
        raise InputError(f"{path}: {error}") from error


def read_tried(path: Path) -> tuple[AblatedPermission, ...]:
    """Read what `lab ablate` wrote into PATH; InputError when it is something else."""
    from policytool.report.page.ablated import AblatedError, read_ablated

    try:
        return read_ablated(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, AblatedError) as error:
        raise InputError(f"{path}: {error}") from error


def calls_of(traces: Sequence[str], modules: ModuleSet) -> Calls:
    """Return the calls of the modules' domains in TRACES, by systemd's sets."""
    from policytool.cli.trace_calls import call_sets, read_calls
    from policytool.hardening.call_comparison import call_side

    if not traces:
        return {}
    sets = call_sets()
    counted: Counter[SystemCall] = Counter()
    for trace in traces:
        counted += read_calls(trace)
    sides = (call_side(domain, counted, domain, sets) for domain in sorted(modules.domains))
    return {side.name: side.families for side in sides if side.families}
