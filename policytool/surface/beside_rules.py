# SPDX-License-Identifier: GPL-2.0-or-later
"""What a policy says of a domain beside allow rules: who may be in it, its levels, what it is exempt from."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.model.context import OBJECT_ROLE
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType


@dataclass(frozen=True, slots=True)
class BesideRules:
    """What holds for a domain; every tuple is sorted.

    `roles` and `users` may be in the domain, `entry_points` are the types of programs that it starts with. `ranges`
    are the range transitions that it makes as a source, or that starting its programs makes. `exemptions` are the
    attributes (or types) of the domain that constraints name, `bound_by` the type that it may not exceed, `bounds`
    those that may not exceed it.
    """

    roles: tuple[str, ...]
    users: tuple[str, ...]
    entry_points: tuple[str, ...]
    ranges: tuple[str, ...]
    exemptions: tuple[str, ...]
    permissive: bool
    bound_by: str
    bounds: tuple[str, ...]

    def rows(self) -> list[tuple[str, str]]:
        """Return (what, the values) of all that is not empty."""
        every = {
            "roles": self.roles,
            "users": self.users,
            "entry points": self.entry_points,
            "range transitions": self.ranges,
            "named by constraints": self.exemptions,
            "permissive": ("its denials are only logged",) if self.permissive else (),
            "bound by": (self.bound_by,) if self.bound_by else (),
            "bounds": self.bounds,
        }
        return [(what, ", ".join(values)) for what, values in every.items() if values]


def beside_rules(policy: CompiledPolicy, domain: str) -> BesideRules:
    """Return what POLICY says of DOMAIN, one of its types, beside rules."""
    names = {domain, *policy.attributes_of(domain)}
    programs: set[str] = set()
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, _, tclass: source in names and tclass == "file"):
        if "entrypoint" in rule.perms and rule.enabled:
            programs |= policy.expand(rule.target)
    roles = {role for role, types in policy.roles.items() if domain in types and role != OBJECT_ROLE}
    ranges = []
    for what, range_ in policy.statements.get("range_transition", {}).items():
        source, _, rest = what.partition(" ")
        if source == domain or rest.partition(":")[0] in programs:
            ranges.append(f"{what} {range_}")
    return BesideRules(
        roles=tuple(sorted(roles)),
        users=tuple(sorted(user for user, own in policy.users.items() if own & roles)),
        entry_points=tuple(sorted(programs)),
        ranges=tuple(sorted(ranges)),
        exemptions=tuple(sorted(names & {name for constraint in policy.constraints for name in constraint.names})),
        permissive=domain in policy.permissive,
        bound_by=policy.typebounds.get(domain, ""),
        bounds=tuple(sorted(child for child, parent in policy.typebounds.items() if parent == domain)),
    )
