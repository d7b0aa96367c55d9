# SPDX-License-Identifier: GPL-2.0-or-later
"""What to act on after modules were made: a line a kind, with an example and the command that lists all."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from policytool.cli.console import note, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytool.generate.candidate import Candidate
    from policytool.generate.choices import Choices
    from policytool.generate.triage import Cure
    from policytool.generate.writers.evidence import ExplainedAccess


def warn(made: Sequence[Candidate], output: Path, choices: Choices) -> None:
    """Say on stderr what no rule was made for, module by module, and what the evidence cannot show.

    OUTPUT is the folder that has each of MADE in a folder of its daemon's name.
    """
    from policytool.generate.writers.evidence import explained

    for candidate in made:
        name = candidate.daemon.name
        accesses = explained(candidate.triaged)
        lines = [*entered_lines(candidate, accesses, output / name), *cure_lines(accesses, output / name, name)]
        labelled = {entry.context.type_ for entry in candidate.module.file_contexts}
        if not candidate.module.extends and candidate.daemon.exec_type not in labelled:
            lines.append(
                f"no file gets {candidate.daemon.exec_type}, so nothing enters {candidate.daemon.domain}: the "
                "traces do not tell its program; describe the daemon (--daemons)"
            )
        if candidate.only_cil:
            lines.append("written in CIL: refpolicy source cannot hold the name of a type in a block (NAME.TYPE)")
        if candidate.module.every_rule and not any(access.vector.complete for access in candidate.triaged):
            lines.append(
                "no recording in complete mode: what the policy at the time granted, or hid with dontaudit, is not "
                "in the evidence, and this module alone may not be enough"
            )
        if unused := _unused(candidate, choices):
            lines.append(f"{name}/accepted.toml accepts what nothing asks for: {', '.join(unused)}")
        for line in lines:
            note(f"{candidate.module.name}: {line}")


def warn_together(made: Sequence[Candidate], output: Path) -> None:
    """Say on stderr what no rule was made for, all modules together; OUTPUT has them."""
    from policytool.generate.writers.evidence import explained

    accesses = [access for candidate in made for access in explained(candidate.triaged)]
    for line in cure_lines(accesses, output, "DAEMON"):
        note(f"{len(made)} modules: {line}")


def entered_lines(made: Candidate, accesses: Sequence[ExplainedAccess], folder: Path) -> list[str]:
    """Return the line about the other domains that MADE's domain enters, if it does."""
    domain = made.module.domain
    entered = [
        access for access in accesses if (access.key[0], *access.key[2:]) == (domain, "process", "transition")
    ]
    if not entered:
        return []
    example = _example(entered)
    programs = ", ".join(use.program for use, _ in example.evidence.shown(1) if use.program)
    by = f" by {short(programs)}" if programs else ""
    command = _explain(f"{domain} *:process transition", folder)
    return [f"enters {_counted(entered, 'other domain')}, such as {example.key[1]}{by}; all: {command}"]


def cure_lines(accesses: Sequence[ExplainedAccess], folder: Path, name: str) -> list[str]:
    """Return a line for each cure of ACCESSES that is no rule: count, what to do, an example, the command for all.

    FOLDER has their modules, and the decisions of the daemon NAME are in NAME/accepted.toml.
    """
    from policytool.generate.triage import Cure

    lines = []
    for cure in Cure:
        found = [access for access in accesses if access.cure is cure]
        if not found or cure in (Cure.GRANTED, Cure.ALLOW, Cure.TRANSITION, Cure.PRIVATE_TYPE):
            continue
        example = _example(found)
        source, target, tclass, perm = example.key
        reason = f": {short(example.reason)}" if example.reason else ""
        lines.append(
            f"{_counted(found, 'access', 'accesses')} {cure} ({_to_do(cure, found, name)}), such as {source} "
            f"{target}:{tclass} {perm}{reason}; all: {_explain('* *:* *', folder, '--cure', cure)}"
        )
    return lines


def _to_do(cure: Cure, found: Sequence[ExplainedAccess], name: str) -> str:
    from policytool.generate.triage import Cure

    if cure is Cure.REFUSED and (ids := sorted({access.id for access in found if access.id})):
        accept = f"--accept ID, or an [[accept]] with id and reason in {name}/accepted.toml"
        return f"to allow it, decide on {', '.join(ids)}: {accept}"
    return {
        Cure.REFUSED: "no module may have it",
        Cure.UNMAPPED: "nothing tells what it is under the modules; a recording under them can",
        Cure.BOOLEAN: "set the boolean that the reason names",
        Cure.CONSTRAINT: "no rule can cure it",
        Cure.LABEL: "a label cures it: restorecon, semanage port",
        Cure.DONTAUDIT: "an enforced run passed without it",
    }[cure]


def _unused(made: Candidate, choices: Choices) -> list[str]:
    used = " ".join(access.reason for access in made.triaged if access.reason)
    accepted = choices.accepted.get(made.daemon.name, {})
    return [id_ for id_ in sorted(accepted) if f"{id_} is accepted:" not in used]


def _example(found: Sequence[ExplainedAccess]) -> ExplainedAccess:
    """Return the one that was seen most, the first of these by its key."""
    return min(found, key=lambda access: (-access.evidence.count, access.key))


def _counted(found: Sequence[ExplainedAccess], noun: str, plural: str = "") -> str:
    count = len({access.key for access in found})
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def _explain(rule: str, *words: object) -> str:
    return shlex.join(["policytool", "explain", rule, *map(str, words)])
