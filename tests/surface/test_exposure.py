# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from math import log

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.surface.danger import DANGERS
from policytool.surface.exposure import MOST_DANGERS, danger_points, exposure
from policytool.surface.grants import Grants
from policytool.surface.overlap import overlap, union_beside
from policytool.surface.surface import PrivilegeSurface, surfaces_of
from tests.policy.tiny import POLICIES, compile_cil


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PrivilegeSurface]:
    path = compile_cil(tmp_path_factory.mktemp("exposure"), POLICIES / "surface_domains.cil")
    return dict(surfaces_of(CompiledPolicy(path), ("daemon_t", "other_t", "locked_t")))


def test_all_dangers_are_all_of_their_points() -> None:
    assert sum(danger_points(danger.name) for danger in DANGERS) == pytest.approx(MOST_DANGERS)
    assert danger_points("raw_disk_write") == pytest.approx(3 * danger_points("execmem"))


def test_every_point_as_published(surfaces: dict[str, PrivilegeSurface]) -> None:
    found = exposure("p", surfaces["daemon_t"], reach=1, domains=4, capabilities=2)
    points = {point.name: point.points for point in found.points}
    # 12 triples, 4 of them the floor; the capability of a user namespace is none of the two.
    assert points["surface"] == pytest.approx(20 * log(1 + 8) / log(1 + 1_000_000))
    assert points["reach"] == pytest.approx(20 * log(2) / log(5))
    assert points["capabilities"] == pytest.approx(10)
    dangers = {danger.name for danger in surfaces["daemon_t"].dangers}
    assert points.keys() == {"surface", "reach", "capabilities", *dangers}
    assert found.score == round(sum(points.values()), 1)
    assert all(point.why for point in found.points)


def test_the_ends_of_the_scale(surfaces: dict[str, PrivilegeSurface]) -> None:
    assert exposure("p", surfaces["other_t"], 0, 4, 2).score == 100.0
    assert exposure("p", surfaces["locked_t"], 0, 4, 2).score == 0.0


def test_what_is_shared_and_what_is_alone() -> None:
    one = Grants.of([("a_t", "process", "signal"), ("x_t", "file", "read"), ("x_t", "file", "write")])
    two = Grants.of([("b_t", "process", "signal"), ("x_t", "file", "read"), ("y_t", "file", "read")])
    found = overlap({"a_t": one, "b_t": two})
    assert (found.shared, found.union, found.unique) == (2, 4, (1, 1))
    assert found.jaccard == ((1.0, 0.5), (0.5, 1.0))
    whole = Grants.of([("m_t", "process", "signal"), ("y_t", "file", "read"), ("z_t", "file", "read")])
    beside = union_beside({"a_t": one, "b_t": two}, "m_t", whole)
    assert (beside.only_together, beside.both, beside.only_one) == (2, 2, 1)
    assert overlap({"a_t": one, "b_t": one.renamed("a_t", "b_t")}).unique == (0, 0)
