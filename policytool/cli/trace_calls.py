# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool trace calls`: the system calls in traces, and with --compare what several sides share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, note, progress, table
from policytool.cli.inputs import DaemonFolder, DaemonNames, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbOption
from policytool.daemons.named import require_domain
from policytool.errors import MissingToolError, UsageError
from policytool.model.printable import printable

if TYPE_CHECKING:
    from policytool.hardening.call_comparison import CallComparison
    from policytool.traces.tally.system_calls import SystemCall


def calls(
    traces: Annotated[list[str], VerbArgument(metavar="TRACE...", help="Bundles or raw logs.")],
    daemons: DaemonNames = None,
    compare: Annotated[
        bool,
        VerbOption(
            "--compare", help="Compare the daemons of one recording (-d A -d B), or one daemon's in several TRACEs."
        ),
    ] = False,
    as_json: Json = False,
    daemon_folder: DaemonFolder = None,
) -> None:
    """Show the system calls in traces: by domain and program, with classes of arguments, errors and counts."""
    known = load_known(daemon_folder) if daemons else ()
    domains = [require_domain(name, known) for name in daemons or ()]
    if compare:
        _compare(traces, domains, as_json=as_json)
        return
    counted: Counter[SystemCall] = Counter()
    for trace in traces:
        counted += read_calls(trace)
    rows = [(call, count) for call, count in sorted(counted.items()) if not domains or call.domain in domains]
    if as_json:
        emit_json([{**_call_document(call), "count": count} for call, count in rows])
    else:
        cells = [(call.domain, call.program, call.name, call.arguments, call.error, count) for call, count in rows]
        emit(table(("domain", "program", "call", "arguments", "error", "count"), cells, frozenset({5})))


def read_calls(trace: str) -> Counter[SystemCall]:
    """Count the system calls in TRACE; InputError when it cannot be read."""
    from policytool.traces.bundle.bundle import load, read_log
    from policytool.traces.bundle.call_table import is_call_table, read_call_table
    from policytool.traces.tally.system_calls import count_calls

    counted: Counter[SystemCall] = Counter()
    with progress(f"reading {trace}"):
        # Each log on its own: process numbers of one mean nothing in another.
        for log in load(trace).logs:
            if is_call_table(log.path):
                counted.update(read_call_table(log.path).counted)
            else:
                counted += count_calls(read_log(log, lambda _: None))
    return counted


def call_sets() -> Mapping[str, frozenset[str]]:
    """Return the sets of this machine's systemd; none, with a note, where there is no systemd."""
    from policytool.hardening.call_sets import read_sets
    from policytool.toolchain.systemd_analyze import syscall_filter_text

    try:
        return read_sets(syscall_filter_text())
    except MissingToolError as error:
        note(f"policytool: calls are not put into sets: {error}")
        return {}


def _compare(traces: Sequence[str], domains: Sequence[str], *, as_json: bool) -> None:
    from policytool.hardening.call_comparison import call_side, compare_calls

    if len(domains) > 1 and len(traces) in {1, len(domains)}:
        every = [*traces] * len(domains) if len(traces) == 1 else [*traces]
        asked = list(zip(every, domains, strict=True))
    elif len(traces) > 1 and len(domains) <= 1:
        asked = [(trace, "".join(domains)) for trace in traces]
    else:
        raise UsageError(
            "--compare takes one TRACE with several -d, several TRACEs with at most one -d, or as many -d as TRACEs"
        )
    counted = {trace: read_calls(trace) for trace, _ in dict.fromkeys(asked)}
    sets = call_sets()
    sides = []
    for trace, domain in asked:
        parts = [part for part in (domain, trace if len(traces) > 1 else "") if part]
        side = call_side(" in ".join(parts), counted[trace], domain, sets)
        if not side.calls:
            note(f"policytool: {side.name}: no system call was seen")
        sides.append(side)
    compared = compare_calls(sides)
    if as_json:
        emit_json(_comparison_document(compared))
    else:
        emit(_comparison_text(compared))


def _comparison_text(compared: CallComparison) -> str:
    """Return a matrix of what sides share, what each makes alone, and how many calls of each set each makes."""
    numbers = [f"[{place}]" for place in range(1, len(compared.sides) + 1)]
    shared = {(pair.left, pair.right): len(pair.shared) for pair in compared.pairs}
    rows = []
    for number, side in zip(numbers, compared.sides, strict=True):
        cells = [
            len(side.calls)
            if other is side
            else shared.get((side.name, other.name), shared.get((other.name, side.name), 0))
            for other in compared.sides
        ]
        made = sum(side.calls.values())
        rows.append((number, side.name, made, *cells, len(compared.unique[side.name])))
    columns = ("", "side", "calls made", *numbers, "alone")
    text = table(columns, rows, frozenset(range(2, len(columns))))
    families = sorted({name for side in compared.sides for name in side.families})
    if families:
        of_sets = [(name, *(len(side.families.get(name, ())) for side in compared.sides)) for name in families]
        text += "\n" + table(("set", *numbers), of_sets, frozenset(range(1, len(numbers) + 1)))
    for number, side in zip(numbers, compared.sides, strict=True):
        alone = " ".join(f"{call}({side.calls[call]})" for call in compared.unique[side.name])
        text += f"\n{number} alone: {alone or 'nothing'}\n"
    return text


def _comparison_document(compared: CallComparison) -> dict[str, object]:
    return {
        "format": 1,
        "sides": [
            {
                "name": printable(side.name),
                "calls": {printable(call): count for call, count in side.calls.items()},
                "families": {name: [*some] for name, some in side.families.items()},
                "unique": [printable(call) for call in compared.unique[side.name]],
            }
            for side in compared.sides
        ],
        "pairs": [
            {
                "left": printable(pair.left),
                "right": printable(pair.right),
                "shared": [printable(call) for call in pair.shared],
                "only_left": [printable(call) for call in pair.only_left],
                "only_right": [printable(call) for call in pair.only_right],
            }
            for pair in compared.pairs
        ],
    }


def _call_document(call: SystemCall) -> dict[str, str]:
    return {
        "domain": call.domain,
        "program": printable(call.program),
        "call": printable(call.name),
        "arguments": printable(call.arguments),
        "error": call.error,
    }
