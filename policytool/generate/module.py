# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `exact`: the skeleton of a daemon plus exactly the observed accesses that the base does not grant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from policytool.generate.triage import Cure, Triaged
from policytool.graph.permission_graph import merge_evidence
from policytool.model.access import AccessVector
from policytool.model.module import OptionalBlock, PolicyModule
from policytool.model.rules import AllowRule, AllowXpermRule

# Permissions that allowxperm narrows, by the kernel's extended permissions (AVTAB_XPERMS_IOCTLDRIVER).
_XPERM = "ioctl"


def exact(skeleton: PolicyModule, triaged: Iterable[Triaged], base_types: frozenset[str]) -> PolicyModule:
    """Add to SKELETON an allow rule for each access whose cure is one.

    BASE_TYPES are the types of the base policy. A rule that names a type which neither the base nor this module
    declares belongs into an optional block, so that the module loads without the module that declares it.
    """
    known = base_types | skeleton.declared
    own: dict[tuple[str, str, str], list[AccessVector]] = {}
    for one in triaged:
        if one.cure is Cure.ALLOW:
            own.setdefault(one.vector.key[:3], []).append(one.vector)
    blocks: dict[tuple[str, ...], list[tuple[AllowRule, AllowXpermRule | None]]] = {}
    for (source, target, tclass), vectors in sorted(own.items()):
        foreign = tuple(sorted({source, target} - known))
        rule = _allow(source, target, tclass, vectors)
        # An allowxperm also narrows what the base grants the domain, now or under a boolean, so that an extension,
        # which only adds, never has one.
        narrowed = None if skeleton.extends else _allow_xperm(rule, vectors)
        blocks.setdefault(foreign, []).append((rule, narrowed))
    transitions = {block.types: block.transitions for block in skeleton.optionals}
    for types in transitions:
        blocks.setdefault(types, [])
    rules = blocks.pop((), [])
    return replace(
        skeleton,
        rules=tuple(rule for rule, _ in rules),
        xperm_rules=tuple(xperm for _, xperm in rules if xperm),
        optionals=tuple(
            OptionalBlock(
                types,
                tuple(rule for rule, _ in pairs),
                tuple(xperm for _, xperm in pairs if xperm),
                transitions.get(types, ()),
            )
            for types, pairs in sorted(blocks.items())
        ),
    )


def _allow(source: str, target: str, tclass: str, vectors: list[AccessVector]) -> AllowRule:
    perms = tuple(sorted({vector.perm for vector in vectors}))
    evidence = tuple(merge_evidence(vector for vector in vectors if vector.perm == perm) for perm in perms)
    return AllowRule(source, target, tclass, perms, evidence)


def _allow_xperm(rule: AllowRule, vectors: list[AccessVector]) -> AllowXpermRule | None:
    """Return the allowxperm that narrows RULE, if the list of commands is known to be complete.

    A permissive log shows one command for each (source, target, class) and hides the others behind the access
    vector cache, so only recordings in complete mode count; and where any other recording shows a command that
    those have not, the workload behind it was another one and the list is not known to be complete.
    """
    narrowed = [vector for vector in vectors if vector.perm == _XPERM]
    recorded = [vector for vector in narrowed if vector.complete]
    commands = frozenset[int]().union(*(vector.xperms for vector in recorded))
    others = frozenset[int]().union(*(vector.xperms for vector in narrowed))
    if not recorded or any(vector.unlisted for vector in recorded) or others != commands:
        return None
    reason = f"the only {_XPERM} commands in a complete recording"
    return AllowXpermRule(rule.source, rule.target, rule.tclass, _XPERM, tuple(sorted(commands)), reason)
