# SPDX-License-Identifier: GPL-2.0-or-later
"""What a maintainer would write instead of an allow rule, as the base's own rules suggest it.

Most of the world's evidence is one AVC without process and path records. Then nobody knows which program a domain
ran, or which file it made, and triage answers with a rule. A proposal stands beside that rule: it names the cure
that the base's authors chose for other domains, with the figures that speak for it and what has to be known first.
No type, program or daemon is named here; all of it is read from the policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property

from policytool.generate.port_labels import port_label
from policytool.model.access import AccessKey, AccessVector
from policytool.model.cure import Cure
from policytool.model.proposal import Proposal
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decision, Outcome
from policytool.policy.terule import TeRuleType
from policytool.policy.unconfined import unconfined_domains

# What is asked when a program is run; both are asked of the caller alone.
_RUNS = frozenset({"execute", "execute_no_trans"})

# What is done to an object that the domain made, and to the folder that it makes it in. Who writes to a socket or a
# pipe has not made it.
_MAKES = frozenset({"create", "unlink", "rename", "setattr", "link"})
_MADE: Mapping[str, frozenset[str]] = {
    "dir": frozenset({"add_name", "write", "create"}),
    "file": _MAKES | {"write", "append", "lock"},
    "lnk_file": _MAKES,
    "sock_file": _MAKES,
    "fifo_file": _MAKES,
}

# A place that services share is one in which so many domains of the base make objects with types of their own.
_SHARED = 5
# Where at least this share of the domains reads files of a type, packages bring them: what is written was there.
_READ_BY_ALL = 0.5

# How many other domains that a program may lead into are named.
_NAMED = 4

# An access is commonly hidden where so many domains of the base hide it, and at least this share of those that have
# a rule for it.
_HIDDEN = 4
_HIDDEN_SHARE = 0.1

# A rule on an attribute of more types than this speaks of no type in particular.
_LARGE = 50

_SELF = "self"
_SYSTEM_ROLE = "system_r"
_DOMAIN = "domain"

# Target (a type or `self`), class, permission.
_Asked = tuple[str, str, str]


class Proposals:
    """Proposes cures by what POLICY, the base, does for its own domains.

    UNDER is the base with whatever gives the domains transitions of their own.
    """

    def __init__(self, policy: CompiledPolicy, under: CompiledPolicy) -> None:
        self._policy = policy
        self._under = under
        self._common: dict[str, bool] = {}
        self._in_names: dict[str, int] = {}
        self._known: dict[_Asked, tuple[int, int]] = {}

    def of(self, vector: AccessVector, decision: Decision) -> tuple[Proposal, ...]:
        """Return what may cure VECTOR, which the policy denies by DECISION: a boolean first, then the others."""
        ways: tuple[Callable[[], Proposal | None], ...] = (
            lambda: _boolean(decision),
            lambda: port_label(vector, self._policy),
            lambda: self._transition(vector.key),
            lambda: self._private_type(vector.key),
            lambda: self._dontaudit(vector.key),
        )
        return tuple(proposal for way in ways if (proposal := way()))

    def _transition(self, key: AccessKey) -> Proposal | None:
        source, target, tclass, perm = key
        if tclass != "file" or perm not in _RUNS or self._under.transition(source, target, "process"):
            return None
        ways = self._entered.get(target, ())
        if not ways or source in (entered for entered, _ in ways):
            return None
        entered, callers = ways[0]
        against = f"{entered} has only what the base gives it, and what the program does is no longer {source}'s"
        if others := [domain for domain, _ in ways[1:]]:
            named = ", ".join(others[:_NAMED]) + (" and more" if len(others) > _NAMED else "")
            against = f"others enter {named} by it, so it depends on who runs it; {against}"
        return Proposal(
            Cure.TRANSITION,
            f"type_transition {source} {target}:process {entered};",
            f"{_counted(callers)} of the base {'enter' if callers > 1 else 'enters'} {entered} by running {target}",
            f"{source} {entered}:process transition; {entered} {source}:fd use, fifo_file write, process sigchld",
            against,
            entered,
        )

    def _private_type(self, key: AccessKey) -> Proposal | None:
        source, target, tclass, perm = key
        makers = self._makers.get(target, 0)
        if makers < _SHARED or perm not in _MADE.get(tclass, ()):
            return None
        if tclass != "dir" and perm != "create" and self._read_by_all(target):
            return None
        if any(self._under.transition(source, target, other) not in (None, target) for other in _MADE):
            return None
        new = "file" if tclass == "dir" else tclass
        name = f"{source.removesuffix('_t')}_{target}"
        return Proposal(
            Cure.PRIVATE_TYPE,
            f"type_transition {source} {target}:{new} {name};",
            f"services share {target}, and {makers} domains of the base make objects of their own types in it",
            f"the type {name} with a file context for the path, and the same rules on it",
            "" if tclass == "dir" else f"an object of another domain that already has {target} stays as it is",
            name,
        )

    def _read_by_all(self, type_: str) -> bool:
        if type_ not in self._common:
            self._common[type_] = self._ask_readers(type_)
        return self._common[type_]

    def _ask_readers(self, type_: str) -> bool:
        domains = self._policy.expand(_DOMAIN)
        readers: set[str] = set()
        for rule in self._policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "file", "read"):
            if rule.enabled and type_ in self._policy.expand(rule.target):
                readers |= self._policy.expand(rule.source) & domains
        return len(readers) >= _READ_BY_ALL * len(domains)

    def _dontaudit(self, key: AccessKey) -> Proposal | None:
        source, target, tclass, perm = key
        said = _SELF if source == target else target
        hidden, allowed = self._figures((said, tclass, perm))
        if hidden < _HIDDEN or hidden < _HIDDEN_SHARE * (hidden + allowed):
            return None
        return Proposal(
            Cure.DONTAUDIT,
            f"dontaudit {source} {said}:{tclass} {perm};",
            f"{_counted(hidden)} of the base hide it, and {allowed} may do it",
            against="only a run without it tells whether it is needed",
        )

    @cached_property
    def _entered(self) -> Mapping[str, tuple[tuple[str, int], ...]]:
        """The domains of the system that running a program of a type leads into, each with how many enter it so.

        The one that most enter is the first. Where more domains run such programs without leaving than enter
        another one, the type is one of any program, and leads nowhere.
        """
        # Android's policy has one role, and no system_r.
        system = self._policy.roles.get(_SYSTEM_ROLE, self._policy.types)
        ways: dict[str, Counter[str]] = {}
        for (_, type_), entered in self._policy.process_transitions.items():
            ways.setdefault(type_, Counter())[entered] += 1
        found = {}
        for type_, counted in ways.items():
            _, staying = self._figures((type_, "file", "execute_no_trans"))
            if staying < counted.total():
                ranked = sorted(counted.items(), key=lambda way: (-way[1], way[0]))
                found[type_] = tuple(way for way in ranked if way[0] in system)
        return found

    @cached_property
    def _typed(self) -> frozenset[tuple[str, str, str]]:
        """(domain, type of the folder, class) for which a type_transition gives new objects another type."""
        return frozenset(
            (source, target, tclass)
            for (source, target, tclass, _), default in self._policy.transitions.items()
            if default != target and tclass in _MADE
        )

    @cached_property
    def _makers(self) -> Mapping[str, int]:
        """How many domains make objects with a type of their own in folders of a type."""
        found: dict[str, set[str]] = {}
        for source, target, _ in self._typed:
            found.setdefault(target, set()).add(source)
        return {target: len(sources) for target, sources in found.items()}

    @cached_property
    def _bits(self) -> Mapping[str, int]:
        """A bit for each domain but the unconfined ones: they would have a rule for whatever is asked."""
        domains = self._policy.expand(_DOMAIN) - unconfined_domains(self._policy)
        return {domain: 1 << number for number, domain in enumerate(sorted(domains))}

    @cached_property
    def _stated(self) -> Mapping[TeRuleType, Mapping[str, Mapping[str, list[tuple[str, frozenset[str]]]]]]:
        """The rules in force, as sources and permissions by class and target, the names as in the policy.

        A rule on a large attribute speaks of no target in particular and is left out.
        """
        found: dict[TeRuleType, dict[str, dict[str, list[tuple[str, frozenset[str]]]]]] = {}
        for ruletype in (TeRuleType.ALLOW, TeRuleType.DONTAUDIT):
            of_type = found.setdefault(ruletype, {})
            for source, target, tclass, perms, _, in_force in self._policy.plain_rules(ruletype):
                if in_force:
                    of_type.setdefault(tclass, {}).setdefault(target, []).append((source, perms))
            for by_target in of_type.values():
                for target in [name for name in by_target if len(self._policy.expand(name)) > _LARGE]:
                    del by_target[target]
        return found

    def _domains_in(self, name: str) -> int:
        """Return the bits of the domains that NAME, a type or an attribute, stands for."""
        if name not in self._in_names:
            self._in_names[name] = sum(self._bits.get(type_, 0) for type_ in self._policy.expand(name))
        return self._in_names[name]

    def _holders(self, ruletype: TeRuleType, asked: _Asked) -> int:
        """Return the domains with a rule of RULETYPE for what is ASKED, as bits. The target may be `self`."""
        target, tclass, perm = asked
        stated = self._stated[ruletype].get(tclass, {})
        held = 0
        if target == _SELF:
            for name, rules in stated.items():
                if themselves := self._domains_in(name):
                    for source, perms in rules:
                        if perm in perms:
                            held |= self._domains_in(source) & themselves
            return held
        for name in (target, *self._policy.attributes_of(target)):
            for source, perms in stated.get(name, ()):
                if perm in perms:
                    held |= self._domains_in(source)
        return held & ~self._bits.get(target, 0)

    def _figures(self, asked: _Asked) -> tuple[int, int]:
        """Return how many domains hide what is ASKED, and how many may do it."""
        if asked not in self._known:
            allowed = self._holders(TeRuleType.ALLOW, asked)
            hidden = self._holders(TeRuleType.DONTAUDIT, asked) & ~allowed
            self._known[asked] = hidden.bit_count(), allowed.bit_count()
        return self._known[asked]


def _counted(domains: int) -> str:
    return f"{domains} domain{'s' if domains > 1 else ''}"


def _boolean(decision: Decision) -> Proposal | None:
    if decision.outcome is not Outcome.DENIED_BOOLEAN:
        return None
    first, *others = decision.cause.split(", ")
    more = f"; so would {', '.join(others)}" if others else ""
    return Proposal(
        Cure.BOOLEAN,
        f"setsebool -P {first}:",
        f"the base has a rule for it under this boolean{more}",
        against="the boolean may allow more, and to other domains",
    )
