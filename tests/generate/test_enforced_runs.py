# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json

import pytest

from policytool.generate.enforced_runs import EnforcedRunError, EnforcedRuns, read_enforced_runs


def enforced(ok: bool = True, lost: int = 0) -> str:
    denial = {"source": "a_t", "target": "b_t", "tclass": "file", "perm": "read", "count": 3}
    return json.dumps({"steps": [{"name": "start", "ok": ok}], "denials": [denial], "lost": lost})


def test_what_an_enforced_run_passed_without() -> None:
    assert read_enforced_runs(enforced()).hidden == {
        ("a_t", "b_t", "file", "read"): "an enforced run passed without it"
    }


@pytest.mark.parametrize(
    "text",
    [
        enforced(ok=False),
        enforced(lost=1),
        "",
        "[]",
        "{}",
        '{"steps": [], "denials": [], "lost": 0}',
        '{"steps": [1], "denials": [], "lost": 0}',
        '{"steps": [{"ok": true}], "denials": [{"source": 1, "target": 2, "tclass": 3, "perm": 4}], "lost": 0}',
        '{"permissions": [1]}',
        '{"permissions": [{"verdict": "needed", "step": ["one"]}]}',
    ],
)
def test_a_run_that_did_not_pass_hides_nothing(text: str) -> None:
    with pytest.raises(EnforcedRunError):
        read_enforced_runs(text)


def ablated(perm: str, verdict: str) -> dict[str, object]:
    step = ["a-work", "a", "start"] if verdict == "needed" else []
    return {
        "source": "a_t",
        "target": "a_t",
        "tclass": "capability",
        "perm": perm,
        "verdict": verdict,
        "step": step,
        "batches": ["a-work", "a-more"],
    }


def test_what_taking_permissions_away_has_shown() -> None:
    rows = [ablated("chown", "spare"), ablated("kill", "needed"), ablated("sys_admin", "open")]
    runs = read_enforced_runs(json.dumps({"permissions": rows}))
    kill = ("a_t", "a_t", "capability", "kill")
    assert runs.hidden == {("a_t", "a_t", "capability", "chown"): "all steps of a-work, a-more passed without it"}
    assert runs.needed == {kill: "needed: a start of a-work fails without it"}
    assert EnforcedRuns({kill: "a run passed"}).joined(runs).hidden == runs.hidden


def test_what_is_kept_is_not_hidden_and_says_why() -> None:
    kill, chown = (("a_t", "a_t", "capability", perm) for perm in ("kill", "chown"))
    runs = EnforcedRuns({kill: "all steps of a-work passed without it"}).keeping(
        {kill: "no step sees it", chown: "not in doubt"}
    )
    assert runs.hidden == {}
    assert runs.needed == {kill: "kept: no step sees it; all steps of a-work passed without it"}
