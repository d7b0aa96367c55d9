# SPDX-License-Identifier: GPL-2.0-or-later
"""The denials of an enforced run, and which of them touch the modules, on either side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from policytool.generate.triage import WITHOUT_RULE
from policytool.generate.writers.evidence import ModuleEvidence
from policytool.lab.scenario_logs import BOOT
from policytool.model.access import AccessKey, AccessVector, Result, Use


@dataclass(frozen=True, slots=True)
class Denial:
    """One distinct denial; `count` log records say so, and `uses` who asked, through which call, for what path.

    `refused` is the reason that the modules' evidence gives for not curing the access; "" if none.
    """

    source: str
    target: str
    tclass: str
    perm: str
    count: int
    uses: tuple[Use, ...] = ()
    refused: str = ""


def expected_denials(files: Iterable[ModuleEvidence]) -> Mapping[AccessKey, str]:
    """Return the accesses that the evidence FILES of modules leave without a cure, and why.

    A constraint depends on users and roles, so that a rule may stand for the same access; what is still denied
    under that rule, the constraint denies.
    """
    return {access.key: access.reason for file in files for access in file.accesses if access.cure in WITHOUT_RULE}


def count_denials(
    vectors: Iterable[AccessVector], refused: Mapping[AccessKey, str] | None = None
) -> tuple[Denial, ...]:
    """Return the distinct denials among VECTORS, whatever `permissive=` says; sorted.

    A permissive neighbour's denial is one too: on a machine where that neighbour is confined it would be refused.
    REFUSED are the accesses that the modules do not cure, with the reason.
    """
    reasons = refused or {}
    counts: dict[AccessKey, int] = {}
    uses: dict[AccessKey, set[Use]] = {}
    for vector in vectors:
        if vector.result is Result.DENIED:
            counts[vector.key] = counts.get(vector.key, 0) + vector.evidence.count
            uses.setdefault(vector.key, set()).update(use for use, _ in vector.evidence.uses)
    return tuple(
        Denial(*key, count, tuple(sorted(uses[key])), reasons.get(key, "")) for key, count in sorted(counts.items())
    )


def sort_out(
    parts: Iterable[tuple[str, Iterable[AccessVector]]],
    ours: Collection[str],
    counted: Collection[str],
    refused: Mapping[AccessKey, str],
) -> tuple[tuple[Denial, ...], tuple[Denial, ...]]:
    """Return the denials of PARTS, (scenario, what was seen), that count, and the others.

    Those with one of the COUNTED types on either side count. Before the first scenario none of the tested daemons
    has run a helper: then it is init that runs it, and only the types that are OURS count. REFUSED as for
    `count_denials`.
    """
    that_count: list[AccessVector] = []
    others: list[AccessVector] = []
    for scenario, vectors in parts:
        types = ours if scenario == BOOT else counted
        for vector in vectors:
            touches = vector.source.type_ in types or vector.target.type_ in types
            (that_count if touches else others).append(vector)
    return count_denials(that_count, refused), count_denials(others, refused)


def touching(denials: Iterable[Denial], types: Collection[str]) -> tuple[Denial, ...]:
    """Return those of DENIALS that have one of TYPES as source or target."""
    return tuple(denial for denial in denials if denial.source in types or denial.target in types)
