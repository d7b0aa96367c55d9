# SPDX-License-Identifier: GPL-2.0-or-later
"""Assertions put to a compiled policy: what breaks them, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policytool.gate.assertions import ANY, OF_MODULES, Assertion, ForbiddenTarget
from policytool.gate.growth import Growth
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRule, TeRuleType
from policytool.surface.surface import CAPABILITY_CLASSES, surfaces_of

_ENTER = frozenset({"transition", "dyntransition"})
_FILES = frozenset({"file", "dir", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file"})
_WRITE = frozenset(
    {"write", "append", "create", "unlink", "link", "rename", "setattr", "relabelfrom", "relabelto", "add_name",
     "remove_name", "reparent", "rmdir", "mounton"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that ASSERTION, by its id, does not let anybody do, and that is allowed."""

    assertion: str
    allowed: Growth


@dataclass(frozen=True)
class Asserted:
    """A policy to judge. `domains` are those of the modules; `owners` says whose module declares a type."""

    policy: CompiledPolicy
    domains: frozenset[str]
    owners: Mapping[str, frozenset[str]]


def broken(assertions: Iterable[Assertion], asked: Asserted) -> Iterator[Broken]:
    """Yield what breaks ASSERTIONS. Rules under booleans count whatever values these have."""
    for assertion in assertions:
        unknown = [name for name in _names(assertion) if not asked.policy.expand(name)]
        for name in unknown:
            said = f"names {name}, which is no type or attribute of the policy, so that it asserts nothing of it"
            yield _broken("A-unknown", assertion, said)
        domains = _expanded(asked, assertion.domains)
        yield from _capabilities(assertion, asked.policy, domains)
        yield from _entered(assertion, asked.policy, domains)
        for forbidden in assertion.forbid:
            yield from _forbidden(assertion, forbidden, asked.policy, domains)
        yield from _writes(assertion, asked, domains)
        yield from _surface(assertion, asked.policy, domains)


def _names(assertion: Assertion) -> Iterator[str]:
    # Who may enter and what may be entered may be there or not: none of them is asked to.
    yield from (name for name in assertion.domains if name != OF_MODULES)
    yield from (forbidden.target for forbidden in assertion.forbid if forbidden.target != ANY)


def _expanded(asked: Asserted, names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(
        *(asked.domains if name == OF_MODULES else asked.policy.expand(name) for name in names)
    )


def _rules(
    policy: CompiledPolicy, sources: frozenset[str], targets: frozenset[str], classes: frozenset[str]
) -> Iterator[tuple[TeRule, frozenset[str], frozenset[str]]]:
    """Yield allow rules of SOURCES on TARGETS, with those that each is about; no CLASSES means all."""
    known: dict[tuple[str, bool], frozenset[str]] = {}

    def part(name: str, is_source: bool) -> frozenset[str]:
        key = (name, is_source)
        if key not in known:
            known[key] = policy.expand(name) & (sources if is_source else targets)
        return known[key]

    def asked(source: str, target: str, tclass: str) -> bool:
        return (not classes or tclass in classes) and bool(part(source, True)) and bool(part(target, False))

    for rule in policy.rules((TeRuleType.ALLOW,), asked):
        yield rule, part(rule.source, True), part(rule.target, False)


def _capabilities(assertion: Assertion, policy: CompiledPolicy, domains: frozenset[str]) -> Iterator[Broken]:
    if assertion.capabilities is None:
        return
    # A capability within a user namespace reaches no further than that.
    classes = frozenset(tclass for tclass in CAPABILITY_CLASSES if "userns" not in tclass)
    found: dict[tuple[str, str, str], TeRule] = {}
    for rule, sources, _ in _rules(policy, domains, domains, classes):
        for source in sources & policy.expand(rule.target):
            for perm in rule.perms - assertion.capabilities:
                found.setdefault((source, rule.tclass, perm), rule)
    for (source, _, perm), rule in sorted(found.items(), key=lambda item: item[0]):
        said = f"{source} has the capability {perm}{_when(rule)}"
        yield _broken("A-capability", assertion, said, rule, source, source, (perm,))


def _entered(assertion: Assertion, policy: CompiledPolicy, domains: frozenset[str]) -> Iterator[Broken]:
    process = frozenset({"process"})
    if assertion.entered_only_from is not None:
        allowed = frozenset().union(*map(policy.expand, assertion.entered_only_from))
        others = policy.types - allowed
        yield from _ways(assertion, _rules(policy, others, domains, process))
    if assertion.enters_only is not None:
        allowed = frozenset().union(*map(policy.expand, assertion.enters_only))
        yield from _ways(assertion, _rules(policy, domains, policy.types - allowed, process))


def _ways(assertion: Assertion, rules: Iterable[tuple[TeRule, frozenset[str], frozenset[str]]]) -> Iterator[Broken]:
    found: dict[tuple[str, str], tuple[TeRule, tuple[str, ...]]] = {}
    for rule, sources, targets in rules:
        if perms := tuple(sorted(rule.perms & _ENTER)):
            for source in sources:
                for target in targets - {source}:
                    found.setdefault((source, target), (rule, perms))
    for (source, target), (rule, perms) in sorted(found.items(), key=lambda item: item[0]):
        said = f"{source} may enter {target}{_when(rule)}"
        yield _broken("A-entered", assertion, said, rule, source, target, perms)


def _forbidden(
    assertion: Assertion, forbidden: ForbiddenTarget, policy: CompiledPolicy, domains: frozenset[str]
) -> Iterator[Broken]:
    targets = policy.types if forbidden.target == ANY else policy.expand(forbidden.target)
    classes = frozenset[str]() if forbidden.tclass == ANY else frozenset({forbidden.tclass})
    for rule, sources, some in _rules(policy, domains, targets, classes):
        perms = rule.perms if ANY in forbidden.perms else rule.perms & forbidden.perms
        if perms:
            for source in sorted(sources):
                yield _held("A-forbidden", assertion, rule, source, some, perms)


def _writes(assertion: Assertion, asked: Asserted, domains: frozenset[str]) -> Iterator[Broken]:
    if not assertion.writes_only_own:
        return
    owned = frozenset(type_ for type_ in asked.owners if asked.policy.resolve(type_)) - asked.domains
    for rule, sources, targets in _rules(asked.policy, domains, owned, _FILES):
        # To write to a socket file is to connect to its daemon.
        perms = rule.perms & _WRITE - ({"write"} if rule.tclass == "sock_file" else set())
        if perms:
            for source in sorted(sources):
                others = frozenset(target for target in targets if source not in asked.owners[target])
                if others:
                    yield _held("A-writes", assertion, rule, source, others, perms)


def _held(
    id_: str, assertion: Assertion, rule: TeRule, source: str, targets: frozenset[str], perms: Iterable[str]
) -> Broken:
    named = min(targets) if len(targets) == 1 else rule.target
    some = tuple(sorted(perms))
    more = f" ({len(targets)} types)" if len(targets) > 1 else ""
    said = f"{source} may {named}:{rule.tclass} {{ {' '.join(some)} }}{more}{_when(rule)}"
    return _broken(id_, assertion, said, rule, source, named, some, min(targets))


def _surface(assertion: Assertion, policy: CompiledPolicy, domains: frozenset[str]) -> Iterator[Broken]:
    if assertion.enforcing:
        for domain in sorted(domains & policy.permissive):
            yield _broken("A-permissive", assertion, f"{domain} is permissive", source=domain)
    if assertion.triples_at_most is not None:
        for domain, surface in surfaces_of(policy, sorted(domains)).items():
            if len(surface.stored) > assertion.triples_at_most:
                said = (
                    f"{domain} holds {len(surface.stored)} triples (target type, class, permission), "
                    f"more than {assertion.triples_at_most}"
                )
                yield _broken("A-surface", assertion, said, source=domain)


def _when(rule: TeRule) -> str:
    if rule.condition is None:
        return ""
    return f" if {'' if rule.condition.block else 'not '}{rule.condition.expression}"


def _broken(
    id_: str,
    assertion: Assertion,
    said: str,
    rule: TeRule | None = None,
    source: str = "",
    target: str = "",
    perms: tuple[str, ...] = (),
    example: str = "",
) -> Broken:
    why = f" ({assertion.why})" if assertion.why else ""
    words = (rule.source, rule.target, rule.tclass, *perms) if rule else (source,)
    allowed = Growth(
        id=id_,
        message=f"{assertion.id}: {said}{why}",
        source=source,
        target=target,
        tclass=rule.tclass if rule else "",
        perms=perms,
        example=(source, example or target) if rule else ("", ""),
        words=words if source else (),
        keyword="allow" if rule else "typepermissive" if id_ == "A-permissive" else "type",
    )
    return Broken(assertion.id, allowed)
