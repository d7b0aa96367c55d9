# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.surface import rule_matrix as module
from policytool.surface.rule_matrix import Entry, rule_matrix, surface_matrix
from policytool.surface.surface import surfaces_of
from policytool.toolchain.base import Base
from policytool.toolchain.link import link_or_fail
from tests.policy.tiny import POLICIES, compile_cil

NAMES = ("surface_domains.cil", "reach_domains.cil")


@pytest.fixture(scope="module", params=NAMES)
def policy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("matrix"), POLICIES / str(request.param)))


def test_all_surfaces_at_once_are_those_of_each_domain(policy: CompiledPolicy) -> None:
    matrix = surface_matrix(policy)
    triples: dict[str, set[tuple[str, str, str]]] = {}
    for entry in matrix.entries():
        triples.setdefault(entry.source, set()).update((entry.target, entry.tclass, perm) for perm in entry.perms)
    each = surfaces_of(policy, sorted(policy.types))
    assert triples == {name: set(surface.stored) for name, surface in each.items() if surface.stored}
    assert matrix.triples_of() == {name: len(held) for name, held in triples.items()}
    assert matrix.triples == sum(map(len, triples.values()))
    assert matrix.sparse.has_canonical_format
    assert matrix.sparse.nnz == len(matrix)


@pytest.mark.parametrize("at_once", [1, 7])
def test_the_size_of_the_parts_changes_nothing(
    policy: CompiledPolicy, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(rule_matrix(policy).entries())
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    assert list(rule_matrix(policy).entries()) == whole


def test_a_row_and_a_column(tmp_path: Path) -> None:
    policy = CompiledPolicy(compile_cil(tmp_path, POLICIES / "surface_domains.cil"))
    matrix = surface_matrix(policy)
    words = matrix.vocabulary
    column = words.type_numbers["etc_t"] << words.shifts[0] | words.class_numbers["file"]
    bits = int(matrix.sparse[words.type_numbers["daemon_t"], column])
    assert words.named("file", bits) == ("read", "write")


def test_conditions_are_told_apart(tmp_path: Path) -> None:
    policy = CompiledPolicy(compile_cil(tmp_path, POLICIES / "surface_domains.cil"))
    matrix = rule_matrix(policy)
    conditional = [entry for entry in matrix.entries() if entry.condition]
    assert conditional == [Entry("daemon_t", "daemon_t", "process", "use_memory:True", ("execmem",))]
    assert matrix.enabled == (True, False)
    assert list(rule_matrix(policy, TeRuleType.AUDITALLOW).entries()) == []


@pytest.mark.base
def test_a_distribution(base: Base) -> None:
    policy = CompiledPolicy(link_or_fail(base, {}, "the base does not link").policy)
    counts = surface_matrix(policy).triples_of()
    each = surfaces_of(policy, ("unconfined_t", "init_t", "virtd_t", "sshd_t", "kernel_t"))
    assert {name: counts[name] for name in each} == {name: len(surface.stored) for name, surface in each.items()}
