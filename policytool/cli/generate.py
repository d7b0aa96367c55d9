# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool generate`: candidate modules from traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cli.console import emit, emit_json, note, progress, table, write_files
from policytool.cli.decisions import (
    Accept,
    AcceptedFolder,
    Children,
    Dontaudit,
    PreferBooleans,
    PrivateTypes,
    Transitions,
    load_choices,
    warn_decisions,
)
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
    require_domain,
)
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
    )
    found = find_base(base)
    observations = read_traces(traces, strict=strict, jobs=jobs)
    with progress("linking with the base, and asking libsepol for each access"):
        made = generate_modules(observations, known, wanted, found, choices, profile=profile)
    for one in made:
        write_files(output / one.daemon.name, one.files(language))
    if as_json:
        emit_json(generate_document(made))
    else:
        emit(summary(made))
    warn(made)
    warn_decisions(made, choices)


def summary(made: Sequence[Candidate]) -> str:
    """Return one line a module: what its accesses came to."""
    from policytool.generate.triage import Cure

    named = {Cure.GRANTED: "granted", Cure.ALLOW: "allowed"}
    # A cure that nothing needed has no column.
    cures = [cure for cure in Cure if cure in named or any(one.cured(cure) for one in made)]
    columns = ("module", "kind", "accesses", "rules", *(named.get(cure, cure.value) for cure in cures))
    rows = []
    for one in made:
        kind = "extension" if one.module.extends else "new domain"
        total = len({access.vector.key for access in one.triaged})
        counts = (len(one.cured(cure)) for cure in cures)
        rows.append((one.module.name, kind, total, len(one.module.every_rule), *counts))
    return table(columns, rows, frozenset(range(2, len(columns))))


def warn(made: Sequence[Candidate]) -> None:
    """Say on stderr what no rule was made for, and what the evidence cannot show."""
    from policytool.generate.evidence import explained
    from policytool.generate.triage import Cure
    from policytool.model.printable import printable

    for one in made:
        for helper in one.attribution.helpers if one.attribution else ():
            entry = f"{helper.exec_type} enters {helper.domain}"
            note(f"{one.module.name}: transition: {entry}: {_names(helper.programs)}")
        for access in explained(one.triaged):
            if access.cure not in (Cure.GRANTED, Cure.ALLOW, Cure.TRANSITION):
                source, target, tclass, perm = access.key
                label = f"{access.cure} {access.id}" if access.id else access.cure
                note(f"{one.module.name}: {label}: {source} {target}:{tclass} {perm}: {printable(access.reason)}")
        if one.module.every_rule and not any(access.vector.complete for access in one.triaged):
            note(
                f"{one.module.name}: no recording in complete mode: what the policy at the time granted, or hid "
                "with dontaudit, is not in the evidence, and this module alone may not be enough"
            )


def _names(programs: Sequence[str]) -> str:
    from policytool.model.printable import printable

    return ", ".join(printable(program) for program in programs)
