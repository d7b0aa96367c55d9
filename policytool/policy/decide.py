# SPDX-License-Identifier: GPL-2.0-or-later
"""Would a policy allow this access? libsepol answers: its shared library, and libselinux's audit2why.

audit2why tells which booleans would allow an access; it is asked where a rule under a boolean would, and for
everything where the library cannot be asked.

The answer is that of an enforcing kernel: rules at the booleans' stored values, constraints (MLS and MCS too),
role changes on process transitions, type bounds. Permissive domains and dontaudit rules do not make an access
allowed. What libsepol has no question for, or answers only with noise on stderr (unknown names, contexts that
are not valid), is told apart before it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from itertools import product
from threading import RLock
from types import TracebackType
from typing import Protocol, Self

from policytool.errors import InputError, ToolFailedError
from policytool.model.access import AccessVector
from policytool.model.context import OBJECT_ROLE, SecurityContext
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.mls_ranges import LevelComparison
from policytool.policy.sepol import Reason, SepolPolicy, is_available
from policytool.policy.terule import TeRuleType


class Outcome(StrEnum):
    """What the policy says to one permission. Only ALLOWED is a yes; the last four mean it could not be asked."""

    ALLOWED = "allowed"
    DENIED_RULE = "denied: no rule"
    DENIED_BOOLEAN = "denied: a boolean would allow it"
    DENIED_CONSTRAINT = "denied: constraint"
    DENIED_ROLE = "denied: role change"
    DENIED_BOUNDS = "denied: type bounds"
    UNKNOWN_TYPE = "unknown type"
    UNKNOWN_CLASS = "unknown class"
    UNKNOWN_PERM = "unknown permission"
    BAD_CONTEXT = "context not valid"

    @property
    def denied(self) -> bool:
        """Whether libsepol was asked and said no."""
        return self.value.startswith("denied")


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome and its cause.

    `cause` is "" where the outcome says it all; else the booleans with the value that would allow the access
    (`name=1`, sorted, each one alone is enough), the constraint's text, the names that are unknown, or what is
    wrong with the context. `dontaudit` says that a denial would not be logged. `by_type` is not "" where the types
    alone were asked about, since the policy cannot hold a context: it says which and why.
    """

    outcome: Outcome
    cause: str = ""
    dontaudit: bool = False
    by_type: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the policy allows the access."""
        return self.outcome is Outcome.ALLOWED

    def describe(self) -> str:
        """Return outcome and cause on one line."""
        return f"{self.outcome}: {self.cause}" if self.cause else str(self.outcome)


class _Code(IntEnum):
    """The answers of audit2why's analyze() (libselinux/src/audit2why.c)."""

    ALLOW = 0
    DONTAUDIT = 1
    TERULE = 2
    BOOLEAN = 3
    CONSTRAINT = 4
    RBAC = 5
    BOUNDS = 6


_ALLOWED = Decision(Outcome.ALLOWED)
# What users, roles and ranges decide. libsepol looks at them only where a rule allows the access.
_OF_CONTEXT = frozenset({Outcome.DENIED_CONSTRAINT, Outcome.DENIED_ROLE})

_PLAIN = {
    _Code.ALLOW: _ALLOWED,
    _Code.DONTAUDIT: Decision(Outcome.DENIED_RULE, dontaudit=True),
    _Code.TERULE: Decision(Outcome.DENIED_RULE),
    _Code.RBAC: Decision(Outcome.DENIED_ROLE),
    _Code.BOUNDS: Decision(Outcome.DENIED_BOUNDS),
}

# audit2why holds one policy for the whole process: whoever asks takes the lock and sees that it is theirs.
_lock = RLock()
_loaded: Decider | None = None
# The same for the library, which keeps the last policy until the next.
_asked: tuple[Decider, SepolPolicy] | None = None


class ConditionalRules:
    """Which accesses the allow rules under booleans would grant, in force or not."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._policy = policy
        self._names: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for source, target, tclass, perms, condition, _ in policy.plain_rules(TeRuleType.ALLOW):
            if condition is None:
                break  # conditional rules come first
            for perm in perms:
                self._names.setdefault((tclass, perm), set()).add((source, target))

    def grants(self, source: str, target: str, tclass: str, perm: str) -> bool:
        """Say whether any of them would let SOURCE do PERM to TARGET of TCLASS; types or aliases."""
        names = self._names.get((tclass, perm))
        return names is not None and not names.isdisjoint(product(self._of(source), self._of(target)))

    def _of(self, name: str) -> frozenset[str]:
        type_ = self._policy.resolve(name) or name
        return self._policy.attributes_of(type_) | {type_}


class Decides(Protocol):
    """What answers for a compiled policy: `Decider` over libsepol."""

    def decide(self, vector: AccessVector) -> Decision:
        """Say whether the policy allows the access."""


class Decider:
    """Ask one policy for decisions; every answer is remembered. A context manager, so that memory is freed.

    Several deciders may be open at once, in several threads: each asks again for its policy when another one
    was used in between, which costs a load (0.03 s), so ask in batches. Raise InputError when the policy file
    has gone or is no longer a policy; writing another one to the same path meanwhile is not noticed.
    """

    def __init__(self, policy: CompiledPolicy) -> None:
        self.policy = policy
        self._answers: dict[tuple[SecurityContext, SecurityContext, str, str], Decision] = {}
        self._like_answers: dict[tuple[tuple[str, ...], LevelComparison, str, str], Decision] = {}
        self._faults: dict[SecurityContext, Decision | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the policy that audit2why holds, if it is this policy. The decider can still be used after.

        The library has nothing to free its policy with; it goes when the next one comes.
        """
        global _asked
        with _lock:
            if _loaded is self:
                _unload()
            if _asked is not None and _asked[0] is self:
                _asked = None

    def ask(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision:
        """Say whether SOURCE may do PERM to TARGET, an object (or process) of class TCLASS.

        A permission that is denied by a rule and by a constraint counts as denied by the rule. A new question
        takes tens of microseconds, or, where a boolean might allow it, 10 µs for each boolean of the policy, as
        audit2why tries them all: 3 to 5 ms on a distribution's.
        """
        question = (source, target, tclass, perm)
        answer = self._answers.get(question)
        if answer is None:
            answer = self._fault(source, target, tclass, perm) or self._like_answer(source, target, tclass, perm)
            self._answers[question] = answer
        return answer

    def _like_answer(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision:
        """Return the answer to this question, or to one that differs only in what no rule and constraint sees.

        Rules name types, constraints users, roles and types. Of ranges they see how the levels compare
        (constraint_expr_eval_reason of libsepol/src/services.c), whatever categories these are: a hundred guests,
        each with its own pair of categories, are one question.
        """
        levels = self.policy.ranges.compare(source.range_, target.range_)
        ends = (source.user, source.role, source.type_, target.user, target.role, target.type_)
        seen = (ends, levels, tclass, perm)
        answer = self._like_answers.get(seen)
        if answer is None:
            answer = self._like_answers[seen] = self._answer(source, target, tclass, perm)
        return answer

    def decide(self, vector: AccessVector) -> Decision:
        """Say whether the access that VECTOR records is allowed; its extended permissions are not looked at.

        A log of another machine may have a user, a role or a range that this policy does not have. Then the types
        are asked about with a context that it has, and what users, roles and ranges decide is not judged.
        """
        answer = self.ask(vector.source, vector.target, vector.tclass, vector.perm)
        if answer.outcome is not Outcome.BAD_CONTEXT:
            return answer
        source, target = (self.policy.object_context(context.type_) for context in (vector.source, vector.target))
        found = self.ask(source, target, vector.tclass, vector.perm)
        by_type = f"user, role and range were not judged ({answer.cause})"
        return replace(_ALLOWED if found.outcome in _OF_CONTEXT else found, by_type=by_type)

    def _fault(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision | None:
        unknown = sorted({c.type_ for c in (source, target) if self.policy.resolve(c.type_) is None})
        if unknown:
            return Decision(Outcome.UNKNOWN_TYPE, ", ".join(unknown))
        perms = self.policy.classes.get(tclass)
        if perms is None:
            return Decision(Outcome.UNKNOWN_CLASS, tclass)
        if perm not in perms:
            return Decision(Outcome.UNKNOWN_PERM, f"{tclass} {perm}")
        return self._context_fault(source) or self._context_fault(target)

    def _context_fault(self, context: SecurityContext) -> Decision | None:
        if context not in self._faults:
            cause = _invalid(self.policy, context)
            self._faults[context] = Decision(Outcome.BAD_CONTEXT, f"{context}: {cause}") if cause else None
        return self._faults[context]

    def _answer(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision:
        if not is_available():
            return self._analyze(source, target, tclass, perm)
        with _lock:
            answer = self._sepol().ask(str(source), str(target), tclass, perm)
        if not answer.reasons:
            return _ALLOWED
        if Reason.RULE in answer.reasons:
            if self._conditional.grants(source.type_, target.type_, tclass, perm):
                return self._analyze(source, target, tclass, perm)
            return Decision(Outcome.DENIED_RULE, dontaudit=answer.hidden)
        if Reason.CONSTRAINT in answer.reasons:
            return Decision(Outcome.DENIED_CONSTRAINT, _constraint_text(answer.constraints))
        return Decision(Outcome.DENIED_ROLE if Reason.ROLE in answer.reasons else Outcome.DENIED_BOUNDS)

    @cached_property
    def _conditional(self) -> ConditionalRules:
        return ConditionalRules(self.policy)

    def _sepol(self) -> SepolPolicy:
        global _asked
        if _asked is None or _asked[0] is not self:
            self.policy.require_readable()
            _asked = None
            _asked = (self, SepolPolicy(self.policy.path))
        return _asked[1]

    def _analyze(self, source: SecurityContext, target: SecurityContext, tclass: str, perm: str) -> Decision:
        from selinux import audit2why

        with _lock:
            self._load()
            # One permission a question: of several, audit2why names the cause of one and says nothing of which.
            code, extra = audit2why.analyze(str(source), str(target), tclass, [perm])
        if code in _PLAIN:
            return _PLAIN[_Code(code)]
        if code == _Code.BOOLEAN:
            values = sorted(f"{name}={value}" for name, value in extra)
            return Decision(Outcome.DENIED_BOOLEAN, ", ".join(values))
        if code == _Code.CONSTRAINT:
            return Decision(Outcome.DENIED_CONSTRAINT, _constraint_text(extra))
        raise ToolFailedError(
            f"libsepol has no answer (code {code}) for {source} {target} {tclass} {perm} in {self.policy.path}"
        )

    def _load(self) -> None:
        global _loaded
        if _loaded is self:
            return
        from selinux import audit2why

        _unload()
        # A failed init() leaves the C module in a state that finish() crashes on.
        self.policy.require_readable()
        try:
            audit2why.init(str(self.policy.path))
        except (ValueError, RuntimeError) as error:
            raise InputError(f"libsepol cannot read {self.policy.path}: {error}") from error
        _loaded = self


def _unload() -> None:
    global _loaded
    if _loaded is not None:
        from selinux import audit2why

        audit2why.finish()
        _loaded = None


def _invalid(policy: CompiledPolicy, context: SecurityContext) -> str:
    """Say why CONTEXT, whose type exists, is not valid; "" when it is (libsepol's policydb_context_isvalid)."""
    roles = policy.users.get(context.user)
    if roles is None:
        return f"no user {context.user}"
    types = policy.roles.get(context.role)
    if types is None:
        return f"no role {context.role}"
    if context.role != OBJECT_ROLE:
        if policy.resolve(context.type_) not in types:
            return f"role {context.role} not authorised for type {context.type_}"
        if context.role not in roles:
            return f"user {context.user} not authorised for role {context.role}"
    return policy.range_fault(context.user, context.role, context.range_)


def _constraint_text(extra: object) -> str:
    return " ".join(extra.split()) if isinstance(extra, str) else ""
