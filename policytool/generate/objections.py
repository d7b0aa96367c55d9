# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not allowed before a person has decided on it: each with a stable id and a reason to decide by.

An id is `R-` and the name of a danger (surface.danger), with the target's type where the danger lies in the target:
`R-execmem`, `R-ptrace:svirt_t`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from policytool.model.access import AccessKey, AccessVector
from policytool.model.context import is_identifier
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.surface.danger import DANGERS, FILES, DangerRule, On, places

# Dangers of which a daemon's policy should be free: the others of the list (sys_admin, mounton, dac_override …) are
# what many daemons are for, and stand in the comparison of surfaces instead.
_REFUSED = frozenset({
    "execmem", "execstack", "execheap", "execmod", "sys_module", "module_load", "load_policy", "setenforce",
    "setsecparam", "setbool", "ptrace", "relabel_security", "write_security", "read_security", "raw_disk_read",
    "raw_disk_write", "raw_memory",
})  # fmt: skip

UNLABELED = "R-unlabeled"
DAC_OVERRIDE = "R-dac-override"

# A security file that more than this share of all domains may read is protected, but not a secret: krb5_keytab_t.
_FEW_READERS = 0.05

# Permissions on file objects that change nothing.
READS = frozenset({
    "read", "open", "getattr", "search", "execute", "execute_no_trans", "entrypoint", "map", "ioctl", "lock",
    "watch", "watch_reads",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an access is refused: the id to accept it by ("" if it cannot be accepted), and the reason."""

    id: str
    reason: str


def known_id(text: str) -> bool:
    """Say whether TEXT may be the id of an objection: of a kind that is refused, with a type where that belongs."""
    kind, colon, type_ = text.partition(":")
    if kind not in KINDS:
        return False
    return is_identifier(type_) if KINDS[kind] else not colon


class Objections:
    """Tells for the domains of daemons which accesses are refused, by the structure of a policy."""

    def __init__(self, policy: CompiledPolicy, domain: str, ours: Collection[str] = ()) -> None:
        """OURS are the domains that DOMAIN works with: those of the daemons, and what they enter."""
        self._policy = policy
        self._places = places(policy, domain)
        self._ours = frozenset(ours) | {domain}
        self._secrets: dict[str, bool] = {}

    def objection(self, vector: AccessVector) -> Objection | None:
        """Return why VECTOR is refused, or None where nothing speaks against a rule."""
        _, target, tclass, perm = vector.key
        # A packet or a socket peer is unlabeled by design; a file is by accident.
        if tclass in FILES and target in self._places[On.UNLABELED]:
            return Objection(UNLABELED, f"{target} marks a file without a valid label: restorecon cures it")
        for rule in _RULES.get((tclass, perm), ()):
            if target in self._places[rule.on] and self._serious(rule, target):
                return Objection(_id(rule, target), f"{perm} of {tclass}: it {rule.why}")
        return None

    def _serious(self, rule: DangerRule, target: str) -> bool:
        if rule.name == "ptrace":
            return target not in self._ours
        return rule.on is not On.SECURITY or self._secret(target)

    def _secret(self, type_: str) -> bool:
        """Say whether few domains may read files of a type, those aside that may read every security file."""
        if type_ not in self._secrets:
            security = self._places[On.SECURITY]
            readers: dict[str, set[str]] = {name: set() for name in security}
            for rule in self._policy.rules(
                {TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "file", "read"
            ):
                if rule.enabled and (reached := self._policy.expand(rule.target) & security):
                    for name in reached:
                        readers[name] |= self._policy.expand(rule.source)
            everything = set.intersection(*readers.values()) if readers else set()
            most = _FEW_READERS * len(self._policy.expand("domain"))
            self._secrets = {name: len(found - everything) <= most for name, found in readers.items()}
        return self._secrets.get(type_, True)


def dac_override_objections(vectors: Iterable[AccessVector]) -> Mapping[AccessKey, Objection]:
    """Return the `dac_override` among VECTORS that `dac_read_search` does as well, with the objection.

    The kernel asks for both where the weaker one is denied, and for the stronger one alone where something is to be
    written. So where each use (trace, program, call) of dac_override has its dac_read_search, and the same calls of
    the program changed nothing, reading is all that was done. A log in which a permissive domain was let through
    hides what the policy granted; there the calls must have been seen to read.
    """
    every = tuple(vectors)
    asked: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    files: dict[tuple[str, bool], set[tuple[str, str, str]]] = {}
    for vector in every:
        source, _, tclass, perm = vector.key
        uses = {(use.trace, use.program, use.syscall) for use, _ in vector.evidence.uses}
        if tclass == "capability":
            asked.setdefault((source, perm), set()).update(uses)
        elif tclass in FILES:
            files.setdefault((source, perm in READS), set()).update(uses)
    refused, needed = {}, set()
    for vector in every:
        source, _, tclass, perm = vector.key
        if (tclass, perm) != ("capability", "dac_override"):
            continue
        uses = asked[source, perm]
        read, changed = files.get((source, True), set()), files.get((source, False), set())
        hidden = vector.permissive is True and not vector.complete
        enough = vector.evidence.whole and uses <= asked.get((source, "dac_read_search"), set())
        if enough and not uses & changed and (uses <= read or not hidden):
            reason = "dac_read_search was asked with it, and all it did was to read"
            refused[vector.key] = Objection(DAC_OVERRIDE, reason)
        else:
            needed.add(vector.key)
    return {key: objection for key, objection in refused.items() if key not in needed}


def _id(rule: DangerRule, target: str) -> str:
    name = f"R-{rule.name.replace('_', '-')}"
    return name if rule.on is On.ANY else f"{name}:{target}"


_RULES: Mapping[tuple[str, str], tuple[DangerRule, ...]] = {
    (tclass, perm): tuple(
        rule for rule in DANGERS if rule.name in _REFUSED and tclass in rule.classes and perm in rule.perms
    )
    for danger in DANGERS
    for tclass in danger.classes
    for perm in danger.perms
}

# Every kind of id, and whether a type belongs behind it.
KINDS: Mapping[str, bool] = {
    UNLABELED: False,
    DAC_OVERRIDE: False,
    **{f"R-{rule.name.replace('_', '-')}": rule.on is not On.ANY for rule in DANGERS if rule.name in _REFUSED},
}
