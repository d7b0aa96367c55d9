# SPDX-License-Identifier: GPL-2.0-or-later
"""What `policytool replay --irreducible` prints below the replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from policytool.cli.console import table

if TYPE_CHECKING:
    from policytool.policy.needed_rules import Exempt, JudgedPermission, Proof
    from policytool.surface.parts import SurfaceParts

# How many targets of excess triples are shown; --json has them all.
_SHOWN = 10


def irreducible_text(proof: Proof, parts: Sequence[SurfaceParts]) -> str:
    """Return the verdict, what can go, what is exempt, and the surfaces taken apart."""
    from policytool.policy.needed_rules import Standing

    needed, findings, off = len(proof.of(Standing.NEEDED)), proof.findings, proof.of(Standing.OFF)
    removable = [judged for judged in findings if judged.standing.removable]
    unjudged = len(findings) - len(removable)
    lines = [f"{needed} permissions of allow statements are each needed by something seen, {len(removable)} can go"]
    lines[0] += f", {unjudged} statements were not judged\n" if unjudged else "\n"
    if shared := proof.of(Standing.SHARED):
        lines.append(
            f"{len(shared)} more are needed and stand in several modules, each of which is to be enough alone, "
            f"such as {shared[0].rule.module}: allow {shared[0].rule} {shared[0].perm}\n"
        )
    if worded := proof.of(Standing.WORDED):
        lines.append(f"{len(worded)} more come with a call that is needed, and are granted without it\n")
    if findings:
        columns = ("place", "statement", "permission", "why", "detail")
        lines.append(table(columns, [_finding(judged, proof) for judged in findings]))
    if off:
        lines.append(f"{len(off)} statements stand in optional blocks that are not in force\n")
    lines.append(_exempt(proof.exempt))
    return "".join(lines) + surfaces_text(parts)


def surfaces_text(parts: Sequence[SurfaceParts]) -> str:
    """Return the surfaces taken apart: floor, used and excess, as a table."""
    columns = ("domain", "triples", "floor", "used", "excess", "of the floor used")
    rows = []
    for surface in parts:
        name = f"{surface.domain} (the base's)" if surface.extends else surface.domain
        rows.append((name, surface.whole, surface.floor, surface.used, len(surface.excess), surface.floor_used))
    lines = [table(columns, rows, frozenset(range(1, 6)))]
    for surface in parts:
        targets = surface.excess.by_target()
        lines += [
            f"  excess of {surface.domain}: {target}:{tclass} {' '.join(perms)}\n"
            for target, tclass, perms in targets[:_SHOWN]
        ]
        if len(targets) > _SHOWN:
            lines.append(f"  and {len(targets) - _SHOWN} more targets\n")
    return "".join(lines)


def _finding(judged: JudgedPermission, proof: Proof) -> tuple[str, ...]:
    place = proof.places.get(judged.rule)
    where = f"{place.file}:{place.line}" if place else judged.rule.module
    return where, f"allow {judged.rule}", judged.perm, str(judged.standing), judged.detail


def _exempt(modules: Sequence[Exempt]) -> str:
    declarations = sum(count for module in modules for _, count in module.declarations)
    attributes = sorted({name for module in modules for name, _ in module.attributes})
    given = sum(len(types) for module in modules for _, types in module.attributes)
    narrowing = sum(len(module.allowxperm) for module in modules)
    return (
        f"exempt: {declarations} declarations, transitions and labels; {narrowing} allowxperm, which narrow; "
        f"{given} memberships in the base's attributes{': ' if attributes else ''}{', '.join(attributes)}\n"
    )
