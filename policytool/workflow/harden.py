# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be taken from a daemon's unit, by recordings of accesses and calls and by the policy it runs under."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policytool.errors import InputError
from policytool.hardening.asked_calls import asked_calls
from policytool.hardening.call_settings import RecordedCalls, call_settings
from policytool.hardening.needed import (
    NeedKind,
    Needs,
    called_needs,
    joined_needs,
    observed_needs,
    permitted_needs,
    split_refused,
)
from policytool.hardening.no_new_privileges import no_new_privileges
from policytool.hardening.settings import Grounds, Setting, access_settings
from policytool.hardening.unit_tree import UnitTree, unit_tree
from policytool.model.access import AccessVector, Result
from policytool.model.event import TraceEvent
from policytool.policy.compiled import CompiledPolicy
from policytool.traces.bundle.bundle import load, read_log
from policytool.traces.bundle.call_table import is_call_table, read_call_table
from policytool.traces.tally.system_calls import SystemCall, count_calls


@dataclass(frozen=True, slots=True)
class Hardened:
    """The settings for the unit of DOMAIN, and the names of the calls that its tree makes, if any were recorded."""

    tree: UnitTree
    settings: tuple[Setting, ...]
    calls: tuple[str, ...]


def read_recorded_calls(traces: Iterable[str]) -> RecordedCalls:
    """Read recordings of calls; InputError for one of accesses, which has the calls of these accesses only."""
    counted: Counter[SystemCall] = Counter()
    architectures: set[str] = set()
    late: list[str] = []

    def looked_at(trace: str, events: Iterable[TraceEvent]) -> Iterator[TraceEvent]:
        first = True
        for event in events:
            if first and event.syscall and event.syscall.subject is None and event.syscall.name != "execve":
                late.append(trace)
            first = first and event.syscall is None
            if any(decision.result is Result.GRANTED for decision in event.decisions):
                raise InputError(
                    f"{trace}: is a recording of accesses, not of calls (trace record --mode calls, or strace -f)"
                )
            if event.syscall and event.syscall.arch:
                architectures.add(event.syscall.arch)
            yield event

    lost = 0
    for trace in traces:
        for log in load(trace).logs:
            if is_call_table(log.path):
                table = read_call_table(log.path)
                counted.update(table.counted)
                architectures |= table.architectures
                lost += table.lost
            else:
                counted += count_calls(looked_at(trace, read_log(log, lambda _: None)))
    return RecordedCalls(dict(counted), frozenset(architectures), not late, lost)


def harden(
    domain: str,
    vectors: Sequence[AccessVector],
    calls: RecordedCalls | None,
    policy: CompiledPolicy,
    sets: Mapping[str, frozenset[str]],
    runs_as_root: bool | None = None,
    commands: Sequence[str] = (),
) -> Hardened:
    """Return what can be taken from the unit of DOMAIN.

    RUNS_AS_ROOT says whether the unit has no User=, None if there is no unit at hand; COMMANDS are the programs
    that it runs besides the daemon. InputError when neither VECTORS nor CALLS show anything of DOMAIN.
    """
    tree = unit_tree(domain, vectors)
    seen = any(vector.source.type_ == domain for vector in vectors)
    called = calls is not None and bool(calls.of({domain}))
    if not seen and not called:
        raise InputError(f"nothing that {domain} did is in these traces")
    incomplete = _incomplete(tree, policy, seen=seen)
    whole_calls = calls is not None and called and not calls.missing(tree, commands)
    needs, refused = split_refused(_needs(tree, vectors, calls, policy, whole_calls=whole_calls), policy)
    grounds = Grounds(tree, needs, incomplete, "" if whole_calls else incomplete, refused)
    settings: list[Setting] = []
    asked = asked_calls(vectors, tree.domains) if called else {}
    if calls is not None:
        settings += call_settings(calls, grounds, sets, asked, commands)
    else:
        reason = "a filter is made only of a recording of calls (--calls), and none was given"
        settings.append(Setting("SystemCallFilter", "", ("what SELinux decides are accesses, not calls",), reason))
    settings += access_settings(grounds)
    settings.insert(1, _ambient(runs_as_root))
    settings.append(no_new_privileges(tree.entries, policy, incomplete))
    names = {*calls.of(tree.domains), *calls.of_programs(commands), *asked} if calls else set()
    return Hardened(tree, tuple(settings), tuple(sorted(names)))


def _incomplete(tree: UnitTree, policy: CompiledPolicy, *, seen: bool) -> str:
    if not seen:
        return "no recording of accesses was given"
    if not tree.recorded:
        return f"the accesses of {tree.domain} were not recorded in complete mode, so others may be missing"
    unknown = [domain for domain in _bounded(tree) if domain not in policy.types]
    if unknown:
        return f"{', '.join(unknown)} was not recorded and is not in the policy: nothing bounds what it needs"
    return ""


def _bounded(tree: UnitTree) -> tuple[str, ...]:
    """Return the descendants that count with all that the policy allows them."""
    return tuple(sorted({*tree.guests, *tree.unseen}))


def _needs(
    tree: UnitTree,
    vectors: Sequence[AccessVector],
    calls: RecordedCalls | None,
    policy: CompiledPolicy,
    *,
    whole_calls: bool,
) -> Needs:
    processes = policy.attributes.get("domain", frozenset()) | {vector.source.type_ for vector in vectors}
    observed = dict(observed_needs(vectors, tree.domains, processes))
    permitted = [permitted_needs(policy, domain) for domain in _bounded(tree) if domain in policy.types]
    if calls is None:
        return joined_needs([observed, *permitted])
    if whole_calls:
        # Calls tell which families and namespaces; access decisions only that one of several was used.
        made = calls.of(tree.domains)
        told = any(call.name == "clone3" and call.arguments for call in calls.counted)
        observed.pop(NeedKind.FAMILY, None)
        if "clone3" not in made or told:
            observed.pop(NeedKind.NAMESPACE, None)
    return joined_needs([observed, called_needs(calls.counted, tree.domains), *permitted])


def _ambient(runs_as_root: bool | None) -> Setting:
    held = "" if runs_as_root else "the unit has a User=, whose capabilities may come from it"
    if runs_as_root is None:
        held = "whether the unit runs as root is not known (--unit)"
    return Setting("AmbientCapabilities", "", ("the daemon has its capabilities as root",), held)
