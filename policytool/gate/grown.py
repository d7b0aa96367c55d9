# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way in which one side of a comparison allows more than the other."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.gate.audit_growth import audit_growth
from policytool.gate.command_growth import command_growth
from policytool.gate.file_label_growth import FileLabels, file_label_growth
from policytool.gate.growth import Growth, Pair
from policytool.gate.identity_growth import identity_growth
from policytool.gate.interface_growth import interface_growth
from policytool.gate.new_type_growth import new_type_growth
from policytool.gate.rule_growth import rule_growth
from policytool.gate.statement_growth import ModuleText, statement_growth, text_growth
from policytool.policy.compiled import CompiledPolicy


@dataclass(frozen=True)
class GateSide:
    """A compiled policy and, where it was linked from modules, their text and the file contexts."""

    policy: CompiledPolicy
    text: ModuleText | None = None
    labels: FileLabels | None = None


def grown(before: GateSide, after: GateSide) -> tuple[Growth, ...]:
    """Return all that AFTER allows and BEFORE did not, in the order of the kinds."""
    pair = Pair(before.policy, after.policy)
    found = [*rule_growth(pair), *command_growth(pair), *new_type_growth(pair), *identity_growth(pair)]
    found += [*statement_growth(pair), *audit_growth(pair)]
    if before.text and after.text:
        found += text_growth(pair, before.text, after.text)
        found += interface_growth(before.text.interfaces, after.text.interfaces)
    if before.labels and after.labels:
        found += file_label_growth(pair, before.labels, after.labels)
    return tuple(dict.fromkeys(found))
