# SPDX-License-Identifier: GPL-2.0-or-later
"""What a module leaves to the others that are made with it: rules of what it starts, and labels of what it opens.

Modules that are made together divide the work. QEMU's domain has its own rules on the pipes that virtqemud hands
it, and virtqemud's socket has its own type, on which virtproxyd has a rule. A module that is installed without such
a neighbour says what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policytool.generate.candidate import Candidate
from policytool.generate.triage import Cure
from policytool.model.access import AccessKey
from policytool.model.module import Need
from policytool.model.own_path import PrivateType


def needs(
    candidate: Candidate, made: Sequence[Candidate], private: Mapping[str, Sequence[PrivateType]]
) -> tuple[Need, ...]:
    """Return what CANDIDATE leaves to the other modules that were MADE with it; sorted.

    PRIVATE are the private types of each daemon, by its domain.
    """
    own = candidate.cured(Cure.ALLOW)
    mine = {candidate.module.domain, *candidate.module.declared}
    started = candidate.attribution.reached if candidate.attribution else frozenset()
    found = []
    for other in made:
        domain = other.module.domain
        if domain == candidate.module.domain:
            continue
        left: set[AccessKey] = set()
        if domain in started:
            left |= {key for key in other.cured(Cure.ALLOW) if key[0] == domain and key[1] in mine}
        for type_ in private.get(domain, ()):
            left |= {
                (source, before, tclass, perm)
                for source, target, tclass, perm in own
                if target == type_.name
                for before, of in type_.replaced
                if of in ("", tclass)
            }
        if left := left - own:
            found.append(Need(other.module.name, tuple(sorted(left))))
    return tuple(sorted(found))
