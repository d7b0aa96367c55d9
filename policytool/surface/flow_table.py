# SPDX-License-Identifier: GPL-2.0-or-later
"""Direct flows of information between types, as setools' information flow analysis has them.

Where a rule lets S write to T, information flows from S to T; where it lets S read from T, from T to S. How much a
permission lets flow is setools' permission map. Flows over several steps are not counted: in the policy of a
distribution nearly every type reaches every other in two, which says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policytool.model.way import StatedRule
from policytool.policy.compiled import CompiledPolicy, FlowWeights
from policytool.policy.terule import TeRule, TeRuleType
from policytool.surface.grants import Universe
from policytool.surface.ways import condition_text


class FlowTable:
    """The direct flows of a policy that weigh at least WEIGHT, 1 to 10; only rules in force count.

    Every set of types is one integer, a bit for each type of UNIVERSE. The rules are read once, attributes are not
    expanded until somebody asks for a type.
    """

    def __init__(
        self, policy: CompiledPolicy, weights: FlowWeights, weight: int = 1, universe: Universe | None = None
    ) -> None:
        self.policy = policy
        self.universe = universe or Universe.of(policy.types)
        self._weights = weights
        self._least = weight
        self._expanded: dict[str, int] = {}
        self._leaving: dict[str, int] = {}
        self._arriving: dict[str, int] = {}
        self._directions: dict[tuple[str, frozenset[str]], tuple[bool, bool]] = {}
        for rule in policy.rules((TeRuleType.ALLOW,)):
            if rule.enabled:
                self._add(rule)

    def targets(self, type_: str) -> int:
        """Return the types that information of TYPE_ flows to."""
        return self._of(self._leaving, type_)

    def sources(self, type_: str) -> int:
        """Return the types whose information flows to TYPE_."""
        return self._of(self._arriving, type_)

    def edges(self) -> Iterator[tuple[str, str]]:
        """Yield every flow: from which type to which."""
        for source in self.universe.names:
            for target in self.universe.types(self.targets(source)):
                yield source, target

    def rules(self, source: str, target: str) -> tuple[StatedRule, ...]:
        """Return the rules that let information flow from SOURCE to TARGET, each with the permissions that do."""
        ends = tuple({type_, *self.policy.attributes_of(type_)} for type_ in (source, target))

        def either(named: str, other: str, tclass: str) -> bool:
            return (named in ends[0] and other in ends[1]) or (named in ends[1] and other in ends[0])

        found = []
        for rule in self.policy.rules((TeRuleType.ALLOW,), either):
            if not rule.enabled:
                continue
            writing = rule.source in ends[0] and rule.target in ends[1]
            reading = rule.source in ends[1] and rule.target in ends[0]
            perms = {
                perm for perm in rule.perms if self._flows(rule.tclass, perm, reading=reading, writing=writing)
            }
            if perms:
                condition = condition_text(rule.condition)
                names = (rule.ruletype.value, rule.source, rule.target, rule.tclass)
                found.append(StatedRule(*names, tuple(sorted(perms)), condition))
        return tuple(sorted(found))

    def _flows(self, tclass: str, perm: str, *, reading: bool = False, writing: bool = False) -> bool:
        read, write = self._weights.get((tclass, perm), (0, 0))
        return (reading and read >= self._least) or (writing and write >= self._least)

    def _add(self, rule: TeRule) -> None:
        # Few classes and sets of permissions, in many rules.
        key = (rule.tclass, rule.perms)
        if key not in self._directions:
            reads = any(self._flows(rule.tclass, perm, reading=True) for perm in rule.perms)
            writes = any(self._flows(rule.tclass, perm, writing=True) for perm in rule.perms)
            self._directions[key] = reads, writes
        reads, writes = self._directions[key]
        for flows, one, other in ((writes, rule.source, rule.target), (reads, rule.target, rule.source)):
            if flows:
                self._leaving[one] = self._leaving.get(one, 0) | self._mask(other)
                self._arriving[other] = self._arriving.get(other, 0) | self._mask(one)

    def _of(self, table: Mapping[str, int], type_: str) -> int:
        every = 0
        for name in (type_, *self.policy.attributes_of(type_)):
            every |= table.get(name, 0)
        return every & ~self.universe.mask((type_,))

    def _mask(self, name: str) -> int:
        if name not in self._expanded:
            self._expanded[name] = self.universe.mask(self.policy.expand(name))
        return self._expanded[name]
