# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool generate`: candidate modules from traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cli.console import emit, emit_json, progress, table, write_files
from policytool.cli.decisions import (
    Accept,
    AcceptedFolder,
    Children,
    Dontaudit,
    PreferBooleans,
    PrivateTypes,
    Transitions,
    Write,
    load_choices,
)
from policytool.cli.finding_lines import warn
from policytool.cli.inputs import (
    BaseFolder,
    DaemonFolder,
    DaemonNames,
    Jobs,
    Json,
    Strict,
    Traces,
    load_known,
    read_traces,
)
from policytool.daemons.named import require_domain
from policytool.model.profile import ModuleFormat, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytool.generate.candidate import Candidate


def generate(
    traces: Traces,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Each module goes into DIR/DAEMON.")
    ],
    daemons: DaemonNames = None,
    profile: Annotated[
        Profile, typer.Option(help="exact: what was seen, nothing else; robust: and what goes together with it.")
    ] = Profile.EXACT,
    transitions: Transitions = True,
    children: Children = None,
    private_types: PrivateTypes = True,
    language: Annotated[ModuleFormat, typer.Option("--format", help="What to write.")] = ModuleFormat.REFPOLICY,
    accept: Accept = None,
    accepted: AcceptedFolder = None,
    prefer_booleans: PreferBooleans = False,
    dontaudit: Dontaudit = None,
    write: Write = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Make candidate modules from traces: for the daemons named, or for every known one that was seen."""
    from policytool.report.document import generate_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.generate import generate_modules

    known = load_known(daemon_folder)
    wanted = [require_domain(name, known) for name in daemons or ()]
    choices = load_choices(
        accepted or output,
        accept or (),
        transitions=transitions,
        private_types=private_types,
        prefer_booleans=prefer_booleans,
        dontaudit=dontaudit or (),
        children=children or (),
        known=known,
        write=write or (),
    )
    found = find_base(base)
    observations = read_traces(traces, strict=strict, jobs=jobs)
    with progress("linking with the base, and asking libsepol for each access"):
        made = generate_modules(observations, known, wanted, found, choices, profile=profile)
    for candidate in made:
        write_files(output / candidate.daemon.name, candidate.files(language))
    if as_json:
        emit_json(generate_document(made))
    else:
        emit(summary(made))
    warn(made, output, choices)


def summary(made: Sequence[Candidate]) -> str:
    """Return one line a module: what its accesses came to."""
    from policytool.generate.triage import Cure

    named = {Cure.GRANTED: "granted", Cure.ALLOW: "allowed"}
    # A cure that nothing needed has no column.
    cures = [cure for cure in Cure if cure in named or any(candidate.cured(cure) for candidate in made)]
    columns = ("module", "kind", "accesses", "rules", *(named.get(cure, cure.value) for cure in cures))
    rows = []
    for candidate in made:
        kind = "extension" if candidate.module.extends else "new domain"
        total = len({access.vector.key for access in candidate.triaged})
        counts = (len(candidate.cured(cure)) for cure in cures)
        rows.append((candidate.module.name, kind, total, len(candidate.module.every_rule), *counts))
    return table(columns, rows, frozenset(range(2, len(columns))))
