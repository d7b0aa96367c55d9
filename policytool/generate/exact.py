# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `exact`: the skeleton of a daemon plus exactly the observed accesses that the base does not grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from policytool.generate.triage import Cure, Triaged
from policytool.graph.minimal import CuredAccess, CureEdge, CureGraph, after_triage
from policytool.graph.permission_graph import merge_evidence
from policytool.model.access import AccessVector
from policytool.model.module import OptionalBlock, PolicyModule
from policytool.model.proposal import Proposal
from policytool.model.rules import AllowRule, AllowXpermRule, DontauditRule

_REMARKED = frozenset(Cure) - {Cure.GRANTED, Cure.ALLOW, Cure.DONTAUDIT, Cure.TRANSITION, Cure.PRIVATE_TYPE}

# Permissions that allowxperm narrows, by the kernel's extended permissions (AVTAB_XPERMS_IOCTLDRIVER).
_XPERM = "ioctl"
# What a daemon can do to a device is in the commands. On sockets, pipes and files a library chooses them, by what
# it happens to find: libpcap sets the flags of an interface where they are not set yet.
_NARROWED = frozenset({"chr_file", "blk_file"})


def exact(skeleton: PolicyModule, triaged: Iterable[Triaged], base_types: frozenset[str]) -> PolicyModule:
    """Add to SKELETON an allow rule for each edge of the minimal graph of what was TRIAGED.

    BASE_TYPES are the types of the base policy. A rule that names a type which neither the base nor this module
    declares belongs into an optional block, so that the module loads without the module that declares it.
    """
    known = base_types | skeleton.declared
    graph = after_triage(triaged)
    blocks: dict[tuple[str, ...], list[tuple[AllowRule, AllowXpermRule | None]]] = {}
    for edge in graph.minimal().edges():
        foreign = tuple(sorted(set(edge.key[:2]) - known))
        vectors = [access.vector for access in edge.accesses]
        rule = _allow(edge)
        # An allowxperm also narrows what the base grants a domain of its own, now or under a boolean.
        ours = edge.key[0] in skeleton.declared and edge.key[2] in _NARROWED
        narrowed = _allow_xperm(rule, vectors) if ours else None
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
        dontaudit_rules=tuple(
            DontauditRule(*edge.key, edge.perms, _reason(edge.accesses))
            for edge in graph.edges(Cure.DONTAUDIT)
            if set(edge.key[:2]) <= known
        ),
        remarks=_remarks(graph, known),
    )


def _remarks(graph: CureGraph, known: frozenset[str]) -> tuple[str, ...]:
    """Say what was seen and is in no rule of the module, but for what the base grants and helpers took along.

    A dontaudit rule can only name what is KNOWN to base and module.
    """
    lines: dict[tuple[str, ...], set[str]] = {}
    for edge in graph.edges(*_REMARKED, Cure.DONTAUDIT):
        if edge.cure is Cure.DONTAUDIT and set(edge.key[:2]) <= known:
            continue
        for access in edge.accesses:
            about = f"{access.cure}{f' {access.id}' if access.id else ''}"
            lines.setdefault((about, *edge.key, access.reason), set()).add(access.vector.perm)
    return tuple(
        f"{about}: {source} {target}:{tclass} {' '.join(sorted(perms))}: {reason}"
        for (about, source, target, tclass, reason), perms in sorted(lines.items())
    )


def _allow(edge: CureEdge) -> AllowRule:
    vectors = [access.vector for access in edge.accesses]
    evidence = tuple(merge_evidence(vector for vector in vectors if vector.perm == perm) for perm in edge.perms)
    reasons = (_reason(edge.accesses), *_proposed(edge.accesses))
    return AllowRule(*edge.key, edge.perms, evidence, "\n".join(reason for reason in reasons if reason))


def _reason(triaged: Sequence[CuredAccess]) -> str:
    """Return why the rule stands beyond that it was seen, one reason a line, with the permissions it is about."""
    perms: dict[str, set[str]] = {}
    for access in triaged:
        if access.reason:
            perms.setdefault(access.reason, set()).add(access.vector.perm)
    every = {access.vector.perm for access in triaged}
    lines = []
    for reason, about in sorted(perms.items()):
        lines.append(reason if about == every else f"{' '.join(sorted(about))}: {reason}")
    return "\n".join(lines)


def _proposed(triaged: Sequence[CuredAccess]) -> Iterator[str]:
    """Yield what may serve better than the rule, one proposal of each cure; evidence.json has them all."""
    found: dict[Cure, dict[str, Proposal]] = {}
    for access in triaged:
        for proposal in access.proposed:
            found.setdefault(proposal.cure, {})[access.vector.perm] = proposal
    for cure, perms in sorted(found.items()):
        first = perms[min(perms)]
        said = "" if cure is Cure.DONTAUDIT else f"{first.what} "
        yield f"proposed {cure} for {' '.join(sorted(perms))}: {said}{first.why}"


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
