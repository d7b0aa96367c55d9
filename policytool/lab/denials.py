# SPDX-License-Identifier: GPL-2.0-or-later
"""Which denials of an enforced run count against the modules: all that touch them, on either side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from policytool.model.access import AccessVector, Result, Use


@dataclass(frozen=True, slots=True)
class Denial:
    """One distinct denial; `count` log records say so, and `uses` who asked, through which call, for what path.

    `refused` is the reason that the module's evidence gives for leaving the access out on purpose; "" if none.
    """

    source: str
    target: str
    tclass: str
    perm: str
    count: int
    uses: tuple[Use, ...] = ()
    refused: str = ""


def count_denials(
    vectors: Iterable[AccessVector],
    types: Collection[str],
    refused: Mapping[tuple[str, str, str, str], str] | None = None,
) -> tuple[Denial, ...]:
    """Return the distinct denials whose source or target is one of TYPES, whatever `permissive=` says; sorted.

    A permissive neighbour's denial counts too: on a machine where that neighbour is confined it would be one.
    REFUSED are the accesses that the modules leave out on purpose, with the reason.
    """
    reasons = refused or {}
    counts: dict[tuple[str, str, str, str], int] = {}
    uses: dict[tuple[str, str, str, str], set[Use]] = {}
    for vector in vectors:
        source, target, _, _ = vector.key
        if vector.result is Result.DENIED and (source in types or target in types):
            counts[vector.key] = counts.get(vector.key, 0) + vector.evidence.count
            uses.setdefault(vector.key, set()).update(use for use, _ in vector.evidence.uses)
    return tuple(
        Denial(*key, count, tuple(sorted(uses[key])), reasons.get(key, "")) for key, count in sorted(counts.items())
    )


def of_daemon(denials: Iterable[Denial], domain: str) -> tuple[Denial, ...]:
    """Return those of DENIALS that DOMAIN takes part in."""
    return tuple(one for one in denials if domain in (one.source, one.target))
