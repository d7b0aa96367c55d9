# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool replay`: which of the observed accesses a policy would deny, and why."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, note, progress, short, table
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
from policytool.cli.proof_output import irreducible_text
from policytool.cli.verbs import VerbOption, stop
from policytool.daemons.named import require_domain
from policytool.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from policytool.model.access import AccessVector
    from policytool.policy.verdicts import Replayed
    from policytool.workflow.replay import ModuleReplay


class ReplayFailOn(StrEnum):
    """What also makes the exit code 1."""

    NEW = "new"


def replay(
    traces: Traces,
    modules: Annotated[
        list[Path] | None,
        VerbOption("-m", "--module", metavar="DIR", help="Modules to link with the base; repeatable."),
    ] = None,
    policy: Annotated[Path | None, VerbOption(metavar="FILE", help="A compiled policy instead.")] = None,
    irreducible: Annotated[
        bool, VerbOption("--irreducible", help="Also prove each rule needed: exit 1 when one can go.")
    ] = False,
    fail_on: Annotated[
        ReplayFailOn | None, VerbOption(help="new: exit 1 for an access that the modules' traces did not have.")
    ] = None,
    every: Annotated[
        bool,
        VerbOption("--all", help="List what is refused or unmapped, too."),
    ] = False,
    daemons: DaemonNames = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Ask libsepol for every observed access whether the policy allows it; exit 1 when any is denied.

    With --irreducible also the other way round: whether each permission of each rule is needed by something seen.
    """
    from policytool.policy.verdicts import Verdict
    from policytool.report.document import replay_document, replayed_document
    from policytool.report.proof_document import irreducible_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.module_set import ModuleSet
    from policytool.workflow.net_new import net_new
    from policytool.workflow.prove import prove_irreducible
    from policytool.workflow.replay import replay_modules, replay_policy

    if (policy is None) == (not modules):
        raise UsageError("name what to replay against: --module DIR (repeatable) or --policy FILE")
    if irreducible and not modules:
        raise UsageError("--irreducible judges the rules of modules: name them with --module DIR")
    if fail_on and not modules:
        raise UsageError("--fail-on new asks for the evidence of modules: name them with --module DIR")
    known = load_known(daemon_folder)
    domains = [require_domain(name, known) for name in daemons or ()]
    observations = read_traces(traces, strict=strict, jobs=jobs)
    with progress("linking, and asking libsepol for each access"):
        if policy:
            result = replay_policy(observations, policy, domains)
        else:
            linked = ModuleSet(modules or [], find_base(base))
            result = replay_modules(observations, known, linked, domains)
    judged = None
    if irreducible:
        with progress("linking the modules without their rules, and judging each rule"):
            judged = prove_irreducible(observations, known, linked)
    new = net_new(result, linked) if fail_on else None
    against = str(policy) if policy else ", ".join(str(folder) for folder in modules or ())
    if as_json:
        document = replay_document(result.outcome, against, observations.traces, result.left_out, result.errors)
        document |= {"irreducible": irreducible_document(*judged)} if judged else {}
        emit_json(
            document | ({"new": [replayed_document(replayed) for replayed in new]} if new is not None else {})
        )
    else:
        emit(summary(result, every=every) + (irreducible_text(*judged) if judged else ""))
        if new is not None:
            emit(new_text(new))
        if not every:
            again: dict[str, Sequence[object]] = {"--module": modules or [], "-d": daemons or []}
            again |= {"--policy": [policy], "--daemons": [daemon_folder], "--base": [base]}
            for line in kept_back(result, [*traces, *_words(again)]):
                note(line)
    if result.outcome.of(Verdict.DENIED) or result.denied_errors or (judged and judged[0].findings) or new:
        stop(ExitCode.FINDINGS)


def new_text(new: Sequence[Replayed]) -> str:
    """Return how many accesses no trace had, and below that each of them."""
    lines = [f"{len(new)} accesses that no trace had\n"]
    if new:
        rows = []
        for replayed in new:
            source, target, tclass, perm = replayed.vector.key
            rows.append((replayed.verdict.value, f"{source} {target}:{tclass} {perm}", _first_use(replayed.vector)))
        lines.append(table(("verdict", "new access", "seen"), rows))
    return "".join(lines)


def counts(result: ModuleReplay) -> str:
    """Return how many accesses came to each verdict."""
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in result.outcome.counts.items())
    lines = [f"{len(result.outcome.results)} accesses replayed: {verdicts}\n"]
    if result.left_out:
        lines.append(f"{result.left_out} accesses of other domains were left out\n")
    return "".join(lines)


def summary(result: ModuleReplay, *, every: bool = True) -> str:
    """Return the counts, and below them each access that was denied; with EVERY, each that was not allowed."""
    from policytool.policy.verdicts import Verdict

    lines = [counts(result)]
    rows = []
    for verdict in (Verdict.DENIED, Verdict.UNMAPPED, Verdict.REFUSED) if every else (Verdict.DENIED,):
        for replayed in result.outcome.of(verdict):
            source, target, tclass, perm = replayed.vector.key
            rows.append(
                (verdict.value, f"{source} {target}:{tclass} {perm}", replayed.cause, _first_use(replayed.vector))
            )
    if rows:
        lines.append(table(("verdict", "access", "cause", "seen"), sorted(set(rows))))
    if result.errors:
        errors = [
            (error.outcome.value, error.kind.value, error.count, error.cause, error.refusal.op)
            for error in result.errors
        ]
        lines.append(table(("verdict", "refused for", "count", "cause", "by"), errors, frozenset({2})))
    return "".join(lines)


def kept_back(result: ModuleReplay, words: Sequence[str]) -> list[str]:
    """Return a line each for what is refused and what is unmapped: count, example, command for all.

    WORDS are those of the command line that RESULT comes from.
    """
    from policytool.policy.verdicts import Verdict

    meant = {Verdict.REFUSED: "refused by decision or constraint", Verdict.UNMAPPED: "unmapped"}
    command = shlex.join(["policytool", "replay", *words, "--all"])
    lines = []
    for verdict, what in meant.items():
        found = result.outcome.of(verdict)
        if found:
            example = max(found, key=lambda access: (access.vector.evidence.count, access.vector.key))
            source, target, tclass, perm = example.vector.key
            cause = f": {short(example.cause)}" if example.cause else ""
            lines.append(f"{len(found)} {what}, such as {source} {target}:{tclass} {perm}{cause}; all: {command}")
    return lines


def _words(options: Mapping[str, Sequence[object]]) -> list[str]:
    return [
        str(word) for option, values in options.items() for value in values if value for word in (option, value)
    ]


def _first_use(vector: AccessVector) -> str:
    if not vector.evidence.uses:
        return ""
    use, _ = vector.evidence.shown(1)[0]
    return " ".join(part for part in (use.program, use.syscall, use.path) if part)
