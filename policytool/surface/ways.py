# SPDX-License-Identifier: GPL-2.0-or-later
"""The transitions between domains with the rules that each stands on, to be asked which ones to remove."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from policytool.model.way import StatedRule, Way
from policytool.policy.compiled import CompiledPolicy, FlowWeights
from policytool.policy.terule import Condition, TeRuleType
from policytool.surface.domain_transitions import DomainTransition, DomainTransitions


class Ways:
    """The ways between the domains of a policy; only rules in force count."""

    def __init__(self, policy: CompiledPolicy, transitions: DomainTransitions) -> None:
        self.policy = policy
        self._transitions = transitions
        self._by_source: dict[tuple[str, str], dict[str, list[tuple[frozenset[str], StatedRule]]]] = {}

    def into_domains(self) -> Iterator[Way]:
        """Yield a way for each transition and program type; equal ones more than once."""
        for source, transitions in self._transitions.every.items():
            for transition in transitions:
                if transition.dynamic:
                    yield self._dynamic(source, transition.target)
                else:
                    yield from self._by_programs(source, transition)

    def into_type(self, target: str, goal: str, weights: FlowWeights, weight: int) -> Iterator[Way]:
        """Yield ways to GOAL, a name of the caller's, from each type that may write to TARGET by a rule.

        Writing is what WEIGHTS (see flow_weights) weigh at least WEIGHT.
        """
        names = {target, *self.policy.attributes_of(target)}

        def of_target(source: str, named: str, tclass: str) -> bool:
            return named in names

        for rule in self.policy.rules((TeRuleType.ALLOW,), of_target):
            perms = {perm for perm in rule.perms if weights.get((rule.tclass, perm), (0, 0))[1] >= weight}
            if rule.enabled and perms:
                condition = condition_text(rule.condition)
                names_of_rule = (rule.ruletype.value, rule.source, rule.target, rule.tclass)
                stated = StatedRule(*names_of_rule, tuple(sorted(perms)), condition)
                for source in self.policy.expand(rule.source):
                    yield Way(source, goal, frozenset({frozenset({stated})}))

    def breadth(self, rule: StatedRule) -> int:
        """Return the number of pairs of types that RULE is about."""
        return len(self.policy.expand(rule.source)) * len(self.policy.expand(rule.target))

    def _dynamic(self, source: str, target: str) -> Way:
        changes = self._granting(source, target, "process", "dyntransition")
        return Way(source, target, frozenset({changes, self._granting(source, source, "process", "setcurrent")}))

    def _by_programs(self, source: str, transition: DomainTransition) -> Iterator[Way]:
        target = transition.target
        changes = self._granting(source, target, "process", "transition")
        asks = self._granting(source, source, "process", "setexec")
        for program in transition.entrypoints:
            runs = self._granting(source, program, "file", "execute")
            starts = self._granting(target, program, "file", "entrypoint")
            chosen = asks | self._type_transitions.get((source, program, target), frozenset())
            yield Way(source, target, frozenset({changes, runs, starts, chosen}))

    @cached_property
    def _type_transitions(self) -> Mapping[tuple[str, str, str], frozenset[StatedRule]]:
        """The rules by which a domain enters another over a program: (domain, program, next domain)."""
        found: dict[tuple[str, str, str], set[StatedRule]] = {}
        for rule in self.policy.type_transitions():
            if rule.tclass == "process" and rule.enabled:
                stated = StatedRule(
                    rule.ruletype.value,
                    rule.source,
                    rule.target,
                    rule.tclass,
                    (rule.default,),
                    condition_text(rule.condition),
                )
                for source in self.policy.expand(rule.source):
                    for target in self.policy.expand(rule.target):
                        found.setdefault((source, target, rule.default), set()).add(stated)
        return {key: frozenset(rules) for key, rules in found.items()}

    def _granting(self, source: str, target: str, tclass: str, perm: str) -> frozenset[StatedRule]:
        """Return the rules that let SOURCE use PERM on TARGET."""
        if (tclass, perm) not in self._by_source:
            self._by_source[tclass, perm] = self._index(tclass, perm)
        index = self._by_source[tclass, perm]
        return frozenset(
            rule
            for name in (source, *self.policy.attributes_of(source))
            for targets, rule in index.get(name, ())
            if target in targets
        )

    def _index(self, tclass: str, perm: str) -> dict[str, list[tuple[frozenset[str], StatedRule]]]:
        def of_class(source: str, target: str, named: str) -> bool:
            return named == tclass

        found: dict[str, list[tuple[frozenset[str], StatedRule]]] = {}
        for rule in self.policy.rules((TeRuleType.ALLOW,), of_class, perm):
            if rule.enabled:
                stated = StatedRule(
                    rule.ruletype.value,
                    rule.source,
                    rule.target,
                    tclass,
                    (perm,),
                    condition_text(rule.condition),
                )
                found.setdefault(rule.source, []).append((self.policy.expand(rule.target), stated))
        return found


def condition_text(condition: Condition | None) -> str:
    """Return a CONDITION as the language writes it, with the block that the rule stands in; "" for none."""
    return "" if condition is None else f"{condition.expression}:{condition.block}"
