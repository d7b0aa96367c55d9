# SPDX-License-Identifier: GPL-2.0-or-later
"""Which scenarios are run without which permissions: for each permission the shortest one that asked for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policytool.generate.writers.evidence import ModuleEvidence
from policytool.lab.scenario import batches, one_batch, steps
from policytool.model.access import AccessKey
from policytool.model.support import scenarios_of


@dataclass(frozen=True, slots=True)
class Planned:
    """Scenarios that are run together, by a name, and the permissions that are in doubt in them."""

    name: str
    payload: Mapping[str, Path]
    doubted: frozenset[AccessKey]


def plan(
    candidates: Collection[AccessKey],
    evidence: Iterable[ModuleEvidence],
    payload: Mapping[str, Path],
    *,
    everywhere: bool = False,
) -> tuple[Planned, ...]:
    """Return what is to be run of PAYLOAD to learn about CANDIDATES, those with few steps first.

    One scenario a boot: for each permission the shortest of those that asked for it, by EVIDENCE. In what is chosen
    so, all that asked there is in doubt. A permission that no scenario of PAYLOAD is known to have asked for is in
    doubt in all `batches`; EVERYWHERE: all permissions are.
    """
    scripts = {name.removesuffix(".sh"): path for name, path in payload.items() if name.endswith(".sh")}
    length = {name: steps(name, path.parent) for name, path in scripts.items()}
    asked = _asked(frozenset(candidates), evidence, scripts.keys())
    shortest = {min(names, key=lambda name: (length[name], name)) for names in asked.values()}
    found = [
        Planned(
            name, one_batch(payload, f"{name}.sh"), frozenset(key for key, names in asked.items() if name in names)
        )
        for name in sorted(shortest, key=lambda name: (length[name], name))
    ]
    left = frozenset(candidates) if everywhere else frozenset(candidates) - asked.keys()
    if not left:
        return tuple(found)
    whole = [Planned(f"all of {name}", batch, left) for name, batch in batches(payload).items()]
    return (*found, *sorted(whole, key=lambda planned: sum(length[name] for name in _scripts(planned))))


def _scripts(planned: Planned) -> Iterable[str]:
    return (name.removesuffix(".sh") for name in planned.payload if name.endswith(".sh"))


def _asked(
    candidates: frozenset[AccessKey], evidence: Iterable[ModuleEvidence], scenarios: Collection[str]
) -> dict[AccessKey, set[str]]:
    """Return which of SCENARIOS asked for each of CANDIDATES, by EVIDENCE; those that none did are left out."""
    asked: dict[AccessKey, set[str]] = {}
    for file in evidence:
        for access in file.accesses:
            if access.key in candidates and (named := {*scenarios_of([access.evidence])} & {*scenarios}):
                asked.setdefault(access.key, set()).update(named)
    return asked
