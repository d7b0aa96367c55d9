# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose access is it, program by program: what ran in a daemon's domain, and where it would run if it had its own.

A program that a daemon runs without a change of domain acts in the daemon's domain, so its accesses look like the
daemon's. The kernel names it, though (exe=), and asks `execute_no_trans` when it is run, which gives the type of
its file. What a helper runs in turn (dnsmasq a shell, the shell another program; libvirt_lxc a container's payload)
follows from who ran whom.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.execution import Execution
from policytool.model.program import Attribution, Helper, Program, Whose

# Returns the domain that a process of a domain is in once it has run a program of a type.
Enters = Callable[[str, str], str]


@dataclass(slots=True)
class _Seen:
    """What the vectors tell: own programs, types of the others by program, and what was entered from the domain."""

    own: set[str]
    types: dict[str, set[str]] = field(default_factory=dict)
    entered: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def program_types(domain: str, vectors: Iterable[AccessVector]) -> frozenset[str]:
    """Return the types of the programs that DOMAIN ran, with and without a change of domain."""
    every = tuple(vectors)
    plain = {vector.target.type_ for vector in every if _runs(vector, domain)}
    programs = {
        (vector.target.type_, use.program)
        for vector in every
        if vector.key[0] == domain and vector.key[2:] == ("process", "transition")
        for use, _ in vector.evidence.uses
    }
    entered = {
        vector.target.type_
        for vector in every
        if vector.key[2:] == ("file", "entrypoint")
        for use, _ in vector.evidence.uses
        if (vector.source.type_, use.program) in programs
    }
    return frozenset(plain | entered)


def attribute(
    daemon: Daemon,
    vectors: Iterable[AccessVector],
    executions: Iterable[Execution],
    enters: Enters,
    why_not: Callable[[str], str] = lambda _: "",
) -> Attribution:
    """Say whose accesses those in the domain of DAEMON are.

    VECTORS and EXECUTIONS are everything that was seen, ENTERS the transitions that hold or shall hold. WHY_NOT
    says of the type of a program why running it leads into no domain of its own. A program stays the daemon's if
    the daemon itself runs it without a transition. If nobody was seen to run it, we assume that the daemon ran it.
    """
    domain = daemon.domain
    seen = _look(daemon, vectors)
    callers = _callers(domain, seen, executions)
    run_from, runs_in = _walk(domain, seen, callers, enters)
    helpers: dict[tuple[str, str], set[str]] = {}
    for path, types in seen.types.items():
        for type_ in sorted(types):
            if domain in run_from[path] and (entered := enters(domain, type_)) != domain:
                helpers.setdefault((type_, entered), set()).add(path)
    programs = [
        Program(domain, path, Whose.OWN, runs_in=(domain,), reason="a program of the daemon") for path in seen.own
    ]
    for path, types in seen.types.items():
        whose, reason = _whose(domain, path, types, run_from[path], runs_in[path], callers, why_not)
        places = tuple(sorted(runs_in[path]))
        programs.append(
            Program(domain, path, whose, tuple(sorted(types)), places, tuple(sorted(callers.get(path, ()))), reason)
        )
    asked: dict[str, set[str]] = {}
    for (path, entered), types in seen.entered.items():
        ways = [type_ for type_ in types if enters(domain, type_) == entered]
        for type_ in ways:
            helpers.setdefault((type_, entered), set()).add(path)
        if not ways:
            asked.setdefault(path, set()).add(entered)
    programs += [_by_setexec(domain, path, entered, path in seen.types) for path, entered in asked.items()]
    domains = {domain}.union(*runs_in.values())
    every = {type_ for types in seen.types.values() for type_ in types}
    return Attribution(
        domain=domain,
        programs=tuple(sorted(programs)),
        helpers=tuple(Helper(*key, tuple(sorted(paths))) for key, paths in sorted(helpers.items())),
        runs_in={path: frozenset(places) for path, places in sorted(runs_in.items())},
        run_from={path: frozenset(places) for path, places in sorted(run_from.items())},
        enters={
            (place, type_): entered
            for place in sorted(domains)
            for type_ in sorted(every)
            if (entered := enters(place, type_)) != place
        },
    )


def _look(daemon: Daemon, vectors: Iterable[AccessVector]) -> _Seen:
    domain = daemon.domain
    every = tuple(vectors)
    entries: dict[tuple[str, str], set[str]] = {}
    executed: dict[str, set[str]] = {}
    seen = _Seen(own=set())
    for vector in every:
        source, target, tclass, perm = vector.key
        if (tclass, perm) == ("file", "entrypoint"):
            for use, _ in vector.evidence.uses:
                entries.setdefault((source, use.program), set()).add(target)
                if source == domain and use.program:
                    seen.own.add(use.program)
        elif (source, tclass, perm) == (domain, "file", "execute"):
            for use, _ in vector.evidence.uses:
                executed.setdefault(use.program, set()).add(target)
        elif _runs(vector, domain):
            for use, _ in vector.evidence.uses:
                if use.program:
                    seen.types.setdefault(use.program, set()).add(target)
    present = {use.program for v in every if v.source.type_ == domain for use, _ in v.evidence.uses}
    seen.own |= present & set(daemon.executables)
    for path in seen.own:
        seen.types.pop(path, None)
    for vector in every:
        source, target, tclass, perm = vector.key
        if (source, tclass, perm) == (domain, "process", "transition") and target != domain:
            for use, _ in vector.evidence.uses:
                # Where the domain that was entered was not recorded, what the daemon executed has to do; its loader
                # is among that, and leads nowhere.
                types = entries.get((target, use.program)) or executed.get(use.program, set())
                seen.entered.setdefault((use.program, target), set()).update(types)
    return seen


def _runs(vector: AccessVector, domain: str) -> bool:
    return vector.key[0] == domain and vector.key[2:] == ("file", "execute_no_trans")


def _callers(domain: str, seen: _Seen, executions: Iterable[Execution]) -> Mapping[str, frozenset[str]]:
    """Return who ran each program in DOMAIN; a program that nothing is known of is in no entry."""
    found: dict[str, set[str]] = {}
    for execution in executions:
        if execution.domain == domain and execution.program in seen.types:
            found.setdefault(execution.program, set()).add(execution.caller)
    return {program: frozenset(callers) for program, callers in found.items()}


def _walk(
    domain: str, seen: _Seen, callers: Mapping[str, frozenset[str]], enters: Enters
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Follow the programs from the daemon on: the domains that each is run from, and those it runs in."""
    run_from: dict[str, set[str]] = {path: set() for path in seen.types}
    runs_in: dict[str, set[str]] = {path: set() for path in seen.types}
    run_by: dict[str, list[str]] = {}
    for path, some in callers.items():
        for caller in some:
            run_by.setdefault(caller, []).append(path)
    # What the daemon runs, or somebody who is as good as the daemon: no other of these programs.
    waiting = [(path, domain) for path in seen.types if not callers.get(path, frozenset()) & runs_in.keys()]
    waiting += [(path, domain) for path, some in callers.items() if some - runs_in.keys()]
    first = iter(sorted(seen.types))
    while True:
        while waiting:
            path, before = waiting.pop()
            if before in run_from[path]:
                continue
            run_from[path].add(before)
            for entered in {enters(before, type_) for type_ in seen.types[path]} - runs_in[path]:
                runs_in[path].add(entered)
                waiting += [(program, entered) for program in run_by.get(path, ())]
        # Programs that were only ever seen to run each other: somebody ran the first, so the daemon may have.
        left = next((path for path in first if not run_from[path]), None)
        if left is None:
            return run_from, runs_in
        waiting.append((left, domain))


def _whose(
    domain: str,
    path: str,
    types: Collection[str],
    before: Collection[str],
    after: Collection[str],
    callers: Mapping[str, frozenset[str]],
    why_not: Callable[[str], str],
) -> tuple[Whose, str]:
    places, kinds = ", ".join(sorted(after)), ", ".join(sorted(types))
    ran = ", ".join(sorted(callers.get(path, ())))
    if domain not in before:
        return Whose.NESTED, f"run by {ran}, which is not in {domain} any more: it is in {places}"
    if domain not in after:
        return Whose.HELPER, f"{kinds} is the way into {places}"
    reasons = sorted({reason for type_ in types if (reason := why_not(type_))})
    if set(after) != {domain}:
        reasons.append(
            f"it also runs in {', '.join(sorted(set(after) - {domain}))}, and the log does not tell which"
        )
    return Whose.STAYS, "; ".join(reasons) or f"{kinds} leads into no domain of its own"


def _by_setexec(domain: str, path: str, entered: Collection[str], also_plain: bool) -> Program:
    places = ", ".join(sorted(entered))
    reason = f"{domain} asks for {places} before it runs it (setexec), so that no type_transition is needed"
    if also_plain:
        reason += f"; one would also catch its other runs, which stay in {domain}"
    return Program(domain, path, Whose.SETEXEC, runs_in=tuple(sorted(entered)), reason=reason)
