# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings that only a recording of system calls can give: the filter and the architecture."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from policytool.hardening.call_sets import ALWAYS, filter_words
from policytool.hardening.needed import Needer, NeedKind
from policytool.hardening.settings import Grounds, Setting, evidence
from policytool.hardening.unit_tree import UnitTree
from policytool.traces.events.syscalls import calls_of
from policytool.traces.tally.system_calls import SystemCall

# RestrictNamespaces= cannot look at the flags of clone3, which are in memory, and lets it fail with ENOSYS; the C
# library then makes the other (systemd, src/shared/seccomp-util.c, seccomp_restrict_namespaces).
_INSTEAD = {"clone3": "clone"}


@dataclass(frozen=True, slots=True)
class RecordedCalls:
    """What recordings of calls hold: the calls counted, and the architectures that they were made on.

    FROM_START says whether those without domains (strace) begin with the start of a program. LOST counts calls that
    were made and are not there.
    """

    counted: Mapping[SystemCall, int]
    architectures: frozenset[str]
    from_start: bool = True
    lost: int = 0

    def of(self, domains: Collection[str]) -> Mapping[str, tuple[Needer, ...]]:
        """Return the names of the calls of DOMAINS, or without a domain, and who makes them."""
        return self._makers(lambda call: not call.domain or call.domain in domains)

    def of_programs(self, programs: Collection[str]) -> Mapping[str, tuple[Needer, ...]]:
        """Return the names of the calls of PROGRAMS (paths), and who makes them; /bin and /usr/bin are one."""
        wanted = {_merged(program) for program in programs}
        return self._makers(lambda call: bool(call.program) and _merged(call.program) in wanted)

    def _makers(self, wanted: Callable[[SystemCall], bool]) -> Mapping[str, tuple[Needer, ...]]:
        makers: dict[str, dict[tuple[str, str], int]] = {}
        for call, count in self.counted.items():
            if wanted(call):
                each = makers.setdefault(call.name, {})
                each[call.domain, call.program] = each.get((call.domain, call.program), 0) + count
        return {
            name: tuple(Needer(domain, program, count) for (domain, program), count in sorted(each.items()))
            for name, each in sorted(makers.items())
        }

    def missing(self, tree: UnitTree, commands: Collection[str] = ()) -> str:
        """Say why a filter of these calls might cut off a process of TREE or one of COMMANDS, "" if it would not.

        A recording without domains (strace -f) follows whatever the daemon starts. COMMANDS are the programs that
        init runs for the unit besides the daemon.
        """
        if self.lost:
            return f"the recording lost {self.lost} calls"
        if tree.guests:
            return f"{', '.join(tree.guests)} runs guests or containers, and what they call nobody can know"
        ran = {_merged(call.program) for call in self.counted}
        unrun = sorted(command for command in commands if _merged(command) not in ran)
        if unrun:
            return f"no call of {', '.join(unrun)} was recorded, and the unit runs it under the filter"
        domains = {call.domain for call in self.counted}
        if "" in domains:
            late = "the recording began while the daemon ran: what it calls when it starts is not in it"
            return "" if self.from_start else late
        unseen = sorted(tree.domains - domains)
        return f"no call of {', '.join(unseen)} was recorded, and it inherits the filter" if unseen else ""


def _named(needer: Needer, tree: UnitTree) -> str:
    """Return the domain of NEEDER if it is one of TREE; a command that init runs is called by its program."""
    own = needer.domain if needer.domain in tree.domains else ""
    return own or needer.program or "a new process"


def _merged(program: str) -> str:
    """Return the path of PROGRAM as a log has it, where /bin and /sbin are links into /usr."""
    return f"/usr{program}" if program.startswith(("/bin/", "/sbin/")) else program


def call_settings(
    calls: RecordedCalls,
    grounds: Grounds,
    sets: Mapping[str, frozenset[str]],
    asked: Mapping[str, tuple[Needer, ...]],
    commands: Collection[str] = (),
) -> tuple[Setting, ...]:
    """Return SystemCallFilter=, SystemCallArchitectures= and LockPersonality= of CALLS, in SETS of systemd.

    ASKED are the calls that a recording of accesses shows, and COMMANDS the programs that init runs for the unit
    besides the daemon.
    """
    tree = grounds.tree
    made = dict(calls.of(tree.domains))
    only_asked = sorted(asked.keys() - made.keys() - sets.get(ALWAYS, frozenset())) if made else []
    for more in (calls.of_programs(commands), {name: asked[name] for name in only_asked}):
        for name, needers in more.items():
            made[name] = (*made.get(name, ()), *needers)
    fallbacks = {other: made[name] for name, other in _INSTEAD.items() if name in made and other not in made}
    made |= fallbacks
    there = frozenset[str]().union(*(calls_of(arch) for arch in calls.architectures))
    words = filter_words(made, sets, there)
    held = "no call was recorded" if not made else calls.missing(tree, commands)
    because = [f"{len(made)} calls were made, as {len(words)} words; those of @default are always allowed"]
    if only_asked:
        because.append(f"not in the recording of calls, but in that of accesses: {' '.join(only_asked)}")
    if fallbacks:
        because.append(f"made instead where RestrictNamespaces= lets another call fail: {' '.join(fallbacks)}")
    for word in words:
        who = {_named(needer, tree) for name in word.covers for needer in made[name]}
        seen = f" for {' '.join(word.covers)}" if word.word.startswith("@") else ""
        excess = f"; not seen: {' '.join(word.excess)}" if word.excess else ""
        because.append(f"{word.word}{seen} ({', '.join(sorted(who))}){excess}")
    personality = grounds.of(NeedKind.PERSONALITY)
    return (
        Setting("SystemCallFilter", " ".join(word.word for word in words), tuple(because), held),
        Setting(
            "SystemCallArchitectures",
            "native",
            (f"made on: {', '.join(sorted(calls.architectures)) or 'not named'}",),
            held or ("" if len(calls.architectures) == 1 else "the recording does not name a single architecture"),
        ),
        Setting(
            "LockPersonality",
            "yes",
            evidence(personality) or ("nobody called personality",),
            "somebody changes it" if personality else held,
        ),
    )
