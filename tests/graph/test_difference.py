# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.generate.triage import Triaged
from policytool.graph.difference import EdgeChange, GraphDifference, comparable, difference
from policytool.graph.minimal import after_triage
from policytool.graph.permission_graph import build
from policytool.model.access import AccessVector
from policytool.model.cure import Cure
from policytool.model.daemon import Daemon
from tests.synthetic import observations, vector

READ = vector("a_t", "etc_t", "file", "read")
WRITE = vector("a_t", "etc_t", "file", "write")
PASSWD = vector("a_t", "passwd_t", "file", "read")

ONE = Daemon("one", "one_t", "one_exec_t", executables=("/usr/sbin/one",))
# The domain does not always have the daemon's name.
TWO = Daemon("two", "second_t", "two_exec_t", executables=("/usr/sbin/two",))


def between(before: list[AccessVector], after: list[AccessVector]) -> GraphDifference:
    return difference(comparable(build(observations(*before))), comparable(build(observations(*after))))


def test_edges_are_added_removed_and_changed() -> None:
    found = between([READ, PASSWD], [READ, WRITE, vector("a_t", "tmp_t", "dir", "search")])
    assert [(edge.target, edge.change, edge.added, edge.removed, edge.kept) for edge in found.edges] == [
        ("object:etc_t:file", EdgeChange.CHANGED, ("write",), (), ("read",)),
        ("object:passwd_t:file", EdgeChange.REMOVED, (), ("read",), ()),
        ("object:tmp_t:dir", EdgeChange.ADDED, ("search",), (), ()),
    ]
    assert [found.count(change) for change in EdgeChange] == [1, 1, 1]
    assert set(found.nodes) == {"domain:a_t", *(edge.target for edge in found.edges)}


def test_the_same_graph_twice_does_not_differ() -> None:
    found = between([READ, WRITE, PASSWD], [PASSWD, WRITE, READ])
    assert (found.edges, dict(found.nodes), found.same) == ((), {}, 2)


def test_the_other_way_round_is_the_opposite() -> None:
    there, back = between([READ, PASSWD], [READ, WRITE]), between([READ, WRITE], [READ, PASSWD])
    assert [(edge.added, edge.removed) for edge in there.edges] == [
        (edge.removed, edge.added) for edge in back.edges
    ]


def test_two_daemons_are_compared_without_their_names() -> None:
    def of(domain: str, name: str) -> list[AccessVector]:
        return [
            vector(domain, f"{name}_exec_t", "file", "entrypoint", path=f"/usr/sbin/{name}"),
            vector(domain, f"{name}_runtime_t", "file", "write"),
            vector(domain, "etc_t", "file", "read"),
            vector("init_t", domain, "process", "transition"),
        ]

    first = build(observations(*of("one_t", "one"), vector("one_t", "two_runtime_t", "file", "read")))
    second = build(observations(*of("second_t", "two")))
    found = difference(comparable(first, ONE), comparable(second, TWO))
    assert [(edge.target, edge.change) for edge in found.edges] == [
        ("object:two_runtime_t:file", EdgeChange.REMOVED)  # of the one it is another's, of the other its own
    ]
    assert found.edges[0].source == "domain:@_t"
    assert {"executable:@", "object:@_exec_t:file", "object:@_runtime_t:file"} <= set(comparable(second, TWO))


def test_what_becomes_one_edge_without_names_keeps_all_permissions() -> None:
    odd = build(
        observations(
            vector("second_t", "second_tmp_t", "file", "read"), vector("second_t", "two_tmp_t", "file", "write")
        )
    )
    plain = comparable(odd, TWO)
    assert plain.edges["domain:@_t", "object:@_tmp_t:file", "access"]["perms"] == {"read", "write"}


def test_an_access_with_another_cure_is_another_edge() -> None:
    before = after_triage([Triaged(READ, Cure.REFUSED)])
    after = after_triage([Triaged(READ, Cure.ALLOW)])
    found = difference(comparable(before), comparable(after))
    assert {(edge.key, edge.change) for edge in found.edges} == {
        ("allow", EdgeChange.ADDED),
        ("refused", EdgeChange.REMOVED),
    }
