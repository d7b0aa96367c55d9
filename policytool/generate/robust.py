# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `robust`: what goes together with what was seen, each addition with the closure that it comes from.

A recording shows what its scenarios did. A daemon that opened a file and read it will some day ask for its size or
lock it; one that made a file will some day replace it. The closures are refpolicy's own ideas of what goes
together, and are about what the daemon itself does, never about what others do to it. They go by permissions,
classes and whose a type is, never by names of types. Nothing is closed where triage refused anything on the same
(source, target, class), and what a closure proposes is triaged like what was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from policytool.generate.peers import Peers
from policytool.generate.triage import DECIDED, Cure, Triaged
from policytool.model.access import AccessKey, AccessVector, Evidence
from policytool.model.context import SecurityContext
from policytool.model.module import FileContext, FileKind, OptionalBlock, PolicyModule
from policytool.model.profile import Profile
from policytool.model.rules import AllowRule
from policytool.policy.permission_sets import PermissionSet

# An ioctl without a list of commands opens all of them, and no closure knows which: never added.
_NEVER = frozenset({"ioctl"})

# Powers of another kind than reading, writing and managing: a set with one that was not seen is not used.
_GUARDED = frozenset({"execute", "execute_no_trans", "entrypoint", "relabelfrom", "relabelto", "mounton"})

_UNSEEN = Evidence(0, 0, 0)

# What the daemon did and may do.
_DONE = frozenset({Cure.ALLOW, Cure.GRANTED})


class Closure(StrEnum):
    """Why a permission goes together with what was seen."""

    SET = "permission set"
    OWN = "own types are managed"
    ENTRY = "what is added can be removed"
    FAMILY = "the other address family"
    PEERS = "what other daemons do"


@dataclass(frozen=True, slots=True)
class Closed:
    """An access that was not seen, in the contexts of one that was, with its closure and the reason in words."""

    vector: AccessVector
    closure: Closure
    reason: str


@dataclass(frozen=True, slots=True)
class Closing:
    """What closures go by.

    `sets` of each class, `twins` (node types of the same address in the other family), and what other daemons do.
    """

    sets: Mapping[str, tuple[PermissionSet, ...]]
    twins: Mapping[str, str]
    peers: Peers = field(default_factory=Peers)


def closures(domain: str, own: frozenset[str], triaged: Iterable[Triaged], by: Closing) -> tuple[Closed, ...]:
    """Return what goes together with the accesses of DOMAIN that need a rule; OWN are the types made for it."""
    groups: dict[tuple[str, str], list[Triaged]] = {}
    for access in triaged:
        if access.vector.source.type_ == domain:
            groups.setdefault((access.vector.target.type_, access.vector.tclass), []).append(access)
    found: dict[AccessKey, Closed] = {}
    for group in (groups[key] for key in sorted(groups)):
        cures = {access.cure for access in group}
        if Cure.ALLOW in cures and not cures & DECIDED:
            for closed in _of_group(group, own, by):
                found.setdefault(closed.vector.key, closed)
    for closed in _of_peers(groups, own, by.peers):
        found.setdefault(closed.vector.key, closed)
    seen = {access.vector.key for group in groups.values() for access in group}
    return tuple(closed for key, closed in sorted(found.items()) if key not in seen)


def close(module: PolicyModule, closed: Iterable[Closed], base_types: frozenset[str]) -> PolicyModule:
    """Add CLOSED to MODULE, in rules of their own, and let its file contexts name numbered siblings."""
    groups: dict[AccessKey, set[str]] = {}
    for closure in closed:
        groups.setdefault((*closure.vector.key[:3], closure.reason), set()).add(closure.vector.perm)
    known = base_types | module.declared
    blocks = {block.types: block for block in module.optionals}
    rules = list(module.rules)
    for (source, target, tclass, reason), perms in sorted(groups.items()):
        rule = AllowRule(source, target, tclass, tuple(sorted(perms)), reason=f"robust: {reason}")
        foreign = tuple(sorted({source, target} - known))
        if foreign:
            block = blocks.get(foreign) or OptionalBlock(foreign, ())
            blocks[foreign] = replace(block, rules=_sorted([*block.rules, rule]))
        else:
            rules.append(rule)
    return replace(
        module,
        rules=_sorted(rules),
        optionals=tuple(block for _, block in sorted(blocks.items())),
        file_contexts=tuple(sorted({numbered(entry, module) for entry in module.file_contexts})),
        profile=Profile.ROBUST,
    )


# The last run of digits in the last part of a pattern, outside the escapes and brackets that a pattern may have.
_NUMBER = re.compile(r"(?P<head>.*/[A-Za-z_.\\-]*?)(?P<number>\d+)(?P<tail>[A-Za-z_.\\-]*)")


def numbered(entry: FileContext, module: PolicyModule) -> FileContext:
    """Let ENTRY stand for its numbered siblings too (vnet0 → vnet[0-9]+), if its type is the module's own.

    A program's name is left as it is, and so is one with two numbers in it (a version, x86_64).
    """
    programs = {declaration.name for declaration in module.types if "exec_type" in declaration.attributes}
    if entry.context.type_ in programs or entry.context.type_ not in module.declared or entry.kind is FileKind.DIR:
        return entry
    match = _NUMBER.fullmatch(entry.pattern)
    return replace(entry, pattern=f"{match['head']}[0-9]+{match['tail']}") if match else entry


def _sorted(rules: Iterable[AllowRule]) -> tuple[AllowRule, ...]:
    # What was seen first, then its closures.
    return tuple(sorted(rules, key=lambda rule: (rule.sort_key, rule.reason, rule.perms)))


def _of_group(group: Sequence[Triaged], own: frozenset[str], by: Closing) -> Iterator[Closed]:
    """Yield the closures of the accesses of one source to one (target type, class), the narrower first."""
    model = min(
        (access.vector for access in group if access.cure is Cure.ALLOW), key=lambda vector: vector.sort_key
    )
    target, tclass = model.target.type_, model.tclass
    # What left with a helper, or what nobody knows the object of, is not the daemon's own doing.
    seen = frozenset(access.vector.perm for access in group if access.cure in _DONE)
    sets = by.sets.get(tclass, ())
    for chosen in covering(seen, sets):
        reason = f"goes with {' '.join(sorted(seen & chosen.perms))} ({chosen.name})"
        yield from _closed(model, chosen.perms, Closure.SET, reason)
    if tclass == "dir" and "add_name" in seen:
        yield from _closed(model, frozenset({"remove_name"}), Closure.ENTRY, "what is added can be removed")
    manage = next(
        (permission_set for permission_set in sets if permission_set.name == f"manage_{tclass}_perms"), None
    )
    if target in own and "create" in seen and manage:
        yield from _closed(model, manage.perms, Closure.OWN, f"a type of its own is managed ({manage.name})")
    if twin := by.twins.get(target):
        other = replace(model, target=_with_type(model.target, twin))
        needed = frozenset(access.vector.perm for access in group if access.cure is Cure.ALLOW)
        yield from _closed(other, needed, Closure.FAMILY, f"the same address in the other family as {target}")


def _of_peers(
    groups: Mapping[tuple[str, str], Sequence[Triaged]], own: frozenset[str], others: Peers
) -> Iterator[Closed]:
    """Yield what other daemons do, where triage decided nothing about the same object."""
    every = [access.vector for group in groups.values() for access in group]
    if not every:
        return
    decided = {key for key, group in groups.items() if any(access.cure in DECIDED for access in group)}
    for habit in others.habits(min(every, key=lambda vector: vector.sort_key), own):
        vector = habit.vector
        if vector.perm in _NEVER or (vector.target.type_, vector.tclass) in decided:
            continue
        reason = f"{habit.doing} of {habit.others} other daemons do it"
        yield Closed(replace(vector, evidence=_UNSEEN, xperms=frozenset(), unlisted=0), Closure.PEERS, reason)


def _closed(model: AccessVector, perms: frozenset[str], closure: Closure, reason: str) -> Iterator[Closed]:
    for perm in sorted(perms - _NEVER):
        vector = replace(model, perm=perm, evidence=_UNSEEN, xperms=frozenset(), unlisted=0)
        yield Closed(vector, closure, reason)


def _with_type(context: SecurityContext, type_: str) -> SecurityContext:
    return replace(context, type_=type_)


@lru_cache(maxsize=4096)
def covering(seen: frozenset[str], sets: tuple[PermissionSet, ...]) -> tuple[PermissionSet, ...]:
    """Choose of SETS those that hold what was SEEN (as far as any does) and together add the least to it.

    Of equally small choices the one with fewer sets, then with shorter names (read_file_perms rather than
    mmap_read_file_perms) is taken.
    """
    usable = [candidate for candidate in sets if candidate.perms & seen and not (candidate.perms & _GUARDED) - seen]
    best: tuple[tuple[object, ...], tuple[PermissionSet, ...]] | None = None
    wanted = seen & frozenset[str]().union(*(candidate.perms for candidate in usable))
    waiting: list[tuple[tuple[PermissionSet, ...], frozenset[str]]] = [((), frozenset())]
    while waiting:
        chosen, held = waiting.pop()
        extra = len(held - seen - _NEVER)
        if best and (extra, len(chosen)) > best[0][:2]:
            continue
        missing = wanted - held
        if not missing:
            names = sorted(candidate.name for candidate in chosen)
            rank = (extra, len(chosen), sum(map(len, names)), names)
            if best is None or rank < best[0]:
                best = (rank, chosen)
            continue
        # The permission with the fewest sets to choose from leaves the least to try.
        pivot = min(sorted(missing), key=lambda perm: sum(perm in candidate.perms for candidate in usable))
        waiting += [
            ((*chosen, candidate), held | candidate.perms) for candidate in usable if pivot in candidate.perms
        ]
    return tuple(sorted(best[1])) if best else ()
