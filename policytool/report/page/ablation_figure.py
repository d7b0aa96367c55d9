# SPDX-License-Identifier: GPL-2.0-or-later
"""Which dangerous permissions the daemons had before and after enforced runs without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from policytool.generate.writers.evidence import ModuleEvidence
from policytool.model.access import AccessKey
from policytool.model.cure import Cure
from policytool.report.page.ablated import AblatedPermission
from policytool.report.page.figure import Figure
from policytool.report.page.palette import BLUE, STEPS, VERMILION
from policytool.report.page.stacked_bars import stacked_bars

_NEEDED, _KEPT, _GONE = "a step fails without it", "kept, or not decided", "gone: no step failed without it"
_COLOURS = {_NEEDED: VERMILION, _KEPT: BLUE, _GONE: STEPS[0]}


def ablation_figure(tried: Sequence[AblatedPermission], evidence: Iterable[ModuleEvidence]) -> Figure:
    """Return what came of the permissions that were TRIED, by domain; EVIDENCE is that of the modules of now."""
    hidden = {access.key for each in evidence for access in each.accesses if access.cure is Cure.DONTAUDIT}
    states = [(permission, _state(permission, hidden)) for permission in tried]
    domains = sorted({permission.key[0] for permission in tried})
    count = {
        domain: [
            sum(state == wanted and permission.key[0] == domain for permission, state in states)
            for wanted in _COLOURS
        ]
        for domain in domains
    }
    spec = stacked_bars(
        count, _COLOURS, "dangerous permissions, before", lambda number, state: f"{number} permissions, {state}"
    )
    after = sum(state != _GONE for _, state in states)
    return Figure(
        "ablation",
        "Dangers before and after runs without them",
        f"{len(tried)} dangerous permissions were taken away in enforced runs: {after} of them are in the modules."
        " What no step failed without is denied, and not logged, unless a person keeps it.",
        "policytool lab ablate",
        spec,
        ("domain", "permission", "what came of it", "step that needs it"),
        tuple(
            (
                permission.key[0],
                f"{'self' if permission.key[1] == permission.key[0] else permission.key[1]}"
                f":{permission.key[2]} {permission.key[3]}",
                state,
                permission.step,
            )
            for permission, state in states
        ),
        frozenset(),
    )


def _state(permission: AblatedPermission, hidden: Iterable[AccessKey]) -> str:
    if permission.verdict == "needed":
        return _NEEDED
    return _GONE if permission.key in hidden else _KEPT
