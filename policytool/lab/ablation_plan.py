# SPDX-License-Identifier: GPL-2.0-or-later
"""Which scenarios are run without which permissions: the shortest that asked for each, for each way of asking.

What fails without a permission depends on the call that asked for it: a daemon may go on without a capability that
bpf(2) asks for, and not without the same at ioctl(2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policytool.generate.writers.evidence import ModuleEvidence
from policytool.lab.scenario import batches, one_batch, steps
from policytool.model.access import AccessKey


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

    One scenario a boot: for each permission, program and system call that asked for it, by EVIDENCE, the shortest
    of those in which they did. In what is chosen so, all that was asked for there is in doubt. A permission that no
    scenario of PAYLOAD is known to have asked for is in doubt in all `batches`; EVERYWHERE: all permissions are.
    """
    scripts = {name.removesuffix(".sh"): path for name, path in payload.items() if name.endswith(".sh")}
    length = {name: steps(name, path.parent) for name, path in scripts.items()}
    ways = _ways(frozenset(candidates), evidence, scripts.keys())
    shortest = {min(names, key=lambda name: (length[name], name)) for names in ways.values()}
    asked: dict[AccessKey, set[str]] = {}
    for (key, _, _), names in ways.items():
        asked.setdefault(key, set()).update(names)
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


def _ways(
    candidates: frozenset[AccessKey], evidence: Iterable[ModuleEvidence], scenarios: Collection[str]
) -> dict[tuple[AccessKey, str, str], set[str]]:
    """Return which of SCENARIOS asked for each of CANDIDATES, with the program and the system call, by EVIDENCE.

    Those that none asked for are left out.
    """
    ways: dict[tuple[AccessKey, str, str], set[str]] = {}
    for access in (access for file in evidence for access in file.accesses if access.key in candidates):
        for use, _ in access.evidence.uses:
            if use.trace in scenarios:
                ways.setdefault((access.key, use.program, use.syscall), set()).add(use.trace)
    return ways
