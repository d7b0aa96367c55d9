# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses that a neverallow rule of the base forbids: refused, since a module that allows them does not link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from policytool.check.link_errors import FailureKind, LinkFailure
from policytool.generate.triage import Cure, Triaged

_RULE = re.compile(
    r"\((?:allow|neverallow) (?P<source>\S+) (?P<target>\S+) \((?P<tclass>\S+) \((?P<perms>[^()]*)\)\)\)"
)

AccessKey = tuple[str, str, str, str]


def forbidden_accesses(failures: Iterable[LinkFailure]) -> Mapping[AccessKey, str]:
    """Return the accesses that FAILURES of a link say are forbidden, each with the neverallow rule as reason."""
    found: dict[AccessKey, str] = {}
    for failure in failures:
        allow, never = _RULE.search(failure.statement), _RULE.search(failure.against)
        if failure.kind is not FailureKind.NEVERALLOW or not allow or not never:
            continue
        source, target, tclass = allow["source"], allow["target"], allow["tclass"]
        for perm in sorted(set(allow["perms"].split()) & set(never["perms"].split())):
            key = (source, source if target == "self" else target, tclass, perm)
            # The rule's own words: attributes of the base are named by number and would say nothing.
            found[key] = f"a neverallow rule of the base forbids it: {tclass} {{ {never['perms']} }}"
    return found


def refuse(triaged: Iterable[Triaged], forbidden: Mapping[AccessKey, str]) -> tuple[Triaged, ...]:
    """Turn the cure of FORBIDDEN accesses from a rule into an objection."""
    return tuple(
        replace(one, cure=Cure.REFUSED, reason=forbidden[one.vector.key])
        if one.cure is Cure.ALLOW and one.vector.key in forbidden
        else one
        for one in triaged
    )
