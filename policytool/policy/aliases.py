# SPDX-License-Identifier: GPL-2.0-or-later
"""Type aliases: a log may name a type by an old name, and two names of one type are one object."""

from __future__ import annotations

from dataclasses import replace

from policytool.model.access import merge_vectors
from policytool.model.context import SecurityContext
from policytool.model.observation import Observations
from policytool.policy.compiled import CompiledPolicy


def without_aliases(observations: Observations, policy: CompiledPolicy) -> Observations:
    """Return OBSERVATIONS with each alias of POLICY replaced by its type; types it does not know stay."""

    def named(context: SecurityContext) -> SecurityContext:
        type_ = policy.aliases.get(context.type_)
        return replace(context, type_=type_) if type_ else context

    return replace(
        observations,
        vectors=merge_vectors(
            replace(vector, source=named(vector.source), target=named(vector.target))
            for vector in observations.vectors
        ),
    )
