# SPDX-License-Identifier: GPL-2.0-or-later
"""Which helper opens which access: the domains that every way from a daemon to an object leads through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx as nx

from policytool.graph.minimal import CureGraph
from policytool.graph.permission_graph import domain_node, object_node
from policytool.model.access import AccessVector
from policytool.model.cure import Cure


def opened_by(
    graph: CureGraph, domain: str, entries: Iterable[tuple[str, str]], taken: Iterable[AccessVector] = ()
) -> Mapping[str, tuple[str, ...]]:
    """Return the helpers' domains, outermost first, that alone lead from DOMAIN to a node of GRAPH, by node.

    ENTRIES are (domain, domain entered from it), TAKEN what helpers do that was seen in DOMAIN. A node that the
    daemon itself reaches, or reaches through either of two helpers, is not in it. The helpers of a node dominate
    it in the graph of all ways (compilers ask the same of a program's flow), so without one of them the daemon has
    no access to it.
    """
    start = domain_node(domain)
    ways = nx.DiGraph()
    ways.add_node(start)
    ways.add_edges_from((edge.source, edge.target) for edge in graph.edges(Cure.ALLOW, Cure.GRANTED))
    ways.add_edges_from((domain_node(before), domain_node(after)) for before, after in entries)
    ways.add_edges_from(
        (domain_node(vector.source.type_), object_node(vector.target.type_, vector.tclass)) for vector in taken
    )
    dominators = nx.immediate_dominators(ways, start)
    found: dict[str, tuple[str, ...]] = {}
    for node in sorted(dominators):
        helpers = []
        above = node
        while above != start and (above := dominators[above]) != start:
            helpers.append(above.removeprefix(domain_node("")))
        if helpers:
            found[node] = tuple(reversed(helpers))
    return found
