# SPDX-License-Identifier: GPL-2.0-or-later
"""One way in which a policy allows more than another; which names of the two are the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from policytool.policy.compiled import CompiledPolicy


@dataclass(frozen=True, slots=True)
class Growth:
    """What is allowed now and was not. `id` is one of check.findings.IDS, `message` says it in a sentence.

    `source`, `target`, `tclass` and `perms` are those of the rule where there is one: source and target as the rule
    has them. `example` is one (source type, target type) of it and `count` the number of triples. `words` are names
    that stand in the statement that brought it, the surest first; `keyword` is that statement's, in CIL. `place` is
    (file, line), ("", 0) where it has to be looked for.
    """

    id: str
    message: str
    source: str = ""
    target: str = ""
    tclass: str = ""
    perms: tuple[str, ...] = ()
    example: tuple[str, str] = ("", "")
    count: int = 0
    words: tuple[str, ...] = ()
    keyword: str = ""
    place: tuple[str, int] = ("", 0)


@dataclass(frozen=True)
class Pair:
    """Two policies. A type that has another name in AFTER, and is there an alias for it, is the same type."""

    before: CompiledPolicy
    after: CompiledPolicy

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Types of BEFORE that have another name in AFTER, with that name."""
        old, new = self.before, self.after
        found = {
            type_: new.aliases[type_]
            for type_ in old.types - new.types
            if type_ in new.aliases and new.aliases[type_] not in old.types
        }
        return found | {
            type_: alias
            for alias, type_ in old.aliases.items()
            if alias in new.types and type_ not in new.types and type_ not in new.aliases
        }

    @cached_property
    def then(self) -> Mapping[str, str]:
        """The types of AFTER that BEFORE has too, each with its name there."""
        kept = {type_: type_ for type_ in self.before.types & self.after.types}
        return kept | {new: old for old, new in self.renamed.items()}

    @cached_property
    def new(self) -> frozenset[str]:
        """The types of AFTER that BEFORE does not have."""
        return self.after.types - self.then.keys()

    def now(self, types: frozenset[str]) -> frozenset[str]:
        """Return TYPES of BEFORE by their names in AFTER, without those that are gone."""
        if self.renamed:
            types = frozenset(self.renamed.get(type_, type_) for type_ in types)
        return types & self.after.types

    @cached_property
    def gained(self) -> Mapping[str, frozenset[str]]:
        """The attributes of both policies whose types became more, with the types that BEFORE had already."""
        found = {}
        for attribute, types in self.after.attributes.items():
            had = self.before.attributes.get(attribute)
            if had is not None and (more := (types - self.now(had)).intersection(self.then)):
                found[attribute] = more
        return found
