# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of a whole policy with every attribute written out, as sorted arrays and as one sparse matrix.

The policy of a distribution says 40 million (source, target, class, permission) in a hundred thousand rules. Here
they are four million entries: one number that stands for source, target, class and condition, and one with a bit
for each permission of the class. Making them takes about as long as reading the rules does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from policytool.errors import InputError
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.surface.ways import condition_text

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Numbers = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

# Entries that are expanded at a time: enough to be fast, few enough to need little memory.
_AT_ONCE = 400_000

# Bits in a number of permissions; the kernel's own access vectors have half of it.
_MOST_PERMS = 64

# What stands for rules without a condition.
ALWAYS = ""


@dataclass(frozen=True)
class Vocabulary:
    """The names that numbers stand for, of one policy or of several that are to be compared."""

    types: tuple[str, ...]
    classes: tuple[str, ...]
    perms: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, *policies: CompiledPolicy) -> Vocabulary:
        """Make the vocabulary of POLICIES; InputError for a class with more permissions than a policy can have."""
        types: set[str] = set()
        perms: dict[str, set[str]] = {}
        for policy in policies:
            types |= policy.types
            for tclass, own in policy.classes.items():
                perms.setdefault(tclass, set()).update(own)
        for tclass, own_perms in perms.items():
            if len(own_perms) > _MOST_PERMS:
                raise InputError(f"the policies have {len(own_perms)} permissions of {tclass}; they are too unlike")
        named = {tclass: tuple(sorted(perms[tclass])) for tclass in sorted(perms)}
        return cls(tuple(sorted(types)), tuple(named), named)

    @cached_property
    def type_numbers(self) -> Mapping[str, int]:
        """The number of each type."""
        return {name: number for number, name in enumerate(self.types)}

    @cached_property
    def class_numbers(self) -> Mapping[str, int]:
        """The number of each class."""
        return {name: number for number, name in enumerate(self.classes)}

    @cached_property
    def shifts(self) -> tuple[int, int]:
        """How far a type's number is shifted beside that of a class, and a source beside type and class."""
        for_class = max(len(self.classes) - 1, 0).bit_length()
        return for_class, for_class + max(len(self.types) - 1, 0).bit_length()

    def bits(self, tclass: str, perms: Collection[str]) -> int:
        """Return PERMS of TCLASS as bits."""
        return sum(1 << number for number, perm in enumerate(self.perms[tclass]) if perm in perms)

    def named(self, tclass: str, bits: int) -> tuple[str, ...]:
        """Return the permissions of TCLASS that BITS stand for, sorted."""
        return tuple(perm for number, perm in enumerate(self.perms[tclass]) if bits >> number & 1)


@dataclass(frozen=True, slots=True)
class Entry:
    """PERMS that rules with one CONDITION ("" for none) give SOURCE on TARGET of TCLASS, all of them types."""

    source: str
    target: str
    tclass: str
    condition: str
    perms: tuple[str, ...]


@dataclass(frozen=True)
class RuleMatrix:
    """The rules of one kind. `keys` is sorted and holds no number twice; `perms` are the bits that belong to it.

    A key is the numbers of source, target, class and condition, shifted and put together; the first of `conditions`
    is ALWAYS, and the only one in a matrix of rules in force. `enabled` says which of them are in force.
    """

    vocabulary: Vocabulary
    conditions: tuple[str, ...]
    enabled: tuple[bool, ...]
    keys: Numbers
    perms: Bits

    def __len__(self) -> int:
        """Return how many (source, target, class, condition) have any permission."""
        return len(self.keys)

    @property
    def triples(self) -> int:
        """How many (source, target, class, permission) there are, those of each condition counted by itself."""
        return bit_count(self.perms)

    def entries(self) -> Iterator[Entry]:
        """Yield all of it, in the order of the keys."""
        return decoded(self.vocabulary, self.conditions, self.keys, self.perms)

    @cached_property
    def sparse(self) -> csr_array[np.uint64]:
        """A row for each type, a column for each type and class, permissions as bits; of rules in force only.

        The column is the number of the target, shifted, and that of the class: see Vocabulary.shifts.
        """
        from scipy.sparse import csr_array

        columns = 1 << self.vocabulary.shifts[1]
        types = len(self.vocabulary.types)
        found = csr_array((types, columns), dtype=np.uint64)
        # Set, and not given to the constructor, which would check all of it for what is known: sorted, none twice.
        found.data = self.perms
        found.indices = (self.keys & (columns - 1)).astype(np.int32)
        found.indptr = np.searchsorted(self.keys, np.arange(types + 1) * columns).astype(np.int32)
        return found

    def triples_of(self) -> Mapping[str, int]:
        """Return how many (target, class, permission) each type has, of those that have any."""
        matrix = self.sparse
        sums = np.concatenate(([0], np.cumsum(_bit_counts(matrix.data))))
        counts = sums[matrix.indptr[1:]] - sums[matrix.indptr[:-1]]
        return {name: int(count) for name, count in zip(self.vocabulary.types, counts, strict=True) if count}


class RuleRows:
    """The rules of one kind before attributes are written out, to be written out in parts.

    Conditions are told apart, those of CONDITIONS first; or ONLY_IN_FORCE rules count, as if they had none.
    """

    def __init__(
        self,
        policy: CompiledPolicy,
        ruletype: TeRuleType,
        vocabulary: Vocabulary,
        conditions: Sequence[str] = (),
        *,
        only_in_force: bool = False,
    ) -> None:
        self._only_in_force = only_in_force
        self.vocabulary = vocabulary
        self.conditions = {condition: number for number, condition in enumerate((ALWAYS, *conditions))}
        self._enabled = {ALWAYS: True}
        self._policy = policy
        self._names: dict[str, int] = {}
        self._sets: list[list[int]] = []
        rows, perms = self._read(ruletype)
        self._counts = np.array([len(members) for members in self._sets], dtype=np.int64)
        self._starts = np.cumsum(self._counts) - self._counts
        self._flat = np.array([number for members in self._sets for number in members], dtype=np.int64)
        place, sources = self._members(rows[:, 0])
        # By source, so that what comes of one part of the sources stands before what comes of the next.
        order = np.argsort(sources, kind="stable")
        self._sources, self._rows, self._perms = sources[order], rows[place[order]], perms[place[order]]
        self._sizes = np.cumsum(self._counts[self._rows[:, 1]])

    @property
    def enabled(self) -> tuple[bool, ...]:
        """Whether the rules of each condition are in force; False for a condition that no rule has."""
        return tuple(self._enabled.get(condition, False) for condition in self.conditions)

    def bounds(self) -> Iterator[int]:
        """Yield numbers of types between which about equally much is to be written out; the last ends all."""
        done = 0
        while done < len(self._sources):
            before = self._sizes[done - 1] if done else 0
            last = max(int(np.searchsorted(self._sizes, before + _AT_ONCE)), done + 1)
            bound = int(self._sources[last - 1]) + 1
            yield bound
            done = int(np.searchsorted(self._sources, bound))

    def between(self, first: int, end: int) -> tuple[Numbers, Bits]:
        """Write out the rules of the types from FIRST to before END: keys and permissions of a RuleMatrix."""
        part = slice(*np.searchsorted(self._sources, (first, end)))
        rows = self._rows[part]
        place, targets = self._members(rows[:, 1])
        words = self.vocabulary
        class_shift, type_shift = words.shifts
        # What does not depend on the target once for each row, not once for each key.
        fixed = (self._sources[part] << type_shift) | rows[:, 2]
        shift = condition_shift(len(self.conditions))
        keys = (((targets << class_shift) | fixed[place]) << shift) | rows[:, 3][place]
        order = np.argsort(keys, kind="stable")
        return joined(keys[order], self._perms[part][place[order]])

    def matrix(self) -> RuleMatrix:
        """Write everything out."""
        ends = list(self.bounds())
        parts = [self.between(first, end) for first, end in pairwise([0, *ends])]
        keys = np.concatenate([np.empty(0, dtype=np.int64), *(keys for keys, _ in parts)])
        perms = np.concatenate([np.empty(0, dtype=np.uint64), *(perms for _, perms in parts)])
        return RuleMatrix(self.vocabulary, tuple(self.conditions), self.enabled, keys, perms)

    def _read(self, ruletype: TeRuleType) -> tuple[Numbers, Bits]:
        """Return a row (set of sources, set of targets, class, condition) for each rule, and its permissions."""
        bits: dict[tuple[str, frozenset[str]], int] = {}
        numbers = self.vocabulary.class_numbers
        rows: list[tuple[int, int, int, int]] = []
        perms: list[int] = []
        for source, target, tclass, names, condition, enabled in self._policy.plain_rules(ruletype):
            if self._only_in_force and not enabled:
                continue
            number = 0
            if condition is not None and not self._only_in_force:
                text = condition_text(condition)
                self._enabled[text] = enabled
                number = self.conditions.setdefault(text, len(self.conditions))
            key = (tclass, names)
            if key not in bits:
                bits[key] = self.vocabulary.bits(tclass, names)
            rows.append((self._set(source), self._set(target), numbers[tclass], number))
            perms.append(bits[key])
        return np.array(rows, dtype=np.int64).reshape(-1, 4), np.array(perms, dtype=np.uint64)

    def _set(self, name: str) -> int:
        if name not in self._names:
            self._names[name] = len(self._sets)
            numbers = self.vocabulary.type_numbers
            self._sets.append(sorted(numbers[type_] for type_ in self._policy.expand(name)))
        return self._names[name]

    def _members(self, sets: Numbers) -> tuple[Numbers, Numbers]:
        """Return the members of each of SETS, one after the other, and before them the place of their set."""
        sizes = self._counts[sets]
        place = np.repeat(np.arange(len(sets)), sizes)
        within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return place, self._flat[self._starts[sets][place] + within]


def rule_matrix(policy: CompiledPolicy, ruletype: TeRuleType = TeRuleType.ALLOW) -> RuleMatrix:
    """Return the rules of RULETYPE (allow, auditallow or dontaudit) with attributes written out, by condition."""
    return RuleRows(policy, ruletype, Vocabulary.of(policy)).matrix()


def surface_matrix(policy: CompiledPolicy) -> RuleMatrix:
    """Return what allow rules in force give all types of POLICY: the surfaces of all its domains."""
    return RuleRows(policy, TeRuleType.ALLOW, Vocabulary.of(policy), only_in_force=True).matrix()


def decoded(vocabulary: Vocabulary, conditions: Sequence[str], keys: Numbers, perms: Bits) -> Iterator[Entry]:
    """Yield the entries that KEYS and PERMS stand for."""
    types, classes = vocabulary.types, vocabulary.classes
    shift = condition_shift(len(conditions))
    class_shift, type_shift = vocabulary.shifts
    for key, bits in zip(keys.tolist(), perms.tolist(), strict=True):
        place = key >> shift
        source, target = place >> type_shift, (place & ((1 << type_shift) - 1)) >> class_shift
        name = classes[place & ((1 << class_shift) - 1)]
        condition = conditions[key & ((1 << shift) - 1)]
        yield Entry(types[source], types[target], name, condition, vocabulary.named(name, bits))


def condition_shift(conditions: int) -> int:
    """Return how many bits the number of one of so many CONDITIONS takes."""
    return max(conditions - 1, 0).bit_length()


def joined(keys: Numbers, perms: Bits) -> tuple[Numbers, Bits]:
    """Return the sorted KEYS each once, with all the bits that belong to it."""
    if not len(keys):
        return keys, perms
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return keys[first], np.bitwise_or.reduceat(perms, first)


def bit_count(numbers: Bits) -> int:
    """Return how many bits are set in NUMBERS."""
    return int(_bit_counts(numbers).sum())


def _bit_counts(numbers: Bits) -> Numbers:
    # numpy has bitwise_count from version 2 on only.
    counts = _BITS_IN_A_BYTE[np.ascontiguousarray(numbers).view(np.uint8)].reshape(-1, 8)
    return np.asarray(counts.sum(axis=1), dtype=np.int64)


_BITS_IN_A_BYTE = np.array([number.bit_count() for number in range(256)], dtype=np.uint8)
