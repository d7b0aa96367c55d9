# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool explain`: the evidence behind a rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json
from policytool.cli.inputs import Json
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.errors import ExitCode, InputError, UsageError
from policytool.model.access import AccessKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytool.generate.triage import Cure
    from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence

_RULE = re.compile(
    r"(?:allow\s+)?(?P<source>[\w.*-]+)\s+(?P<target>[\w.*-]+)\s*:\s*(?P<tclass>[\w*]+)"
    r"(?:\s+\{?(?P<perms>[\w*\s]+?)\}?\s*;?)?\s*"
)


def explain(
    rule: Annotated[str, VerbArgument(metavar="RULE", help="'SOURCE TARGET:CLASS [PERMS]'; * is any.")],
    folders: Annotated[
        list[Path] | None, VerbArgument(metavar="DIR...", help="Generated modules (default: policies).")
    ] = None,
    cures: Annotated[
        list[str] | None,
        VerbOption("--cure", metavar="CURE", help="Only accesses with this cure, such as unmapped; repeatable."),
    ] = None,
    once: Annotated[
        bool,
        VerbOption(
            "--once",
            help="Only rules that one scenario alone shows, or scenarios of wrong input alone; by scenario.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the evidence behind a rule: which cure each access has and why; exit 1 when nothing was seen."""
    from policytool.model.printable import printable
    from policytool.report.document import explain_document
    from policytool.toolchain.sources import find_sources
    from policytool.workflow.module_set import evidence_files

    sources, _ = find_sources(folders or [Path("policies")])
    asked, wanted = _parse(rule), _cures(cures or (["allow"] if once else []))
    files = evidence_files(sources)
    if once and not any(file.scenarios > 1 for file in files):
        raise InputError(
            "the evidence is of one scenario, or does not tell of how many; generate the modules from several"
        )
    found = [
        (file, access)
        for file in files
        for access in file.accesses
        if _matches(access.key, asked) and access.cure in wanted and (not once or _weak(file, access))
    ]
    if as_json:
        emit_json(explain_document(rule, found))
    elif found and once:
        emit(_by_scenario(found))
    elif found:
        emit("".join(_text(file, access) for file, access in found))
    elif once:
        emit(f"{printable(rule)}: nothing of this was seen in one scenario alone\n")
    else:
        emit(f"{printable(rule)}: nothing of this was seen\n")
    if not found:
        stop(ExitCode.FINDINGS)


def _parse(rule: str) -> tuple[str, str, str, frozenset[str]]:
    match = _RULE.fullmatch(rule)
    if not match:
        raise UsageError(
            f"{rule!r} is not a rule; write 'SOURCE TARGET:CLASS PERMS', for example 'a_t b_t:file read'"
        )
    target = match["source"] if match["target"] == "self" else match["target"]
    return match["source"], target, match["tclass"], frozenset((match["perms"] or "*").split())


def _cures(names: Sequence[str]) -> frozenset[Cure]:
    """Return the cures NAMES, all if none is named."""
    from policytool.generate.triage import Cure

    known = {str(cure): cure for cure in Cure}
    if unknown := sorted(set(names) - set(known)):
        raise UsageError(f"{unknown[0]!r} is not a cure; the cures are {', '.join(known)}")
    return frozenset(known[name] for name in names) or frozenset(Cure)


def _matches(key: AccessKey, asked: tuple[str, str, str, frozenset[str]]) -> bool:
    names = all(wanted in ("*", name) for name, wanted in zip(key[:3], asked[:3], strict=True))
    return names and (key[3] in asked[3] or "*" in asked[3])


def _weak(file: ModuleEvidence, access: ExplainedAccess) -> bool:
    return bool(access.support and access.support.weak(file.scenarios))


def _by_scenario(found: Sequence[tuple[ModuleEvidence, ExplainedAccess]]) -> str:
    """Return what was FOUND in one scenario alone, or only where what is wrong was asked for, a rule a line."""
    from policytool.model.printable import printable

    rules: dict[str, dict[tuple[str, str], list[str]]] = {}
    for file, access in found:
        if not access.support:
            continue
        names = ", ".join(access.support.only) + (" (wrong input)" if access.support.on_error else "")
        source, target, tclass, perm = access.key
        target = "self" if target == source else target
        rules.setdefault(names, {}).setdefault((f"{source} {target}:{tclass}", file.module), []).append(perm)
    lines = []
    for names, of in sorted(rules.items()):
        lines.append(printable(names))
        lines += [printable(f"  {rule} {{ {' '.join(perms)} }} ({module})") for (rule, module), perms in of.items()]
    return "\n".join(lines) + "\n"


def _text(file: ModuleEvidence, access: ExplainedAccess) -> str:
    from policytool.model.printable import printable
    from policytool.report.accesses import timestamp

    source, target, tclass, perm = access.key
    evidence = access.evidence
    cure = f"{access.cure} {printable(access.id)}" if access.id else access.cure
    lines = [printable(f"{source} {target}:{tclass} {perm}"), f"  {cure} ({printable(file.module)})"]
    if access.reason:
        lines.append(f"  {printable(access.reason)}")
    lines += [f"  proposed: {printable(proposal.text)}" for proposal in access.proposed]
    lines.append(f"  seen {evidence.count} x, {timestamp(evidence.first)} to {timestamp(evidence.last)}")
    if access.support:
        weak = access.support.weak(file.scenarios)
        lines.append(printable(f"  {access.support.text(file.scenarios)}{f': {weak}' if weak else ''}"))
    for use, count in evidence.shown():
        words = " ".join(word for word in (use.program, use.syscall, use.path, f"({use.trace})") if word)
        lines.append(f"    {count} x {printable(words)}")
    return "\n".join(lines) + "\n"
