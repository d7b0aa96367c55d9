# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json

import pytest

from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.access import AccessKey, Evidence
from policytool.model.cure import Cure
from policytool.report.page.ablated import AblatedError, AblatedPermission, read_ablated
from policytool.report.page.ablation_figure import ablation_figure


def key(perm: str, target: str = "a_t") -> AccessKey:
    return ("a_t", target, "capability" if target == "a_t" else "dir", perm)


TRIED = (
    AblatedPermission(key("chown"), "needed", "a-life ad start"),
    AblatedPermission(key("kill"), "spare", ""),
    AblatedPermission(key("setuid"), "spare", ""),
    AblatedPermission(key("mounton", "root_t"), "open", ""),
)


def evidence(perm: str, cure: Cure) -> ModuleEvidence:
    return ModuleEvidence("a", "a_t", (ExplainedAccess(key(perm), cure, "", Evidence(1, 0, 0)),))


def test_what_came_of_each_permission_is_told_by_the_modules_of_now() -> None:
    figure = ablation_figure(TRIED, [evidence("kill", Cure.DONTAUDIT), evidence("setuid", Cure.ALLOW)])
    assert figure.rows == (
        ("a_t", "self:capability chown", "a step fails without it", "a-life ad start"),
        ("a_t", "self:capability kill", "gone: no step failed without it", ""),
        ("a_t", "self:capability setuid", "kept, or not decided", ""),
        ("a_t", "root_t:dir mounton", "kept, or not decided", ""),
    )
    assert "4 dangerous permissions were taken away in enforced runs: 3 of them are in the modules" in figure.tells
    assert "<title>a_t: 2 permissions, kept, or not decided</title>" in figure.svg


def test_the_document_is_read() -> None:
    rows = [
        {
            "source": each.key[0],
            "target": each.key[1],
            "tclass": each.key[2],
            "perm": each.key[3],
            "verdict": each.verdict,
            "step": each.step.split(),
        }
        for each in TRIED
    ]
    assert read_ablated(json.dumps({"permissions": rows})) == tuple(sorted(TRIED, key=lambda each: each.key))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"permissions": [{}]}', '{"permissions": [7]}', "[" * 100000])
def test_anything_else_is_no_such_document(text: str) -> None:
    with pytest.raises(AblatedError):
        read_ablated(text)
