# SPDX-License-Identifier: GPL-2.0-or-later
"""Against setools' own analysis, on policies made by hand and drawn by lot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import setools
from setools.infoflow import InfoFlowAnalysis

from policytool.policy.compiled import CompiledPolicy, flow_weights
from policytool.surface.flow_change import changed_edges, domain_flow, forbidden_flows
from policytool.surface.flow_table import FlowTable
from policytool.surface.grants import Universe
from tests.policy.tiny import POLICIES, compile_cil

HEAD = POLICIES.joinpath("reach_domains.cil").read_text().split("(type daemon_t)")[0]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_cil(tmp_path_factory.mktemp("flow"), POLICIES / "reach_domains.cil")


def by_setools(path: Path, weight: int = 1, *, in_force: bool = True) -> set[tuple[str, str]]:
    """Return the edges of setools' graph, of rules IN_FORCE or of all."""
    listed = setools.PermissionMap(str(Path(setools.__file__).with_name("perm_map")))
    analysis = InfoFlowAnalysis(setools.SELinuxPolicy(str(path)), listed, min_weight=weight)
    analysis.booleans = {} if in_force else None
    analysis._build_subgraph()
    return {(str(source), str(target)) for source, target in analysis.subG.edges()}


def table(path: Path, weight: int = 1) -> FlowTable:
    return FlowTable(CompiledPolicy(path), flow_weights(), weight)


@pytest.mark.parametrize("weight", [1, 3, 7, 10])
def test_the_same_edges_as_setools(path: Path, weight: int) -> None:
    found = table(path, weight)
    edges = set(found.edges())
    assert edges == by_setools(path, weight)
    assert {
        (source, one) for one in found.universe.names for source in found.universe.types(found.sources(one))
    } == edges


@pytest.mark.parametrize("seed", range(8))
def test_the_same_edges_as_setools_on_policies_by_lot(seed: int, tmp_path: Path) -> None:
    lot = random.Random(seed)  # noqa: S311
    types = [f"t{number}_t" for number in range(9)]
    lines = [f"(type {name})" for name in types] + ["(boolean b true)"]
    for number in range(3):
        lines += [
            f"(typeattribute a{number})",
            f"(typeattributeset a{number} ({' '.join(lot.sample(types, 3))}))",
        ]
    perms = ["(file (read))", "(file (write append))", "(file (execute))", "(dir (search))", "(dir (read write))"]
    perms += ["(process (signal))", "(fd (use))", "(process (transition))"]
    for _ in range(25):
        source, target = lot.choice([*types, "a0", "a1"]), lot.choice([*types, "a1", "a2", "self"])
        block = lot.choice(["", "", "", "true", "false"])
        rule = f"(allow {source} {target} {lot.choice(perms)})"
        lines.append(f"(booleanif b ({block} {rule}))" if block else rule)
    source_file = tmp_path / "lot.cil"
    source_file.write_text(HEAD.replace("daemon_t", "t0_t") + "\n".join(lines) + "\n")
    path = compile_cil(tmp_path, source_file)
    assert set(table(path).edges()) == by_setools(path)


def test_from_and_to_a_domain(path: Path) -> None:
    flow = domain_flow("p", table(path, 8), "daemon_t")
    # All domains read the programs; jump_t becomes daemon_t, with all that it knows.
    assert flow.sources == ("asked_exec_t", "data_t", "helper_exec_t", "jump_t", "switched_exec_t")
    assert flow.targets == ("data_t", "log_t")


def test_rules_behind_a_flow_that_must_not_be(path: Path) -> None:
    one, two = forbidden_flows("p", table(path, 5), "domain", "data_t")
    assert (one.source, two.source, one.target) == ("daemon_t", "deep_t", "data_t")
    assert list(map(str, one.rules)) == ["allow daemon_t data_t:file write;"]
    assert forbidden_flows("p", table(path, 5), "log_t", "data_t") == ()
    assert [str(rule) for rule in table(path, 5).rules("data_t", "daemon_t")] == [
        "allow daemon_t data_t:file read;"
    ]


def test_what_flows_in_another_policy(path: Path, tmp_path: Path) -> None:
    text = POLICIES.joinpath("reach_domains.cil").read_text()
    changed = tmp_path / "changed.cil"
    changed.write_text(
        text.replace("(allow deep_t data_t (file (write)))", "(type new_t)(allow deep_t new_t (file (write)))")
    )
    new = CompiledPolicy(compile_cil(tmp_path, changed))
    old = CompiledPolicy(path)
    universe = Universe.of(old.types | new.types)
    before, after = (FlowTable(policy, flow_weights(), 1, universe) for policy in (old, new))
    assert changed_edges(before, after) == ((("deep_t", "new_t"),), (("deep_t", "data_t"),))
    assert changed_edges(before, after, {"data_t"}) == ((), (("deep_t", "data_t"),))
    assert changed_edges(before, after, {"log_t"}) == ((), ())
