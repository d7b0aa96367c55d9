# SPDX-License-Identifier: GPL-2.0-or-later
"""Against setools' own analysis, on a policy made by hand and on policies drawn by lot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import setools
from setools.dta import DomainTransitionAnalysis

from policytool.errors import InputError
from policytool.policy.compiled import CompiledPolicy
from policytool.surface.domain_transitions import DomainTransition, DomainTransitions
from tests.policy.tiny import POLICIES, compile_cil

# The part of a policy that says nothing about transitions.
HEAD = POLICIES.joinpath("reach_domains.cil").read_text().split("(type daemon_t)")[0].replace("daemon_t", "d0_t")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("reach"), POLICIES / "reach_domains.cil")


def by_setools(path: Path) -> set[tuple[str, str]]:
    """Return the edges of setools' graph; it counts conditional rules whatever the booleans say."""
    analysis = DomainTransitionAnalysis(setools.SELinuxPolicy(str(path)))
    analysis._build_graph()
    return {(str(source), str(target)) for source, target in analysis.G.edges()}


def edges(policy: CompiledPolicy, *, every_rule: bool = False) -> set[tuple[str, str]]:
    every = DomainTransitions(policy, every_rule=every_rule).every
    return {(source, way.target) for source, ways in every.items() for way in ways}


def test_each_kind_of_transition_and_none_that_lacks_a_condition(path: Path) -> None:
    every = DomainTransitions(CompiledPolicy(path)).every
    assert every == {
        "daemon_t": (DomainTransition("helper_t", ("helper_exec_t",), ("helper_exec_t",)),),
        "helper_t": (
            DomainTransition("asked_t", ("asked_exec_t",)),
            DomainTransition("deep_t", ("deep_exec_t",), ("deep_exec_t",)),
        ),
        "asked_t": (DomainTransition("jump_t", ()),),
    }
    assert every["asked_t"][0].dynamic


def test_a_boolean_opens_a_way(path: Path) -> None:
    assert ("daemon_t", "switched_t") not in edges(CompiledPolicy(path))
    assert ("daemon_t", "switched_t") in edges(CompiledPolicy(path, {"may_switch": True}))
    assert ("daemon_t", "switched_t") in edges(CompiledPolicy(path), every_rule=True)
    with pytest.raises(InputError, match="no boolean may_fly"):
        CompiledPolicy(path, {"may_fly": True})


def test_the_same_edges_as_setools(path: Path) -> None:
    assert edges(CompiledPolicy(path), every_rule=True) == by_setools(path)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_edges_as_setools_on_policies_by_lot(seed: int, tmp_path: Path) -> None:
    lot = random.Random(seed)  # noqa: S311
    domains, programs = [f"d{n}_t" for n in range(8)], [f"e{n}_t" for n in range(4)]
    lines = [f"(type {name})" for name in (*domains, *programs)]
    lines += ["(roletype r d0_t)", "(boolean b false)"]
    for number in range(3):
        members = lot.sample(domains, 3)
        lines += [f"(typeattribute a{number})", f"(typeattributeset a{number} ({' '.join(members)}))"]
    sources = [*domains, "a0", "a1", "a2"]
    rules = [
        *(f"{lot.choice(sources)} {lot.choice(sources)} (process (transition))" for _ in range(14)),
        *(f"{lot.choice(sources)} {lot.choice(sources)} (process (dyntransition))" for _ in range(3)),
        *(f"{lot.choice(sources)} self (process ({perm}))" for perm in ("setexec", "setexec", "setcurrent")),
        *(f"{lot.choice(sources)} {lot.choice(programs)} (file (execute))" for _ in range(8)),
        *(f"{lot.choice(sources)} {lot.choice(programs)} (file (entrypoint))" for _ in range(8)),
    ]
    for rule in rules:
        lines.append(f"(booleanif b (true (allow {rule})))" if lot.random() < 0.1 else f"(allow {rule})")
    pairs = {(lot.choice(domains), lot.choice(programs)): lot.choice(domains) for _ in range(8)}
    lines += [
        f"(typetransition {source} {program} process {default})" for (source, program), default in pairs.items()
    ]
    source = tmp_path / "lot.cil"
    source.write_text(HEAD.replace("(roletype r d0_t)", "") + "\n".join(lines) + "\n")
    path = compile_cil(tmp_path, source)
    assert edges(CompiledPolicy(path), every_rule=True) == by_setools(path)
