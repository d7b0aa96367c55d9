# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof that modules hold no rule too many, with one link more than a replay: that of their skeletons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from policytool.check.locate import statement_lines
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.policy.allowed_perms import AllowedPerms
from policytool.policy.cil_rules import CilModule, CilRule, read_cil, without_grants
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.policy.needed_rules import (
    SELF,
    Exempt,
    Grant,
    JudgedPermission,
    Proof,
    Standing,
    StatementPlace,
    judge,
)
from policytool.surface.parts import SurfaceParts, surface_parts, used_triples
from policytool.surface.surface import surfaces_of
from policytool.toolchain.build import Build
from policytool.toolchain.link import link_or_fail
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.module_set import ModuleSet

# The module that keeps attributes in the compiled skeletons, where the compiler would expand and forget them.
_KEEPER = "policytool_attributes"

# What the roles are called that tell which optional blocks are in force.
_MARK = "policytool_block"

# A line that calls a macro, and is no block.
_CALL = re.compile(r"\s*(?!optional_policy|gen_require|policy_module)[a-z]\w*\(.*\)\s*$")


def prove_irreducible(
    observations: Observations, known: Sequence[Daemon], modules: ModuleSet
) -> tuple[Proof, tuple[SurfaceParts, ...]]:
    """Judge every allow statement of MODULES, linked together, by OBSERVATIONS.

    What was recorded without the modules counts as it is under them. KNOWN daemons are described. The second result
    are the surfaces of the modules' domains, taken apart by what was observed.

    Raise InputError when the modules do not link, or their skeletons alone do not.
    """
    vectors = modules.under(observations, known, modules.about).mapped.every
    read = {name: read_cil(name, text) for name, text in modules.texts.items()}
    rules = tuple(rule for module in read.values() for rule in module.rules)
    roles = _marks(rules)
    marks = {rule: f"(role {role})" for rule, role in roles.items()}
    skeleton = _skeletons(modules, rules, marks)
    grants, rest = _grants(rules, roles, skeleton)
    with Decider(skeleton) as without_rules, Decider(modules.policy) as with_rules:
        judged = judge(grants, vectors, without_rules, with_rules)
    every = tuple(sorted((*judged, *rest), key=_order))
    exempt = tuple(_exempt(name, module, modules.plain) for name, module in read.items())
    places = dict(_places(modules.built, every))
    every = _worded(every, places, {grant.rule: grant for grant in grants}, modules.built, skeleton)
    proof = Proof(every, exempt, places)
    return proof, tuple(_parts(modules, skeleton, vectors))


def _skeletons(modules: ModuleSet, rules: Sequence[CilRule], marks: Mapping[CilRule, str]) -> CompiledPolicy:
    """Link S: the modules with the statements that can be judged granting nothing.

    The compiler forgets some attributes, but those of the statements must still be asked for.
    """
    stripped = {
        name: without_grants(text, [rule for rule in rules if rule.module == name and not rule.unjudged], marks)
        for name, text in modules.texts.items()
    }
    names = {name for rule in rules if not rule.unjudged for name in (rule.source, rule.target)}
    attributes = sorted(name for name in names - {SELF} if modules.policy.resolve(name) is None)
    # In optional blocks, since what declares an attribute may itself stand in a block that is not in force.
    stripped[_KEEPER] = "".join(
        f"(optional {_KEEPER}_{number} (expandtypeattribute ({name}) false))\n"
        for number, name in enumerate(attributes)
    )
    complaint = "the modules do not link without their rules"
    return linked_policy(link_or_fail(modules.base, stripped, complaint))


def _marks(rules: Iterable[CilRule]) -> Mapping[CilRule, str]:
    """Name a role for the first statement of each optional block; the compiled policy has those in force."""
    first: dict[tuple[str, int], CilRule] = {}
    for rule in rules:
        if rule.block is not None and not rule.unjudged:
            first.setdefault((rule.module, rule.block), rule)
    return {rule: f"{_MARK}_{number}" for number, rule in enumerate(first.values())}


def _grants(
    rules: Iterable[CilRule], roles: Mapping[CilRule, str], skeleton: CompiledPolicy
) -> tuple[tuple[Grant, ...], tuple[JudgedPermission, ...]]:
    """Find the types that the names of RULES stand for; return apart what is not judged, with the reason."""
    parents = frozenset(skeleton.typebounds.values())
    blocks = {(rule.module, rule.block) for rule, role in roles.items() if role in skeleton.roles}
    grants, rest = [], []
    for rule in rules:
        sources = skeleton.expand(rule.source)
        if rule.unjudged:
            rest.append(JudgedPermission(rule, "", Standing.UNJUDGED, detail=rule.unjudged))
        elif rule.block is not None and (rule.module, rule.block) not in blocks:
            detail = f"its optional block {rule.optional} is not in force"
            rest.append(JudgedPermission(rule, "", Standing.OFF, detail=detail))
        elif sources & parents:
            rest.append(JudgedPermission(rule, "", Standing.UNJUDGED, detail="its source bounds another type"))
        else:
            targets = None if rule.target == SELF else skeleton.expand(rule.target)
            grants.append(Grant(rule, sources, targets))
    return tuple(grants), tuple(rest)


def _exempt(name: str, module: CilModule, plain: CompiledPolicy) -> Exempt:
    attributes = [(attribute, names) for attribute, names in module.attributes if attribute in plain.attributes]
    own = len(module.attributes) - len(attributes)
    declarations = dict(module.others) | ({"typeattributeset": own} if own else {})
    return Exempt(name, tuple(sorted(declarations.items())), tuple(sorted(attributes)), module.narrowing)


def _parts(modules: ModuleSet, skeleton: CompiledPolicy, vectors: Iterable[AccessVector]) -> Iterator[SurfaceParts]:
    """Take the surfaces of the modules' domains apart: those that they declare, and those that they extend.

    What a domain of the base has without the modules' rules is its floor: also what rules of the base about
    attributes let it do to the modules' types.
    """
    seen = tuple(vectors)
    surfaces = surfaces_of(modules.policy, sorted(modules.domains), modules.plain)
    extended = sorted(modules.domains & modules.plain.types)
    known = surfaces_of(skeleton, extended) if extended else {}
    for domain, surface in surfaces.items():
        own = known[domain].stored if domain in known else None
        yield surface_parts(surface, own, used_triples(seen, domain))


def _places(built: Build, judged: Iterable[JudgedPermission]) -> Iterator[tuple[CilRule, StatementPlace]]:
    """Find where the statements that are findings stand in the files that the user has."""
    yield from _found(built, {permission.rule for permission in judged if permission.standing.is_finding})


def _found(built: Build, rules: Iterable[CilRule]) -> Iterator[tuple[CilRule, StatementPlace]]:
    by_module: dict[str, list[CilRule]] = {}
    for rule in rules:
        by_module.setdefault(rule.module, []).append(rule)
    for module in built.formats[0].modules:
        of_module = by_module.get(module.source.name, [])
        if module.expanded and module.source.te:
            statements = [module.cil[rule.start : rule.end] for rule in of_module]
            for rule, line in zip(of_module, statement_lines(module.expanded, statements), strict=True):
                yield rule, StatementPlace(module.source.te.path, line)
        elif module.source.cil:
            for rule in of_module:
                yield rule, StatementPlace(module.source.cil.path, rule.line)


def _worded(
    every: Sequence[JudgedPermission],
    places: Mapping[CilRule, StatementPlace],
    grants: Mapping[CilRule, Grant],
    built: Build,
    skeleton: CompiledPolicy,
) -> tuple[JudgedPermission, ...]:
    """Return EVERY permission; WORDED is what cannot go without a call of a macro that something needs.

    The SKELETON grants it to all that it is about, whatever the booleans.
    """
    lines = {source.te.path: source.te.text.splitlines() for source in built.sources if source.te}
    calls = {rule: place for rule, place in places.items() if _is_call(lines.get(place.file, ()), place.line)}
    if not calls:
        return tuple(every)
    modules = {rule.module for rule in calls}
    wanted = {judged.rule for judged in every if judged.standing in (Standing.NEEDED, Standing.SHARED)}
    needed = {place for _, place in _found(built, [rule for rule in wanted if rule.module in modules])}
    allowed = AllowedPerms(skeleton, always=True)

    def is_worded(judged: JudgedPermission) -> bool:
        grant = grants.get(judged.rule)
        return (
            grant is not None
            and judged.standing in (Standing.UNSEEN, Standing.GRANTED)
            and calls.get(judged.rule) in needed
            and all(
                judged.perm in allowed.perms(source, target, judged.rule.tclass)
                for source in grant.sources
                for target in (grant.targets or {source})
            )
        )

    return tuple(replace(judged, standing=Standing.WORDED) if is_worded(judged) else judged for judged in every)


def _is_call(lines: Sequence[str], number: int) -> bool:
    """Say whether line NUMBER, from 1, of LINES calls a macro."""
    return 0 < number <= len(lines) and _CALL.match(lines[number - 1]) is not None


def _order(judged: JudgedPermission) -> tuple[str, int, str]:
    return (judged.rule.module, judged.rule.start, judged.perm)
