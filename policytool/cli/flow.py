# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool flow`: direct flows of information from and to domains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress, table
from policytool.cli.inputs import BaseFolder, Booleans, DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbOption, stop
from policytool.daemons.named import require_domain
from policytool.errors import ExitCode, UsageError
from policytool.model.context import is_identifier

if TYPE_CHECKING:
    from policytool.workflow.flow import FlowAnswer


def flow(
    policies: Annotated[
        list[Path] | None,
        VerbArgument(
            metavar="POLICY...",
            help="Folders of modules, or compiled policies; of several, the others are compared with the first "
            "(default: the base).",
        ),
    ] = None,
    daemons: DaemonNames = None,
    absent: Annotated[
        list[str] | None,
        VerbOption(
            metavar="SOURCE:TARGET",
            help="Exit 1 when information flows from SOURCE to TARGET, types or attributes; repeatable.",
        ),
    ] = None,
    weight: Annotated[
        int,
        VerbOption(metavar="N", least=1, most=10, help="Count what setools' permission map weighs at least so."),
    ] = 3,
    booleans: Booleans = None,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
) -> None:
    """Tell which types' information flows to domains directly, and where theirs flows."""
    from policytool.report.flow_document import flow_document
    from policytool.toolchain.base import find_base
    from policytool.workflow.flow import flows_of
    from policytool.workflow.opened import booleans_of, open_policy

    known = load_known(daemon_folder)
    domains = [require_domain(name, known) for name in daemons or ()]
    pairs = [_pair(text) for text in absent or ()]
    stated = booleans_of(booleans or ())
    found = find_base(base)
    with progress("linking, and reading the rules"):
        asked: list[Path | None] = [*policies] if policies else [None]
        answer = flows_of([open_policy(path, found, stated) for path in asked], domains, weight, pairs)
    if as_json:
        emit_json(flow_document(answer.rows, answer.changes, answer.forbidden, weight))
    else:
        emit(summary(answer, several=len(asked) > 1, listed=len(domains) == 1 and len(asked) == 1))
    if answer.forbidden:
        stop(ExitCode.FINDINGS)


def summary(answer: FlowAnswer, *, several: bool = False, listed: bool = False) -> str:
    """Return the numbers of flows of each domain, with LISTED their types; then changes, and what must not be."""
    lines = []
    if answer.rows:
        cells = [
            (f"{row.domain} ({row.policy})" if several else row.domain, len(row.sources), len(row.targets))
            for row in answer.rows
        ]
        lines.append(table(("domain", "from types", "to types"), cells, frozenset({1, 2})))
    for row in answer.rows if listed else ():
        lines += [f"  {type_} -> {row.domain}\n" for type_ in row.sources]
        lines += [f"  {row.domain} -> {type_}\n" for type_ in row.targets]
    for change in answer.changes:
        lines.append(f"{change.after}: {len(change.added)} flows more, {len(change.removed)} less\n")
        lines += [f"  + {source} -> {target}\n" for source, target in change.added]
        lines += [f"  - {source} -> {target}\n" for source, target in change.removed]
    for flow_ in answer.forbidden:
        lines.append(
            f"{flow_.policy}: {flow_.source} -> {flow_.target} must be absent, and these rules let it flow:\n"
        )
        lines += [f"  {rule}\n" for rule in flow_.rules]
    return "".join(lines)


def _pair(text: str) -> tuple[str, str]:
    source, _, target = text.partition(":")
    if not is_identifier(source) or not is_identifier(target):
        raise UsageError(f"{text!r} does not name a flow; write SOURCE:TARGET, types or attributes")
    return source, target
