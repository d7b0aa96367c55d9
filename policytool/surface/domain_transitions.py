# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways from one domain into another, as setools' domain transition analysis has them.

Running a program leads from S into T where rules allow S the transition, S may execute the program's type E, E is
an entry point of T, and either a type_transition rule leads from S over E to T, or S may ask for T (`setexec`).
Without a program, S needs `dyntransition` and `setcurrent`. Whether roles, ranges or constraints forbid it is not
looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.surface.grants import Universe


@dataclass(frozen=True, slots=True)
class DomainTransition:
    """A way into another domain, with the booleans' values of the policy.

    `entrypoints` are the types of the programs that the domain may execute and that `target` starts with; for
    a dynamic transition, which needs none, the tuple is empty. `automatic` are those of them for which a
    type_transition rule leads to `target`; for the others the domain has to ask (setexec).
    """

    target: str
    entrypoints: tuple[str, ...]
    automatic: tuple[str, ...] = ()

    @property
    def dynamic(self) -> bool:
        """Whether the domain may change into `target` without executing anything."""
        return not self.entrypoints


class DomainTransitions:
    """The ways out of every domain of a policy; the rules are read once, when first asked.

    With EVERY_RULE conditional rules count whatever the booleans say.
    """

    def __init__(
        self, policy: CompiledPolicy, universe: Universe | None = None, *, every_rule: bool = False
    ) -> None:
        self.policy = policy
        self._every_rule = every_rule
        self.universe = universe or Universe.of(policy.types)
        self._expanded: dict[str, int] = {}

    def of(self, domain: str) -> tuple[DomainTransition, ...]:
        """Return the ways out of DOMAIN into others, sorted by target; a domain may have two into the same one."""
        others = ~self._mask(domain)
        itself = self._mask(domain)
        executable = self._held(self._execute, domain)
        asks = bool(self._held(self._setexec, domain) & itself)
        meant = self._meant.get(domain, {})
        found = []
        for target in self.universe.types(self._held(self._transition, domain) & others):
            starts = self._held(self._entrypoint, target) & executable
            automatic = starts & meant.get(target, 0)
            if usable := starts if asks else automatic:
                found.append(DomainTransition(target, self.universe.types(usable), self.universe.types(automatic)))
        if self._held(self._setcurrent, domain) & itself:
            dynamic = self.universe.types(self._held(self._dyntransition, domain) & others)
            found.extend(DomainTransition(target, ()) for target in dynamic)
        return tuple(sorted(found, key=lambda transition: (transition.target, transition.entrypoints)))

    @cached_property
    def every(self) -> Mapping[str, tuple[DomainTransition, ...]]:
        """The ways out of each domain that has one."""
        sources = {
            type_
            for table in (self._transition, self._dyntransition)
            for name in table
            for type_ in self.policy.expand(name)
        }
        found = {source: self.of(source) for source in sorted(sources)}
        return {source: transitions for source, transitions in found.items() if transitions}

    @cached_property
    def _transition(self) -> Mapping[str, int]:
        return self._granted("process", "transition")

    @cached_property
    def _dyntransition(self) -> Mapping[str, int]:
        return self._granted("process", "dyntransition")

    @cached_property
    def _setexec(self) -> Mapping[str, int]:
        return self._granted("process", "setexec")

    @cached_property
    def _setcurrent(self) -> Mapping[str, int]:
        return self._granted("process", "setcurrent")

    @cached_property
    def _execute(self) -> Mapping[str, int]:
        return self._granted("file", "execute")

    @cached_property
    def _entrypoint(self) -> Mapping[str, int]:
        return self._granted("file", "entrypoint")

    @cached_property
    def _meant(self) -> Mapping[str, Mapping[str, int]]:
        """Where type_transition rules lead: domain, then the next domain, to the types of programs."""
        found: dict[str, dict[str, set[str]]] = {}
        for source, program, default in self._leading():
            found.setdefault(source, {}).setdefault(default, set()).add(program)
        return {
            source: {target: self.universe.mask(programs) for target, programs in targets.items()}
            for source, targets in found.items()
        }

    def _leading(self) -> Iterator[tuple[str, str, str]]:
        """Yield domain, type of a program, and the domain that comes next."""
        if not self._every_rule:
            for (source, program), default in self.policy.process_transitions.items():
                yield source, program, default
            return
        for rule in self.policy.type_transitions():
            if rule.tclass == "process":
                for source, program in product(self.policy.expand(rule.source), self.policy.expand(rule.target)):
                    yield source, program, rule.default

    def _granted(self, tclass: str, perm: str) -> Mapping[str, int]:
        """Return what the rules that count grant of PERM: each source as it is written, with its targets."""

        def of_class(source: str, target: str, named: str) -> bool:
            return named == tclass

        found: dict[str, int] = {}
        for rule in self.policy.rules((TeRuleType.ALLOW,), of_class, perm):
            if rule.enabled or self._every_rule:
                found[rule.source] = found.get(rule.source, 0) | self._mask(rule.target)
        return found

    def _held(self, granted: Mapping[str, int], domain: str) -> int:
        return _union(granted.get(name, 0) for name in (domain, *self.policy.attributes_of(domain)))

    def _mask(self, name: str) -> int:
        if name not in self._expanded:
            self._expanded[name] = self.universe.mask(self.policy.expand(name))
        return self._expanded[name]


def _union(masks: Iterable[int]) -> int:
    every = 0
    for mask in masks:
        every |= mask
    return every
