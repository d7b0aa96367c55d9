# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import networkx as nx

from policytool.graph.export import to_dot, to_graphml, to_json
from policytool.graph.owners import Owners
from policytool.graph.permission_graph import EdgeKind, build, domain_node, executable_node
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.model.execution import Execution
from policytool.toolchain.graphviz import render_svg
from tests.golden import check_golden
from tests.synthetic import DAEMON, GREETER, observations, vector

GRAPH = build(GREETER)


def test_every_vector_is_on_exactly_one_access_edge() -> None:
    assert GRAPH.vectors() == GREETER.vectors


def test_edges_tell_accesses_executions_transitions_and_calls_apart() -> None:
    def pairs(kind: EdgeKind) -> set[tuple[str, str]]:
        return {(edge.source, edge.target) for edge in GRAPH.edges(kind)}

    greeter = domain_node("greeterd_t")
    assert pairs(EdgeKind.TRANSITION) == {(domain_node("init_t"), greeter)}
    assert pairs(EdgeKind.CALLS) == {(greeter, domain_node("helloerd_t")), (domain_node("virsh_t"), greeter)}
    assert pairs(EdgeKind.EXECUTES) == {
        (greeter, executable_node("/usr/bin/date")),
        (greeter, executable_node("/usr/sbin/greeterd")),
    }
    assert GRAPH.entered_from("greeterd_t") == ("init_t",)
    assert GRAPH.domains() == ("greeterd_t", "init_t", "virsh_t")


def test_the_part_around_a_domain_has_both_directions_and_no_other() -> None:
    other = vector("init_t", "etc_t", "file", "write")
    part = build(observations(*GREETER.vectors, other)).around(["greeterd_t", "greeterd_exec_t"])
    assert set(part.vectors()) == {
        vector for vector in GREETER.vectors if "greeterd_t" in vector.key or "greeterd_exec_t" in vector.key
    }


def test_golden_graph_json() -> None:
    check_golden("greeterd.graph.json", to_json(GRAPH))


def test_golden_graph_dot() -> None:
    check_golden("greeterd.graph.dot", to_dot(GRAPH))


def test_golden_graph_graphml() -> None:
    check_golden("greeterd.graph.graphml", to_graphml(GRAPH))


def test_networkx_reads_the_json_back() -> None:
    document = json.loads(to_json(GRAPH))
    again = nx.node_link_graph(document, edges="links")
    assert again.number_of_nodes() == GRAPH.graph.number_of_nodes()
    assert again.number_of_edges() == GRAPH.graph.number_of_edges()


def test_hostile_names_stay_inside_their_quotes() -> None:
    name = '/x"];\n}\x1b[31m<script>\u202e\\N'
    hostile = build(observations(vector("a_t", "b_t", "file", "entrypoint", path=name)))
    for text in (to_dot(hostile), to_json(hostile), to_graphml(hostile)):
        assert text.isascii()
        assert "\x1b" not in text
    ET.fromstring(to_graphml(hostile))  # noqa: S314
    svg = ET.fromstring(render_svg(to_dot(hostile)))  # noqa: S314
    labels = [element.text or "" for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert any(label.startswith('/x"];\\x0a}') for label in labels), "graphviz took the name as one label"


def test_a_rule_between_two_daemons_is_the_sources() -> None:
    greeterd, helloerd = DAEMON, Daemon("helloerd", "helloerd_t", "helloerd_exec_t")
    owners = Owners([greeterd, helloerd])
    owner = {v.key: owners.owner(v) for v in GREETER.vectors}
    assert owner["greeterd_t", "helloerd_t", "unix_stream_socket", "connectto"] is greeterd
    assert owner["virsh_t", "greeterd_t", "unix_stream_socket", "connectto"] is greeterd
    assert owner["virsh_t", "greeterd_runtime_t", "sock_file", "write"] is None
    assert owners.present(GREETER.vectors) == (greeterd, helloerd)


def test_who_ran_whom_is_an_edge_where_a_vector_proves_it() -> None:
    seen = replace(
        GREETER,
        executions=(
            Execution("greeterd_t", "/usr/sbin/greeterd", "/usr/bin/date"),
            Execution("greeterd_t", "/usr/sbin/greeterd", "/usr/bin/never"),
        ),
    )
    graph = build(replace(seen, vectors=tuple(replace_program(vector) for vector in seen.vectors)))
    (edge,) = graph.edges(EdgeKind.RUNS)
    assert (edge.source, edge.target) == (executable_node("/usr/sbin/greeterd"), executable_node("/usr/bin/date"))
    assert edge.perms == ("execute_no_trans",)
    assert len(tuple(graph.around(["greeterd_t"]).edges(EdgeKind.RUNS))) == 1
    assert not tuple(graph.around(["virsh_t"]).edges(EdgeKind.RUNS))
    assert graph.vectors() == build(replace(seen, executions=(), vectors=graph.vectors())).vectors()


def replace_program(vector: AccessVector) -> AccessVector:
    """As the kernel has it: when an execve returns, exe= is the new program."""
    if vector.perm != "execute_no_trans":
        return vector
    uses = tuple((use._replace(program=use.path), count) for use, count in vector.evidence.uses)
    return replace(vector, evidence=replace(vector.evidence, uses=uses))
