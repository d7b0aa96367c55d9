# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving one out by reckoning against the real thing: generate from the rest, link, replay what was left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.daemons import load_daemons
from policytool.errors import InputError
from policytool.generate.leave_one_out import Estimate
from policytool.model.observation import Observations
from policytool.model.profile import ModuleFormat, Profile
from policytool.policy.verdicts import Verdict
from policytool.toolchain.base import Base
from policytool.traces.bundle.bundle import read_parts
from policytool.workflow.generate import generate_modules
from policytool.workflow.holdout import ALWAYS, hold_out
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.replay import replay_modules
from tests.synthetic import GREETER

TRACES = Path(__file__).parents[2] / "traces" / "small"
DOMAIN = "virtsecretd_t"


@pytest.fixture(scope="module")
def parts() -> dict[str, Observations]:
    """Take recordings of the same daemons for scenarios; each misses what another one shows."""
    names = ("permissive", "permissive-no-dontaudit", "enforced-after-audit2allow")
    return {trace: seen for name in names for trace, seen in read_parts(str(TRACES / name))}


def denied(estimate: Estimate, name: str) -> set[tuple[str, str, str, str]]:
    return set(next(held for held in estimate.held if held.scenario == name).denied)


@pytest.mark.base
def test_reckoned_denials_are_those_of_a_link_and_a_replay(
    parts: dict[str, Observations], small_base: Base, tmp_path: Path
) -> None:
    known = load_daemons()
    held = hold_out(parts, known, [DOMAIN], small_base)
    (found,) = held.daemons
    assert len(found.scenarios) == 3
    assert found.curve[0] == 0
    assert found.exact.denied > 0, "the recordings differ, or the test shows nothing"
    left_out = "libvirt/permissive-no-dontaudit"
    rest = Observations().merge(*(seen for name, seen in parts.items() if name != left_out))
    for profile, estimate in ((Profile.EXACT, found.exact), (Profile.ROBUST, found.robust)):
        (made,) = generate_modules(rest, known, [DOMAIN], small_base, profile=profile)
        folder = tmp_path / profile / made.daemon.name
        folder.mkdir(parents=True)
        for name, text in made.files(ModuleFormat.CIL).items():
            (folder / name).write_text(text)
        result = replay_modules(parts[left_out], known, ModuleSet([folder], small_base), [DOMAIN])
        assert {replayed.vector.key for replayed in result.outcome.of(Verdict.DENIED)} == denied(estimate, left_out)
    assert denied(found.robust, left_out) <= denied(found.exact, left_out)
    assert sum(part.needed for part in found.bins) <= found.exact.denied
    assert [spent.added for spent in found.spent] == sorted(spent.added for spent in found.spent)
    assert held.learned.alone.rows


@pytest.mark.base
@pytest.mark.parametrize("names", [("one",), ("one", ALWAYS), (ALWAYS,)])
def test_fewer_than_two_scenarios_are_told_before_anything_is_linked(names: tuple[str, ...], base: Base) -> None:
    with pytest.raises(InputError, match="to leave one out takes two"):
        hold_out(dict.fromkeys(names, GREETER), (), ["greeterd_t"], base)
