# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool diff`: everything that one policy says and another does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress, table
from policytool.cli.inputs import BaseFolder, DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbOption
from policytool.daemons.named import require_domain
from policytool.errors import InputError

if TYPE_CHECKING:
    from policytool.surface.policy_difference import PolicyDifference, RuleChange


def diff(
    before: Annotated[Path, VerbArgument(metavar="OLD", help="A folder of modules, or a compiled policy.")],
    after: Annotated[Path, VerbArgument(metavar="NEW", help="A folder of modules, or a compiled policy.")],
    daemons: DaemonNames = None,
    every: Annotated[bool, VerbOption("--all", help="List all rules that changed, not only those of -d.")] = False,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
) -> None:
    """Tell what NEW says and OLD does not, attributes written out: rules, types, roles, labels, all."""
    from policytool.policy.compiled import CompiledPolicy
    from policytool.report.difference_document import difference_document
    from policytool.surface.policy_difference import policy_difference
    from policytool.toolchain.base import find_base
    from policytool.workflow.opened import open_policy

    known = load_known(daemon_folder) if daemons else ()
    with progress("linking, and writing the rules out"):
        # To find the base takes a while, and only modules need one.
        policies = [
            CompiledPolicy(path) if path.is_file() else open_policy(path, find_base(base)).policy
            for path in (before, after)
        ]
        domains = set()
        for name in (require_domain(name, known) for name in daemons or ()):
            types = {type_ for policy in policies if (type_ := policy.resolve(name))}
            if not types:
                raise InputError(f"neither {before} nor {after} has a type {name}")
            domains |= types
        difference = policy_difference(*policies)
        changes = [
            change
            for rules in (difference.rules if every or domains else ())
            for change in rules.changes()
            if not domains or {change.source, change.target} & domains
        ]
    if as_json:
        emit_json(difference_document(str(before), str(after), difference, changes))
    else:
        emit(summary(difference, changes))


def summary(difference: PolicyDifference, changes: Sequence[RuleChange]) -> str:
    """Return how much of each kind differs, then every statement that does, then the rules of CHANGES."""
    if difference.same:
        return "both policies say the same\n"
    rows: list[tuple[object, ...]] = [
        (f"{rules.ruletype}, permissions", rules.added, rules.removed)
        for rules in difference.rules
        if rules.added or rules.removed
    ]
    rows += [(facts.kind, len(facts.added), len(facts.removed)) for facts in difference.statements]
    lines = [table(("what", "more", "less"), rows, frozenset({1, 2}))]
    for facts in difference.statements:
        lines += [f"+ {facts.kind} {text}\n" for text in facts.added]
        lines += [f"- {facts.kind} {text}\n" for text in facts.removed]
    for change in changes:
        signs = "".join(f" +{perm}" for perm in change.added) + "".join(f" -{perm}" for perm in change.removed)
        condition = f" [ {change.condition} ]" if change.condition else ""
        lines.append(f"{change.ruletype} {change.source} {change.target}:{change.tclass}{signs}{condition}\n")
    return "".join(lines)
