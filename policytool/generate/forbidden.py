# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses that a neverallow rule of the base forbids: a module that allows them does not link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from policytool.check.link_errors import FailureKind, LinkFailure
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey

_RULE = re.compile(
    r"\((?:allow|neverallow) (?P<source>\S+) (?P<target>\S+) \((?P<tclass>\S+) \((?P<perms>[^()]*)\)\)\)"
)


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Why an access is forbidden, and the attribute that the neverallow rule has as its source."""

    reason: str
    source: str


def forbidden_accesses(failures: Iterable[LinkFailure]) -> Mapping[AccessKey, Forbidden]:
    """Return the accesses that FAILURES of a link say are forbidden, each with the neverallow rule that does."""
    found: dict[AccessKey, Forbidden] = {}
    for failure in failures:
        allow, never = _RULE.search(failure.statement), _RULE.search(failure.against)
        if failure.kind is not FailureKind.NEVERALLOW or not allow or not never:
            continue
        source, target, tclass = allow["source"], allow["target"], allow["tclass"]
        for perm in sorted(set(allow["perms"].split()) & set(never["perms"].split())):
            key = (source, source if target == "self" else target, tclass, perm)
            # The rule's own words: attributes of the base are named by number and would say nothing.
            reason = f"a neverallow rule of the base forbids it: {tclass} {{ {never['perms']} }}"
            found[key] = Forbidden(reason, never["source"])
    return found


def refuse(triaged: Iterable[Triaged], forbidden: Mapping[AccessKey, Forbidden]) -> tuple[Triaged, ...]:
    """Turn the cure of FORBIDDEN accesses from a rule into an objection, which nobody can accept."""
    return tuple(
        replace(access, cure=Cure.REFUSED, reason=forbidden[access.vector.key].reason, id="")
        if access.cure is Cure.ALLOW and access.vector.key in forbidden
        else access
        for access in triaged
    )
