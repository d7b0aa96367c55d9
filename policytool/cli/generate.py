# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool generate`: candidate modules from traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress, table, write_files
from policytool.cli.decisions import (
    Accept,
    AcceptedFolder,
    Budget,
    Children,
    Confidence,
    Dontaudit,
    Like,
    PreferBooleans,
    PrivateTypes,
    Transitions,
    Write,
    limit_of,
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
from policytool.cli.verbs import VerbOption
from policytool.daemons.named import require_domain
from policytool.errors import UsageError
from policytool.model.context import is_identifier
from policytool.model.profile import ModuleFormat, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytool.generate.candidate import Candidate


def generate(
    traces: Traces,
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="Each module goes into DIR/DAEMON.")],
    daemons: DaemonNames = None,
    profile: Annotated[
        Profile | None,
        VerbOption(
            help="interfaces: what was seen, nothing else, in refpolicy's own words where these grant just that; "
            "exact: rule by rule; robust: and what is likely beside it (default: interfaces; exact for CIL, a "
            "compiled base, and where the policy headers are missing)."
        ),
    ] = None,
    price: Annotated[
        float | None,
        VerbOption(
            metavar="P",
            least=0.01,
            help="Profile interfaces: a permission that was never seen may come with a call, and costs P "
            "statements (default: none comes; CIL stays exact).",
        ),
    ] = None,
    shared: Annotated[
        str,
        VerbOption(
            metavar="NAME",
            help="Profile interfaces: what several daemons need alike is written once, as an interface of a module "
            "NAME beside theirs.",
        ),
    ] = "",
    budget: Budget = None,
    confidence: Confidence = 0.0,
    like: Like = None,
    explain_robust: Annotated[
        bool,
        VerbOption("--explain-robust", help="List what robust added, and what it did not though likely, with why."),
    ] = False,
    transitions: Transitions = True,
    children: Children = None,
    private_types: PrivateTypes = True,
    language: Annotated[ModuleFormat, VerbOption("--format", help="What to write.")] = ModuleFormat.REFPOLICY,
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
    from policytool.traces.bundle.bundle import recordings_of
    from policytool.workflow.generate import generate_modules
    from policytool.workflow.versions import shared_module, versioned

    if price is not None and profile is not Profile.INTERFACES:
        raise UsageError("--price is about --profile interfaces")
    if profile is None and language is ModuleFormat.CIL:
        profile = Profile.EXACT
    if shared and (profile not in (None, Profile.INTERFACES) or not is_identifier(shared)):
        raise UsageError("--shared takes the name of a module, and is about --profile interfaces")
    if profile is not Profile.ROBUST and (explain_robust or like or budget is not None or confidence):
        raise UsageError("--budget, --confidence, --like and --explain-robust are about --profile robust")
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
        like=like,
    )
    found = find_base(base)
    observations = read_traces(traces, strict=strict, jobs=jobs)
    with progress("linking with the base, and asking libsepol for each access"):
        made = generate_modules(
            observations,
            known,
            wanted,
            found,
            choices,
            profile=profile,
            limit=limit_of(budget, confidence),
            price=price,
            shared=shared,
            recordings=recordings_of(traces),
        )
    beside = shared_module(made, output)
    written = [versioned(candidate, output / candidate.daemon.name, language, beside) for candidate in made]
    made = tuple(module.candidate for module in written)
    for module in written:
        write_files(output / module.candidate.daemon.name, module.files)
    if beside:
        write_files(output / beside.name, beside.files())
    if as_json:
        emit_json(generate_document(made))
    else:
        emit(summary(made))
        if explain_robust:
            emit(unseen(made))
        if profile is Profile.INTERFACES:
            emit(interface_summary(made))
    warn(made, output, choices)


def interface_summary(made: Sequence[Candidate]) -> str:
    """Return one line a module: what its refpolicy source says, and allows that was never seen."""
    columns = ("module", "exact rules", "raw rules", "calls", "permissions", "never seen", "gap")
    rows = [
        (
            candidate.module.name,
            len(candidate.module.every_rule) + len(candidate.module.every_transition),
            len(candidate.form.module.every_rule) + len(candidate.form.module.every_transition),
            len(candidate.form.module.every_call),
            candidate.form.rows,
            len(candidate.form.excess),
            f"{candidate.form.gap:.1%}",
        )
        for candidate in made
        if candidate.form
    ]
    return table(columns, rows, frozenset(range(1, len(columns))))


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


def unseen(made: Sequence[Candidate]) -> str:
    """Return what profile robust added to each module, then what it did not, the likeliest first."""
    columns = (
        "module",
        "target",
        "class",
        "permission",
        "chance",
        "added",
        "what speaks for it, and why it was not added",
    )
    rows: list[tuple[object, ...]] = []
    for candidate in made:
        every = [(likely, "") for likely in candidate.closed]
        every += [(passed.likely, passed.why) for passed in candidate.passed_over]
        for likely, why in every:
            _, *access = likely.vector.key
            said = f"{likely.reason}: {why}" if why else likely.reason
            rows.append((candidate.module.name, *access, f"{likely.chance:.2%}", "no" if why else "yes", said))
    return table(columns, rows, frozenset({4}))
