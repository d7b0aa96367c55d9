# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.surface.grants import Grants
from policytool.surface.parts import surface_parts, used_triples
from policytool.surface.surface import PrivilegeSurface
from tests.synthetic import vector

READ, OPEN, WRITE, SIGNAL = (
    ("etc_t", "file", "read"), ("etc_t", "file", "open"), ("etc_t", "file", "write"), ("a_t", "process", "signal"),
)  # fmt: skip


def surface(held: set[tuple[str, str, str]], floor: set[tuple[str, str, str]]) -> PrivilegeSurface:
    return PrivilegeSurface("a_t", Grants.of(held), Grants.of(held), Grants.of(floor), 0, 0, (), ())


def test_whole_is_floor_and_used_and_excess() -> None:
    parts = surface_parts(
        surface({READ, OPEN, WRITE, SIGNAL}, {SIGNAL, OPEN}), None, {READ, OPEN, ("x_t", "file", "read")}
    )
    assert (parts.whole, parts.floor, parts.used, parts.floor_used) == (4, 2, 1, 1)
    assert set(parts.excess) == {WRITE}
    assert parts.whole == parts.floor + parts.used + len(parts.excess)
    assert not parts.extends


def test_of_a_domain_of_the_base_all_that_the_base_gives_is_floor() -> None:
    parts = surface_parts(surface({READ, OPEN, WRITE}, {SIGNAL}), Grants.of({OPEN, WRITE}), {READ})
    assert (parts.floor, parts.used, len(parts.excess), parts.extends) == (2, 1, 0, True)


def test_what_was_used_is_what_the_domain_did_and_not_what_was_done_to_it() -> None:
    seen = [vector("a_t", "etc_t", "file", "read"), vector("b_t", "a_t", "process", "signal")]
    assert used_triples(seen, "a_t") == {READ}
