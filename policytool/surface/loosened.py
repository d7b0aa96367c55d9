# SPDX-License-Identifier: GPL-2.0-or-later
"""What a policy allows more than another although no allow rule says so: roles, users, bounds, constraints.

Each is a restriction that the other policy has and this one has not, or not as tightly. Types that are new are left
out: what a new domain may do is its surface.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

# Source, target, class, and `ioctl` or `nlmsg`.
_Narrowed = tuple[str, str, str, str]


def loosened(before: CompiledPolicy, after: CompiledPolicy) -> tuple[str, ...]:
    """Return a sentence for each restriction of BEFORE that AFTER has no longer, sorted."""
    shared = before.types & after.types
    return tuple(
        sorted(
            {
                *_roles(before, after, shared),
                *_users(before, after),
                *_bounds(before, after, shared),
                *_constraints(before, after, shared),
                *_commands(before, after),
            }
        )
    )


def _roles(before: CompiledPolicy, after: CompiledPolicy, shared: frozenset[str]) -> Iterator[str]:
    for role, types in after.roles.items():
        for type_ in (types & shared) - before.roles.get(role, frozenset()):
            yield f"role {role} may have the type {type_}"
    for old, new in after.role_allows - before.role_allows:
        yield f"role {old} may change to role {new}"


def _users(before: CompiledPolicy, after: CompiledPolicy) -> Iterator[str]:
    for user, roles in after.users.items():
        for role in roles - before.users.get(user, frozenset()):
            yield f"user {user} may have the role {role}"
    for user, range_ in after.user_ranges.items():
        if user in before.user_ranges and not before.may_have(user, range_):
            yield f"user {user} has the range {range_} and had {before.user_ranges[user]}"


def _bounds(before: CompiledPolicy, after: CompiledPolicy, shared: frozenset[str]) -> Iterator[str]:
    for child, parent in before.typebounds.items():
        if child in shared and after.typebounds.get(child) != parent:
            yield f"type {child} is no longer bounded by {parent}"


def _constraints(before: CompiledPolicy, after: CompiledPolicy, shared: frozenset[str]) -> Iterator[str]:
    # A constraint may exempt the types that it names or bind them alone: either way it says something else of them.
    old, new = before.constrained, after.constrained
    for type_ in shared & (old.keys() | new.keys()):
        ours, theirs = new.get(type_, frozenset()), old.get(type_, frozenset())
        for constraint in ours ^ theirs:
            since = "now" if constraint in ours else "no longer"
            yield f"a constraint names {type_} {since}: {constraint}"


def _commands(before: CompiledPolicy, after: CompiledPolicy) -> Iterator[str]:
    old, new = _narrowed(before), _narrowed(after)
    for key, commands in old.items():
        source, target, tclass, perm = key
        what = f"{source} {target}:{tclass} {perm}"
        if key not in new:
            if _allows(after, key):
                yield f"{what} is no longer narrowed by allowxperm"
        elif more := new[key] - commands:
            some = ", ".join(hex(command) for command in sorted(more)[:8])
            yield f"{what} may use {len(more)} commands more: {some}"


def _allows(policy: CompiledPolicy, key: _Narrowed) -> bool:
    *names, perm = key

    def asked(source: str, target: str, tclass: str) -> bool:
        return [source, target, tclass] == names

    return any(perm in rule.perms for rule in policy.rules((TeRuleType.ALLOW,), asked))


def _narrowed(policy: CompiledPolicy) -> Mapping[_Narrowed, frozenset[int]]:
    found: dict[_Narrowed, frozenset[int]] = {}
    for rule in policy.rules((TeRuleType.ALLOWXPERM,)):
        key = (rule.source, rule.target, rule.tclass, rule.perm)
        found[key] = found.get(key, frozenset()) | rule.xperms
    return found
