# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses and groups of them on stdout: for people, as JSON, as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from policytool.cli.console import emit, emit_csv, emit_json, table

if TYPE_CHECKING:
    from policytool.report.access_keys import GroupKey
    from policytool.report.accesses import Access, Group

COLUMNS = ("source", "target", "tclass", "perm", "result", "count", "permissive", "first", "last")
EXPLAINED = ("xperms", "programs", "paths", "hosts")


class Output(Enum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def print_accesses(accesses: Sequence[Access], output: Output, *, explain: bool) -> None:
    """Print ACCESSES; EXPLAIN adds to each what is known of it."""
    from policytool.report.accesses import access_document

    match output:
        case Output.JSON:
            emit_json([access_document(access, explain) for access in accesses])
        case Output.CSV:
            emit_csv(csv_columns(explain), [csv_row(access, explain) for access in accesses])
        case Output.TEXT if explain:
            emit("".join(explained(access) for access in accesses))
        case Output.TEXT:
            columns = ("count", "result", "source", "target", "class", "permission")
            cells = [(access.evidence.count, access.result.value, *access.key) for access in accesses]
            emit(table(columns, cells, frozenset({0})))


def print_groups(groups: Sequence[Group], by: GroupKey, output: Output) -> None:
    """Print GROUPS, which have BY in common."""
    from policytool.report.access_keys import GroupKey
    from policytool.report.accesses import group_document

    match output:
        case Output.JSON:
            emit_json([group_document(group, by) for group in groups])
        case Output.CSV:
            columns = (by.value, "count", "denied", "granted", "accesses", "perms")
            emit_csv(columns, [(*_figures(group, group.name), " ".join(sorted(group.perms))) for group in groups])
        case Output.TEXT:
            names = [
                f"{group.name} {{ {' '.join(sorted(group.perms))} }}" if by is GroupKey.RULE else group.name
                for group in groups
            ]
            cells = [(*_figures(group, name)[1:], name) for group, name in zip(groups, names, strict=True)]
            emit(table(("count", "denied", "granted", "accesses", by.value), cells, frozenset(range(4))))


def _figures(group: Group, name: str) -> tuple[str, int, int, int, int]:
    return (name, group.count, group.denied, group.granted, group.accesses)


def csv_columns(explain: bool) -> tuple[str, ...]:
    """Return the names of the columns of `csv_row`."""
    return (*COLUMNS, *EXPLAINED) if explain else COLUMNS


def csv_row(access: Access, explain: bool) -> list[object]:
    """Return the cells of ACCESS; lists are separated by `; `."""
    from policytool.report.accesses import access_document

    document = access_document(access)
    row = [document[column] for column in COLUMNS]
    if not explain:
        return row
    uses = [use for use, _ in access.evidence.shown()]
    lists = (
        [f"{number:#x} {name}" for number, name in access.xperm_names],
        dict.fromkeys(use.program for use in uses if use.program),
        dict.fromkeys(use.path for use in uses if use.path),
        [f"{host} {count}" for host, count in access.evidence.hosts],
    )
    return [*row, *("; ".join(values) for values in lists)]


def explained(access: Access) -> str:
    """Return ACCESS with all that is known of it, on several lines."""
    from policytool.model.printable import printable
    from policytool.report.accesses import timestamp

    source, target, tclass, perm = access.key
    evidence = access.evidence
    waved = " (permissive)" if access.permissive else ""
    lines = [
        f"{access.result.value}{waved} {source} {'self' if source == target else target}:{tclass} {perm}",
        f"  {evidence.count} x, {timestamp(evidence.first)} to {timestamp(evidence.last)}",
    ]
    lines += [f"  {number:#06x} {name}" for number, name in access.xperm_names]
    if access.xperms and access.unlisted:
        lines.append(f"  {access.unlisted} x without a command or message type")
    shown = evidence.shown()
    lines += [
        f"  {count} x {' '.join(word for word in (use.program, use.syscall, use.path, f'({use.trace})') if word)}"
        for use, count in shown
    ]
    if rest := evidence.count - sum(count for _, count in shown):
        lines.append(f"  {rest} x in other ways")
    if len(evidence.hosts) > 1:
        lines.append("  hosts: " + ", ".join(f"{host} {count}" for host, count in evidence.hosts))
    return "".join(f"{printable(line)}\n" for line in lines)
