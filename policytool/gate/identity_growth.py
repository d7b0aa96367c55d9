# SPDX-License-Identifier: GPL-2.0-or-later
"""What a policy allows more although no rule on types says so: roles, users, bounds, constraints, attributes.

Types that are new are left out: what a new domain may do is told as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from policytool.gate.growth import Growth, Pair
from policytool.policy.terule import Constraint


def identity_growth(pair: Pair) -> Iterator[Growth]:
    """Yield each restriction of BEFORE on roles, users and types that AFTER has no longer, or not as tightly."""
    yield from _roles(pair)
    yield from _users(pair)
    yield from _types(pair)
    yield from _attributes(pair)
    yield from _constraints(pair)


def _roles(pair: Pair) -> Iterator[Growth]:
    before, after = pair.before, pair.after
    for role, types in sorted(after.roles.items()):
        if role not in before.roles:
            said = f"role {role} is new, and may have {len(types)} types"
            yield Growth("G-role", said, role, words=(role,), keyword="role")
            continue
        for type_ in sorted((types & pair.then.keys()) - pair.now(before.roles[role])):
            said = f"role {role} may have the type {type_}"
            yield Growth("G-role", said, role, type_, words=(role, type_), keyword="roletype")
    for old, new in sorted(after.role_allows - before.role_allows):
        said = f"role {old} may change to role {new}"
        yield Growth("G-role", said, old, new, words=(old, new), keyword="roleallow")


def _users(pair: Pair) -> Iterator[Growth]:
    before, after = pair.before, pair.after
    for user, roles in sorted(after.users.items()):
        for role in sorted(roles - before.users.get(user, frozenset())):
            said = f"user {user} may have the role {role}"
            yield Growth("G-user", said, user, role, words=(user, role), keyword="userrole")
    for user, range_ in sorted(after.user_ranges.items()):
        if user in before.user_ranges and not before.may_have(user, range_):
            said = f"user {user} has the range {range_} and had {before.user_ranges[user]}"
            yield Growth("G-user", said, user, words=(user,), keyword="userrange")


def _types(pair: Pair) -> Iterator[Growth]:
    before, after = pair.before, pair.after
    for type_ in sorted((after.permissive & pair.then.keys()) - pair.now(before.permissive)):
        said = f"{type_} is permissive now: nothing is denied to it"
        yield Growth("G-permissive", said, type_, words=(type_,), keyword="typepermissive")
    for type_ in sorted(after.permissive & pair.new):
        said = f"{type_} is new and permissive: nothing is denied to it"
        yield Growth("G-permissive", said, type_, words=(type_,), keyword="typepermissive")
    for child, parent in sorted(before.typebounds.items()):
        now = pair.renamed.get(child, child)
        if now in pair.then and after.typebounds.get(now) != pair.renamed.get(parent, parent):
            said = f"type {now} is no longer bounded by {parent}"
            yield Growth("G-bounds", said, now, parent, words=(now,), keyword="type")
    for alias, type_ in sorted(after.aliases.items()):
        if alias in before.types and pair.renamed.get(alias) != type_:
            said = (
                f"{alias} is an alias of {type_} now: what may be done to {type_} may be done to what was {alias}"
            )
            yield Growth("G-alias", said, alias, type_, words=(alias, type_), keyword="typealiasactual")
        elif alias not in before.types and type_ in pair.then and before.aliases.get(alias) != pair.then[type_]:
            if pair.then[type_] == alias:
                continue
            said = f"{alias} is an alias of {type_} now: what has the label {alias} is taken for {type_}"
            yield Growth("G-alias", said, alias, type_, words=(alias, type_), keyword="typealiasactual")


def _attributes(pair: Pair) -> Iterator[Growth]:
    for attribute, types in sorted(pair.gained.items()):
        for type_ in sorted(types):
            said = f"{type_} carries the attribute {attribute}"
            yield Growth(
                "G-attribute", said, type_, attribute, words=(type_, attribute), keyword="typeattributeset"
            )


def _constraints(pair: Pair) -> Iterator[Growth]:
    before, after = pair.before, pair.after
    # A constraint may exempt the types that it names or bind them alone: either way it says something else of them.
    gone = before.constraints - after.constraints
    for (ruletype, tclass, expression), some in _by_text(gone).items():
        perms = sorted(constraint.perm for constraint in some if constraint.perm)
        named = f" {{ {' '.join(perms)} }}" if perms else ""
        said = f"no longer: {ruletype} {tclass}{named} {expression}"
        yield Growth("G-constraint", said, "", "", tclass, tuple(perms), words=(tclass, *perms))
    kept = before.constraints & after.constraints
    told: dict[tuple[str, str], set[str]] = {}
    for constraint in kept:
        for name in constraint.names:
            old, new = pair.now(before.expand(name)), after.expand(name)
            for type_ in (old ^ new) & pair.then.keys():
                since = "now" if type_ in new else "no longer"
                told.setdefault((type_, since), set()).add(_text(constraint))
    for (type_, since), texts in sorted(told.items()):
        first = min(texts)
        more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
        said = f"a constraint names {type_} {since}: {first}{more}"
        yield Growth("G-constraint", said, type_, words=(type_,), keyword="typeattributeset")


def _by_text(constraints: frozenset[Constraint]) -> dict[tuple[str, str, str], list[Constraint]]:
    found: dict[tuple[str, str, str], list[Constraint]] = {}
    for constraint in sorted(
        constraints,
        key=lambda constraint: (constraint.ruletype, constraint.expression, constraint.tclass, constraint.perm),
    ):
        found.setdefault((constraint.ruletype, constraint.tclass, constraint.expression), []).append(constraint)
    return found


def _text(constraint: Constraint) -> str:
    return f"{constraint.ruletype} {constraint.tclass} {constraint.perm} {constraint.expression}"
