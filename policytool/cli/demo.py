# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool demo`: the main job on the shipped traces, from recorded logs to a comparison."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from policytool.cli.console import emit, progress, write_files
from policytool.cli.decisions import load_choices
from policytool.cli.finding_lines import warn_together
from policytool.cli.inputs import BaseFolder, load_known, read_traces
from policytool.cli.verbs import VerbOption, stop
from policytool.errors import ExitCode, InputError
from policytool.model.profile import ModuleFormat

# Traces are part of the checkout, not of the installed package.
_TRACES = Path(__file__).parents[2] / "traces"
_PROOF = Path(__file__).parents[2] / "docs" / "enforcement.json"
_POLICIES = Path(__file__).parents[2] / "policies"


def demo(
    output: Annotated[
        Path, VerbOption("-o", "--output", metavar="DIR", help="Where everything is written.")
    ] = Path("build/demo"),
    traces: Annotated[
        Path | None, VerbOption(metavar="DIR", help="The bundles to work on (default: the shipped ones).")
    ] = None,
    base: BaseFolder = None,
) -> None:
    """Do the main job on the shipped traces: graphs, modules, link check, replay, comparison, report."""
    from policytool.check.findings import Severity
    from policytool.cli import check, compare, generate, replay
    from policytool.cli.report import calls_of, facts, read_proof
    from policytool.graph import export
    from policytool.graph.permission_graph import build as build_graph
    from policytool.policy.verdicts import Verdict
    from policytool.report.page.page_html import page_html
    from policytool.toolchain.base import find_base
    from policytool.traces.bundle.bundle import recordings_of
    from policytool.workflow.compare import UNCONFINED, compare_policies
    from policytool.workflow.generate import generate_modules
    from policytool.workflow.module_set import ModuleSet
    from policytool.workflow.replay import replay_modules

    traces = traces or _TRACES / "libvirt"
    bundles = sorted(str(path.parent) for path in traces.glob("*/manifest.json"))
    if not bundles:
        raise InputError(f"{traces}: no bundles there; run from a checkout, or name a folder with --traces")
    found, known, modules = find_base(base), load_known(None), output / "modules"
    with _step(f"Reading {len(bundles)} recorded traces"):
        observations = read_traces(bundles, jobs=os.cpu_count() or 1)
        graph = build_graph(observations)
    emit(f"  {observations.records} records, {len(observations.vectors)} vectors, {len(graph.domains())} domains\n")
    with _step("Permission graphs, and a module for each daemon"):
        wanted = [daemon.domain for daemon in known if (_POLICIES / daemon.name).is_dir()]
        choices, recordings = load_choices(_POLICIES), recordings_of(bundles)
        made = generate_modules(observations, known, wanted, found, choices, recordings=recordings)
    for candidate in made:
        own = graph.around([candidate.daemon.domain, candidate.daemon.exec_type])
        drawn = {"graph.json": export.to_json(own), "graph.dot": export.to_dot(own)}
        write_files(modules / candidate.daemon.name, {**candidate.files(ModuleFormat.BOTH), **drawn})
    emit(generate.summary(made))
    warn_together(made, modules)
    # Not what an earlier run has left beside them.
    folders = [modules / candidate.daemon.name for candidate in made]
    with _step("Compiling and linking all of them with the whole base, neverallow rules on"):
        linked = ModuleSet(folders, found)
        built = linked.built
    emit(check.summary(built, with_warnings=False))
    with _step("Replaying every access that was seen"):
        result = replay_modules(observations, known, linked)
    emit(replay.counts(result))
    with _step("Comparing with libvirtd"):
        compared = compare_policies([linked], found, UNCONFINED)
    emit(compare.summary(compared))
    with progress("drawing the page"):
        calls = sorted(str(path) for path in (_TRACES / "calls").glob("*.calls.xz"))
        told = facts(linked, compared, read_proof(_PROOF), calls_of(calls, linked))
        write_files(output, {"report.html": page_html(told)})
    emit(f"\nModules, graphs and evidence are in {modules}, the report in {output / 'report.html'}.\n")
    failed = any(finding.severity is Severity.ERROR for finding in built.findings)
    if failed or result.outcome.of(Verdict.DENIED):
        stop(ExitCode.FINDINGS)


@contextmanager
def _step(title: str) -> Iterator[None]:
    emit(f"\n{title}\n")
    begin = time.monotonic()
    with progress(title):
        yield
    emit(f"  {time.monotonic() - begin:.1f} s\n")
