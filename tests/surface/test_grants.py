# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policytool.surface.grants import Grants, Triple, Universe
from policytool.surface.side_by_side import diff
from policytool.surface.surface import PrivilegeSurface

NAMES = st.sampled_from([f"t{number:02}_t" for number in range(40)])
TRIPLES = st.sets(st.tuples(NAMES, st.sampled_from(["file", "dir"]), st.sampled_from(["read", "write"])))


def surface(triples: set[Triple]) -> PrivilegeSurface:
    grants = Grants.of(triples)
    return PrivilegeSurface("d_t", grants, grants, Grants.of(()), 0, 0, (), ())


@given(TRIPLES)
def test_a_set_of_triples(triples: set[Triple]) -> None:
    grants = Grants.of(triples)
    assert set(grants) == triples
    assert len(grants) == len(list(grants)) == len(triples)
    assert bool(grants) == bool(triples)
    assert all(triple in grants for triple in triples)
    assert set(grants.types) == {type_ for type_, _, _ in triples}


@given(TRIPLES, TRIPLES)
def test_set_operations_between_different_universes(first: set[Triple], second: set[Triple]) -> None:
    assert set(Grants.of(first) - Grants.of(second)) == first - second
    assert set(Grants.of(first) & Grants.of(second)) == first & second
    assert (Grants.of(first) == Grants.of(second)) == (first == second)


@given(TRIPLES, TRIPLES)
def test_difference_is_antisymmetric_and_complete(first: set[Triple], second: set[Triple]) -> None:
    there, back = diff(surface(first), surface(second)), diff(surface(second), surface(first))
    assert (there.added, there.removed) == (back.removed, back.added) == (len(second - first), len(first - second))
    assert [(c.target, c.tclass, c.added) for c in there.changes] == [
        (c.target, c.tclass, c.removed) for c in back.changes
    ]
    gained = {(c.target, c.tclass, perm) for c in there.changes for perm in c.added}
    assert (first - {t for t in first if t not in second}) | gained == second


@given(st.sets(NAMES), st.sets(NAMES))
def test_masks(universe: set[str], names: set[str]) -> None:
    made = Universe.of(universe)
    assert set(made.types(made.mask(names))) == universe & names


def test_by_target_is_how_rules_would_say_it() -> None:
    grants = Grants.of([("b_t", "file", "write"), ("a_t", "dir", "read"), ("b_t", "file", "read")])
    assert grants.by_target() == (("a_t", "dir", ("read",)), ("b_t", "file", ("read", "write")))
    assert grants.targets("file", "read") == ("b_t",)
    assert ("c_t", "file", "read") not in grants
    assert "b_t" not in grants
    assert grants != "b_t"


def test_renaming_swaps_two_types() -> None:
    grants = Grants.of([("a_t", "file", "read"), ("z_t", "file", "write")])
    assert set(grants.renamed("a_t", "z_t")) == {("z_t", "file", "read"), ("a_t", "file", "write")}
    assert set(grants.renamed("a_t", "m_t")) == {("m_t", "file", "read"), ("z_t", "file", "write")}
